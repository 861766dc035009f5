"""The page with the form and the newest generations."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from cloning.api.serializers import speaker_voice
from cloning.forms import StudioForm
from cloning.forms.voice_choice import STOCK
from cloning.jobs import state
from cloning.jobs.submission import submit
from cloning.jobs.timeline import read_cast
from cloning.models import Channel, Generation
from cloning.text import LANGUAGES
from cloning.text.scripts import languages_by_script
from cloning.views.attempts import attempt, marked_invalid
from cloning.views.context import HtmxHttpRequest

RECENT = 5

PREFILLED = {
    "text": ("text", "language", "dialogue", "cast"),
    "settings": ("dialogue", "cast", "voice", "language", "speed", "temperature", "seed", "format"),
}
"""Fields of the form that are filled in from a generation."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HtmxHttpRequest) -> HttpResponse:
    if request.method != "POST":
        form = StudioForm(user=request.user)
        form.choose_voice(request.GET.get("voice", ""))
        form.initial.update(read_initial(request))
        return render_home(request, form)
    form = StudioForm(request.POST, request.FILES, user=request.user)
    if (generation := attempt(form, lambda: queue(form, request))) is None:
        return respond_to_invalid(request, form)
    if request.htmx:
        response = render(request, "cloning/_submitted.html", {"form": form, "generation": generation})
        return ask_to_listen(response, generation) if form.cleaned_data["listen"] else response
    warn_of_language(request, generation)
    return redirect(generation)


@require_POST
def cast(request: HtmxHttpRequest) -> HttpResponse:
    """The part of the form that gives each name of a dialogue a voice, as it was filled in."""
    form = StudioForm(initial=read_draft(request.POST), user=request.user)
    return render(request, "cloning/_cast.html", {"form": form})


def read_draft(data: QueryDict) -> dict[str, Any]:
    """What the cast is listed from; nothing of it is checked yet."""
    chosen = dict(zip(data.getlist("cast_name"), data.getlist("cast_voice"), strict=False))
    text = data.get("text", "")[: settings.MAX_TEXT_CHARS]
    return {"dialogue": data.get("dialogue", ""), "text": text, "cast": chosen}


def ask_to_listen(response: HttpResponse, generation: Generation) -> HttpResponse:
    """The docked player begins it, from the row that the answer brings."""
    return trigger_client_event(response, "listen", {"row": f"generation-{generation.pk}"}, after="settle")


def warn_of_language(request: HtmxHttpRequest, generation: Generation) -> None:
    """Surely wrong, but no error. The form's script says it before."""
    likely = languages_by_script(generation.text)
    if likely and generation.language not in likely:
        chosen = _(LANGUAGES[generation.language])
        messages.warning(
            request,
            _("The text does not look %(language)s. If it is not, choose its language and generate again.")
            % {"language": chosen},
        )


def read_initial(request: HtmxHttpRequest) -> dict[str, object]:
    """What the form is filled in with: `use`, which is "text" or "settings", `of` a generation."""
    fields = PREFILLED.get(request.GET.get("use", ""))
    if fields is None:
        return {}
    try:
        pk = uuid.UUID(request.GET.get("of", ""))
        found = Generation.objects.listed().owned_by(request.user).filter(pk=pk).first()
    except ValueError:
        found = None
    if found is None:
        messages.warning(request, _("What was to be used is not there any more."))
        return {}
    voice = STOCK + found.stock_voice if found.stock_voice else found.voice_id or ""
    if "voice" in fields and not voice and not found.is_dialogue:
        messages.info(request, _("Its voice was not saved: choose a clip of it once more."))
    values = {
        "voice": voice,
        "format": found.audio_format,
        "dialogue": "true" if found.is_dialogue else "",
        "cast": {each.name: speaker_voice(each) for each in read_cast(found)},
    }
    return {name: values.get(name, getattr(found, name, None)) for name in fields}


def queue(form: StudioForm, request: HtmxHttpRequest) -> Generation:
    generation = form.build_generation(Channel.PAGE)
    if (
        request.htmx and form.cleaned_data["listen"]
    ):  # the player asks for the stream when the answer is there
        generation.is_streamed, generation.awaited_until = True, state.awaited_from_now()
    submit(generation, form.uploads, form.roles)
    return generation


def respond_to_invalid(request: HtmxHttpRequest, form: StudioForm) -> HttpResponse:
    """The form as it was filled in, with what is wrong beside it."""
    partial = render(request, "cloning/_form.html", {"form": form}) if request.htmx else None
    return marked_invalid(partial or render_home(request, form), form)


def render_home(request: HtmxHttpRequest, form: StudioForm) -> HttpResponse:
    rows = Generation.objects.listed().owned_by(request.user).with_begun_share()
    recent = rows.select_related("voice").prefetch_related("references", "cast")[:RECENT]
    return render(request, "cloning/home.html", {"form": form, "recent": recent})
