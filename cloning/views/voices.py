"""The pages of the voices and of each."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from cloning.errors import GenerationError
from cloning.forms import (
    ClipsForm,
    ImportForm,
    KeptVoiceForm,
    NewVoiceForm,
    TrimForm,
    VoiceDetailsForm,
    form_errors,
)
from cloning.forms.messages import in_page_language
from cloning.jobs import voices as changes
from cloning.models import Channel, Generation, Voice, is_owner
from cloning.text import OWN_NAMES
from cloning.views.attempts import attempt, marked_invalid
from cloning.views.context import HtmxHttpRequest
from cloning.views.sentences import describe

PAGE_SIZE = 24
SPOKEN_PAGE_SIZE = 10


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def voices(request: HtmxHttpRequest) -> HttpResponse:
    """All voices, or those of a search; for HTMX the list alone. POST makes a new one."""
    if request.method != "POST":
        return render_voices(request)
    form = NewVoiceForm(request.POST, request.FILES, user=request.user)
    if attempt(form, lambda: create(form)) is None:
        return marked_invalid(render_voices(request, new_voice_form=form), form)
    messages.success(
        request,
        _("The voice “%(name)s” is saved. It speaks a sentence to be heard by.") % {"name": form.instance},
    )
    return redirect("voice", form.instance.pk)


def create(form: NewVoiceForm) -> Voice:
    changes.create(form.instance, form.uploads, Channel.PAGE, form.new_statement)
    return form.instance


def render_voices(request: HtmxHttpRequest, **forms: Any) -> HttpResponse:
    query, language = (request.GET.get(name, "").replace("\0", "").strip() for name in ("q", "language"))
    voices = Voice.objects.kept().visible_to(request.user).named_like(query).in_language(language)
    found = voices.with_last_use(request.user).with_clips()
    context = {
        "query": query,
        "language": language,
        "languages": OWN_NAMES,
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "stock_voices": changes.find_stock_voices(query, language),
        "deleted": find_deleted(request),
        "new_voice_form": NewVoiceForm(auto_id="new_%s"),
        "import_form": ImportForm(),
        **forms,
    }
    is_search = request.htmx and request.htmx.target == "voices"
    return render(
        request, "cloning/voices/_list.html" if is_search else "cloning/voices/voices.html", context
    )


def find_deleted(request: HtmxHttpRequest) -> Voice | None:
    """The voice that can be brought back."""
    try:
        pk = uuid.UUID(request.GET.get("deleted", ""))
        return changes.find_restorable(request.user).filter(pk=pk).first()
    except ValueError:
        return None


@require_POST
def import_voice(request: HtmxHttpRequest) -> HttpResponse:
    with ImportForm(request.POST, request.FILES, user=request.user) as form:
        voice = attempt(form, lambda: store(form))
    if voice is None:
        return marked_invalid(render_voices(request, import_form=form), form)
    messages.success(request, _("The voice “%(name)s” is imported.") % {"name": voice})
    return redirect("voice", voice.pk)


def store(form: ImportForm) -> Voice | None:
    if form.imported is None:
        return None
    changes.create(form.imported.voice, form.imported.uploads, Channel.PAGE)
    return form.imported.voice


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def voice(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The page of one voice. POST changes its name, language and notes."""
    if request.method != "POST":
        return render_voice(request, fetch_visible(request, pk))
    found = fetch_own(request, pk)
    form = VoiceDetailsForm(request.POST, request.FILES, instance=fetch_own(request, pk))
    if attempt(form, lambda: save(form)) is None:
        return marked_invalid(render_voice(request, found, voice_form=form), form)
    messages.success(request, _("Saved."))
    return redirect("voice", pk)


def save(form: VoiceDetailsForm) -> Voice:
    changes.save_details(form.instance, Channel.PAGE, form.new_statement)
    return form.instance


def fetch_visible(request: HtmxHttpRequest, pk: uuid.UUID) -> Voice:
    """To be looked at, and spoken with."""
    return get_object_or_404(Voice.objects.kept().visible_to(request.user).with_clips(), pk=pk)


