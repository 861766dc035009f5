"""A result in a page of somebody else: for everybody, once its owner has allowed it and until they take that back."""

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_POST, require_safe

from cloning.engines import registry
from cloning.formats import AudioFormat
from cloning.jobs import state
from cloning.models import Generation, Status, is_owner
from cloning.storage.responses import audio_response
from cloning.views.context import HtmxHttpRequest


@dataclass(frozen=True)
class Embedding:
    """What the page of a generation shows its owner."""

    is_on: bool
    url: str
    snippet: str


def find_public() -> QuerySet[Generation]:
    """What everybody may hear. Raises Http404 where nothing is."""
    if not settings.EMBED:
        raise Http404("Nothing is embedded here (EMBED).")
    return Generation.objects.kept().filter(
        is_embeddable=True, status=Status.SUCCEEDED, sample_of=None, error_code=""
    )


@login_not_required
@xframe_options_exempt  # which the policy for contents knows, too
@never_cache
@require_safe
def player(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Says what one hears, and nothing of text, owner or voice."""
    found = get_object_or_404(find_public(), pk=pk)
    context = {"generation": found, "engine_label": registry.label(found.engine)}
    response = render(request, "cloning/embed.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response


@login_not_required
@require_safe
def sound(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    found = get_object_or_404(find_public(), pk=pk)
    response = audio_response(request, found.audio, AudioFormat(found.audio_format).content_type)
    response["Cache-Control"] = "no-store"  # it may be taken back
    response["X-Robots-Tag"] = "noindex"
    return response


@require_POST
def switch(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Whether everybody may hear it."""
    found = get_object_or_404(Generation.objects.kept().owned_by(request.user), pk=pk)
    is_on = request.POST.get("embed") == "1"
    if is_on and not settings.EMBED:
        raise Http404("Nothing is embedded here (EMBED).")
    state.allow_embedding(found.pk, is_on)
    said = (
        _("Everybody who has the address may hear it now.")
        if is_on
        else _("Nobody else may hear it any more.")
    )
    messages.success(request, said)
    return redirect(found)


def describe_embedding(request: HtmxHttpRequest, found: Generation) -> Embedding | None:
    """None where it can't be embedded, or not by who asks."""
    is_possible = settings.EMBED and found.status == Status.SUCCEEDED and found.has_file
    if not is_possible or not is_owner(request.user, found):
        return None
    path = reverse("embed", args=[found.pk])
    url = f"{settings.BASE_URL}{path}" if settings.BASE_URL else request.build_absolute_uri(path)
    snippet = format_html(
        '<iframe src="{}" title="{}" width="400" height="120" loading="lazy"></iframe>',
        url,
        _("Synthetic voice"),
    )
    return Embedding(found.is_embeddable, url, snippet)
