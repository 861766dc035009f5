"""The page of the pronunciations: how words are to be read, language by language."""

import itertools
import uuid
from operator import attrgetter
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from cloning.forms.pronunciations import PronunciationForm
from cloning.jobs import pronunciations as changes
from cloning.models import Pronunciation
from cloning.views.attempts import attempt, marked_invalid
from cloning.views.context import HtmxHttpRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pronunciations(request: HtmxHttpRequest) -> HttpResponse:
    """All of them. POST adds one."""
    if request.method != "POST":
        initial = {"language": request.GET.get("language") or "en", "word": request.GET.get("word", "")}
        return render_page(request, form=PronunciationForm(initial=initial, auto_id="new_%s"))
    form = PronunciationForm(request.POST, auto_id="new_%s", user=request.user)
    if attempt(form, lambda: changes.save(form.instance)) is None:
        return marked_invalid(render_page(request, form=form), form)
    messages.success(request, _("Saved. Texts that are generated from now on are spoken so."))
    return redirect(f"{request.path}?language={form.instance.language}")


@require_http_methods(["GET", "HEAD", "POST"])
def pronunciation(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One of them, to be changed."""
    found = fetch(request, pk)
    if request.method != "POST":
        return render_page(request, changed=found, change_form=form_of(found))
    form = form_of(fetch(request, pk), request.POST)
    if attempt(form, lambda: changes.save(form.instance)) is None:
        return marked_invalid(render_page(request, changed=found, change_form=form), form)
    messages.success(request, _("Saved. Texts that are generated from now on are spoken so."))
    return redirect("pronunciations")


@require_POST
def delete(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = fetch(request, pk)
    changes.delete(found)
    messages.success(request, _("The pronunciation of “%(word)s” is deleted.") % {"word": found.word})
    return redirect("pronunciations")


def fetch(request: HtmxHttpRequest, pk: uuid.UUID) -> Pronunciation:
    return get_object_or_404(Pronunciation.objects.owned_by(request.user), pk=pk)


def form_of(found: Pronunciation, data: Any = None) -> PronunciationForm:
    return PronunciationForm(data, instance=found, auto_id="change_%s")


def render_page(request: HtmxHttpRequest, **context: Any) -> HttpResponse:
    rows = Pronunciation.objects.owned_by(request.user).order_by("language", "word_key")
    by_language = [(code, list(found)) for code, found in itertools.groupby(rows, attrgetter("language"))]
    context.setdefault("form", PronunciationForm(initial={"language": "en"}, auto_id="new_%s"))
    return render(request, "cloning/pronunciations.html", {"by_language": by_language, **context})
