"""POST /tts_to_audio/ and GET /tts_stream: a text spoken, as a whole file or as it is made."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from cloning.accounts.callers import api_key_of
from cloning.api.http import own_origin, read_json, read_member
from cloning.api.serializers import ended_by
from cloning.api.v1.files import send_file
from cloning.api.v1.generate import answer_when_ended, stream
from cloning.api.xtts_server.errors import respond, xtts_view
from cloning.api.xtts_server.settings import require_key
from cloning.api.xtts_server.speakers import find_speaker
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat, StreamFormat
from cloning.forms import CANCEL, GenerationForm, form_errors
from cloning.forms.generations import SPEED_RANGE, TEMPERATURE_RANGE
from cloning.forms.voice_choice import STOCK
from cloning.jobs import state, xtts_settings
from cloning.jobs.acting import current_actor
from cloning.jobs.submission import submit
from cloning.models import Channel, Generation, Scope, Voice

FIELDS = ("text", "speaker_wav", "language")


@xtts_view(POST=Scope.SPEAK)
def tts_to_audio(request: HttpRequest) -> HttpResponseBase:
    """The whole file, within DEADLINE_SECONDS: programs of this dialect know no way to come back for it."""
    members = read_json(request)
    form = fill_form(request, {name: read_member(members, name, str) or "" for name in FIELDS})
    generation = form.build_generation(Channel.API)
    generation.awaited_until = state.awaited_from_now()
    submit(generation, form.uploads, form.roles)
    return answer_when_ended(request, generation, send_spoken, settings.DEADLINE_SECONDS, respond)


@xtts_view(GET=Scope.SPEAK)
def tts_stream(request: HttpRequest) -> HttpResponseBase:
    """For the source of an `<audio>`. Who leaves before the end has it stopped: nobody else knows of it."""
    require_own_page(request)
    if request.method == "HEAD":
        return HttpResponse(content_type=StreamFormat.WAV.content_type)
    fields = {name: request.GET.get(name, "") for name in FIELDS}
    form = fill_form(request, fields, stream="true", on_disconnect=CANCEL)
    response = stream(request, form.build_generation(Channel.API), form, respond)
    response["X-Accel-Buffering"] = "no"  # of a proxy that would hold the sound back
    return response


def fill_form(request: HttpRequest, asked: Mapping[str, str], **fields: str) -> GenerationForm:
    """Valid, with what the caller has set. Raises GenerationError."""
    voice = find_speaker(asked["speaker_wav"], request.user)
    if voice is None:
        raise GenerationError(
            ErrorCode.VOICE_UNKNOWN, "There is no such voice. GET /speakers_list lists those there are."
        )
    chosen = xtts_settings.find(current_actor())
    values: dict[str, Any] = {
        **fields,
        "text": asked["text"],
        "voice": str(voice.pk) if isinstance(voice, Voice) else STOCK + voice.key,
        "language": asked["language"] or (voice.language if isinstance(voice, Voice) else voice.own_language),
        "speed": to_range(chosen.speed, SPEED_RANGE),
        "temperature": to_range(chosen.temperature, TEMPERATURE_RANGE),
        "format": AudioFormat.WAV,
    }
    form = GenerationForm(values, user=request.user)
    if not form.is_valid():
        error = form_errors(form)[0]
        raise GenerationError(error.code, error.message, field=error.field)
    return form


def to_range(value: float, bounds: tuple[float, float]) -> float:
    """The nearest that is spoken here: that server's ranges are others."""
    return min(max(value, bounds[0]), bounds[1])


def send_spoken(request: HttpRequest, generation: Generation) -> HttpResponseBase:
    generation.refresh_from_db()
    if error := ended_by(generation):
        raise GenerationError(error.code, error.message)
    if not generation.has_file:
        raise GenerationError(
            ErrorCode.SERVER_BUSY, "It is not spoken yet; it will be on the page of the server."
        )
    return send_file(request, generation.pk, AudioFormat.WAV, respond)


def require_own_page(request: HttpRequest) -> None:
    """Keeps pages of other sites from having texts spoken by the mere source of an element, which is a GET.

    A key has to be in the request where there are accounts. Where there are none, Origin or Referer have to be of a
    page that may generate; a page that hides both, as SillyTavern's does, has to be of this host. Raises
    GenerationError (LOGIN_REQUIRED, ORIGIN_NOT_ALLOWED).
    """
    require_key(request)
    if api_key_of(request) is None and is_foreign_page(request):
        raise GenerationError(
            ErrorCode.ORIGIN_NOT_ALLOWED,
            "Pages of this origin may not use the API; see CORS_ORIGINS. One that hides its origin has to be opened by "
            "the same host name as this server.",
        )


def is_foreign_page(request: HttpRequest) -> bool:
    allowed = (own_origin(request), *settings.CORS_ALLOWED_ORIGINS)
    if source := request.headers.get("Origin") or find_origin(request.headers.get("Referer", "")):
        return source not in allowed
    site = request.headers.get("Sec-Fetch-Site", "none")
    if site == "same-site":  # another port of this host, or a host beside it
        host = urlsplit(own_origin(request)).hostname
        return host not in [urlsplit(origin).hostname for origin in settings.TRUSTED_ORIGINS]
    return site not in ("none", "same-origin")


def find_origin(address: str) -> str:
    """Empty for what is no address of a page."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
