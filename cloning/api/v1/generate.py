"""POST /api/v1/voice-clone/generate"""

import functools
import logging
import uuid

from django.conf import settings
from django.db import DatabaseError
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse

from cloning.api.http import Respond, View, answer_call, api_view, error_response, read_json, set_retry_after
from cloning.api.idempotency import idempotent
from cloning.api.serializers import GENERATION, ended_by, status_url
from cloning.api.v1.generations import fetch_own
from cloning.api.v1.streams import sound_of
from cloning.api.waiting import until_ended, wait_until_ended
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import StreamFormat
from cloning.forms import CANCEL, GenerationForm, form_errors
from cloning.forms.members import read_generation_fields
from cloning.jobs import state
from cloning.jobs.submission import submit
from cloning.models import Channel, Generation, Scope, Status
from cloning.server.deferred import DeferredResponse, can_defer
from cloning.server.sound import SoundResponse, Wrapping

logger = logging.getLogger(__name__)


def answer_again(request: HttpRequest, pk: str) -> HttpResponseBase:
    """As `generate` does, of what it made when this was sent first."""
    generation = fetch_own(request, uuid.UUID(pk))
    is_json = request.content_type == "application/json"
    fields = read_generation_fields(read_json(request)) if is_json else request.POST
    if fields.get("stream") == "true":
        stream_format = StreamFormat(fields.get("format") or StreamFormat.MP3)
        return sound_of(request, generation, stream_format)
    return respond_when_ended(request, generation, is_awaited=is_awaited(request))


@api_view(POST=Scope.SPEAK)
@idempotent(answer_again)
def generate(request: HttpRequest) -> HttpResponseBase:
    form = read_form(request)
    if not form.is_valid():
        return respond_to_invalid(form)
    generation = form.build_generation(Channel.API)
    if form.cleaned_data["stream"]:
        return stream(request, generation, form)
    generation.awaited_until = state.awaited_from_now() if is_awaited(request) else None
    submit(generation, form.uploads, form.roles)
    return respond_when_ended(request, generation, is_awaited=is_awaited(request))


def is_awaited(request: HttpRequest) -> bool:
    return "respond-async" not in request.headers.get("Prefer", "").lower()


def respond_when_ended(request: HttpRequest, generation: Generation, *, is_awaited: bool) -> HttpResponseBase:
    if not is_awaited:
        return respond(request, generation)
    return answer_when_ended(request, generation, respond, settings.API_WAIT_SECONDS)


def answer_when_ended(
    request: HttpRequest,
    generation: Generation,
    view: View,
    wait_seconds: float,
    respond_to_error: Respond = error_response,
) -> HttpResponseBase:
    """What `view` says of the generation by then, or when the time is over."""
    answer = functools.partial(answer_call, request, view, generation, respond=respond_to_error)
    if can_defer(request):
        return DeferredResponse(functools.partial(until_ended, generation.pk, wait_seconds), answer)
    wait_until_ended(generation.pk, wait_seconds)
    return answer()


def read_form(request: HttpRequest) -> GenerationForm:
    """Of multipart/form-data, or of a JSON object, which carries no clips. Raises GenerationError."""
    if request.content_type == "application/json":
        members = read_json(request)
        if "reference" in members:
            message = "Clips are files: send multipart/form-data with them, or name a saved voice."
            raise GenerationError(ErrorCode.NOT_MULTIPART, message)
        return GenerationForm(read_generation_fields(members), user=request.user)
    require_multipart(request)
    return GenerationForm(request.POST, request.FILES, user=request.user)


def require_multipart(request: HttpRequest) -> None:
    """Raises GenerationError."""
    if request.content_type != "multipart/form-data":
        raise GenerationError(ErrorCode.NOT_MULTIPART, "Send the fields as multipart/form-data.")
    if not request.POST and not request.FILES:  # garbage is no error to Django's parser
        raise GenerationError(
            ErrorCode.REQUEST_UNREADABLE,
            "No field was found. Send multipart/form-data with a Content-Length.",
        )


def stream(
    request: HttpRequest,
    generation: Generation,
    form: GenerationForm,
    respond: Respond = error_response,
    wrapping: Wrapping | None = None,
) -> SoundResponse:
    """The sound as it is made, for which a place is taken before anything is stored."""
    stream_format = StreamFormat(form.cleaned_data["format"])
    is_to_end = form.cleaned_data["on_disconnect"] == CANCEL
    leave = functools.partial(cancel_left, generation) if is_to_end else None
    response = sound_of(request, generation, stream_format, leave, respond, wrapping)
    try:
        generation.awaited_until = state.awaited_from_now()
        submit(generation, form.uploads, form.roles)
    except BaseException:
        response.give_back_place()
        raise
    return response


def cancel_left(generation: Generation) -> None:
    try:
        state.cancel(generation)
    except (DatabaseError, Generation.DoesNotExist) as error:
        logger.warning("%s, whose listener left, was not cancelled: %s", generation.pk, error)


def respond(request: HttpRequest, generation: Generation) -> JsonResponse:
    """The generation as it stands now, under a status that says so."""
    try:
        generation.refresh_from_db()
    except Generation.DoesNotExist as missing:
        raise Http404 from missing
    if generation.deleted_at:
        raise Http404
    response = JsonResponse(GENERATION.serialize(generation, request))
    response["Location"] = status_url(generation)
    response.status_code = 201 if generation.status == Status.SUCCEEDED else 202
    if error := ended_by(generation):
        response.status_code = error.code.status
        set_retry_after(response, error.code.retry_after_seconds)
    return response


def respond_to_invalid(form: BaseForm) -> JsonResponse:
    """The first error of the form."""
    error = form_errors(form)[0]
    return error_response(error.code, error.message, error.field if error.code.is_users_fault else None)