def fetch_own(request: HtmxHttpRequest, pk: uuid.UUID) -> Voice:
    """To be changed."""
    return get_object_or_404(Voice.objects.kept().owned_by(request.user).with_clips(), pk=pk)


def render_voice(request: HtmxHttpRequest, found: Voice, **forms: Any) -> HttpResponse:
    own = Generation.objects.listed().owned_by(request.user)
    spoken = own.spoken_by(voice=found.pk).with_begun_share()
    spoken = spoken.select_related("voice").prefetch_related("references", "cast")
    context = {
        "voice": found,
        "is_own": is_owner(request.user, found),
        "sample": getattr(found, "sample", None),
        "spoken": Paginator(spoken, SPOKEN_PAGE_SIZE).get_page(request.GET.get("page")),
        "voice_form": VoiceDetailsForm(instance=found),
        "clips_form": ClipsForm(),
        **forms,
    }
    return render(request, "cloning/voices/voice.html", context)


@require_POST
def add_clips(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = fetch_own(request, pk)
    form = ClipsForm(request.POST, request.FILES)

    def add() -> bool:
        changes.add_references(found, form.uploads, Channel.PAGE)
        return True

    if not attempt(form, add):
        return marked_invalid(render_voice(request, fetch_own(request, pk), clips_form=form), form)
    messages.success(request, _("Added. The voice is learnt anew."))
    return redirect("voice", pk)


@require_POST
def remove_clip(request: HtmxHttpRequest, pk: uuid.UUID, reference_pk: uuid.UUID) -> HttpResponse:
    try:
        changes.remove_reference(fetch_own(request, pk), reference_pk, Channel.PAGE)
    except GenerationError as error:
        if error.code.status == 404:
            raise Http404(str(error)) from error
        messages.warning(request, in_page_language(str(error)))
    else:
        messages.success(request, _("Removed. The voice is learnt anew."))
    return redirect("voice", pk)


@require_POST
def trim_clip(request: HtmxHttpRequest, pk: uuid.UUID, reference_pk: uuid.UUID) -> HttpResponse:
    """Has the voice use another part of the clip."""
    found = fetch_own(request, pk)
    reference = get_object_or_404(found.references, pk=reference_pk)
    form = TrimForm(request.POST, duration_seconds=reference.duration_seconds)

    def trim() -> bool:
        changes.trim_reference(found, reference_pk, form.ends, Channel.PAGE)
        return True

    if not attempt(form, trim):
        wrong = {"trim_pk": reference_pk, "trim_form": form, "trim_error": form_errors(form)[0].message}
        return marked_invalid(render_voice(request, fetch_own(request, pk), **wrong), form)
    messages.success(request, _("Trimmed. The voice is learnt anew."))
    return redirect("voice", pk)


@require_POST
def speak_sample(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    if not changes.speak_sample(fetch_own(request, pk), Channel.PAGE):
        messages.warning(request, _("Not now: too much is waiting. Try again later."))
    return redirect("voice", pk)


@require_POST
def delete(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    changes.delete_with_undo(fetch_own(request, pk))
    return redirect(f"{reverse('voices')}?deleted={pk}")


@require_POST
def restore(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    if (restored := changes.restore(pk, request.user)) is None:
        raise Http404("It is gone for good.")
    messages.success(request, _("The voice “%(name)s” is back.") % {"name": restored})
    return redirect("voice", pk)


@require_POST
def save_voice(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    """A voice of the references of a generation."""
    found = get_object_or_404(Generation.objects.kept().owned_by(request.user), pk=pk)
    form = KeptVoiceForm(request.POST, user=request.user)

    def keep() -> Voice:
        return changes.create_from(found, form.cleaned_data["name"], form.cleaned_data["consent"])

    if (voice := attempt(form, keep)) is None:
        page = render(request, "cloning/generation.html", describe(found) | {"voice_form": form})
        return marked_invalid(page, form)
    changes.speak_sample(voice, Channel.PAGE)
    messages.success(
        request,
        _("The voice “%(name)s” is saved. Choose it in the form instead of a reference.") % {"name": voice},
    )
    return redirect("home")
