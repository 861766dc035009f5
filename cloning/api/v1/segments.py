"""/api/v1/generations/{id}/segments/{n}: its sound, another take of it, and which take is in the joined file."""

import re
import shutil
import uuid

from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse

from cloning import audio
from cloning.api.http import api_view, read_json, read_member, require_trusted_origin
from cloning.api.idempotency import idempotent
from cloning.api.serializers import SEGMENT, TAKE, TakeOf
from cloning.api.v1.generate import respond_to_invalid
from cloning.api.v1.generations import fetch_own, fetch_visible
from cloning.engines import registry
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.forms import TakeForm
from cloning.jobs import takes
from cloning.jobs.timeline import read_timeline
from cloning.models import Generation, Scope, Segment, Status, Take
from cloning.storage.responses import audio_response, bytes_response
from cloning.storage.temporary import temporary_folder


@api_view(GET=Scope.READ)
def segment_audio(request: HttpRequest, pk: uuid.UUID, index: str, audio_format: str) -> HttpResponseBase:
    """Of the chosen take, or of the one that `take` numbers."""
    take = find_take(find_segment(fetch_visible(request, pk), index), request.GET.get("take"))
    if audio_format == "wav":
        return audio_response(request, take.audio, "audio/wav")
    return bytes_response(request, lambda: encode(take), "audio/mpeg", name=f"{take.audio.name}.mp3")


def encode(take: Take) -> bytes:
    with temporary_folder() as folder:
        path = folder / "take.wav"
        try:
            with take.audio.open("rb") as stored, path.open("wb") as copy:
                shutil.copyfileobj(stored, copy)
        except FileNotFoundError as error:
            raise Http404("The file is gone from the storage.") from error
        tags = registry.origin_of(take.segment.generation.engine).tags()
        return audio.encode_take(path, AudioFormat.MP3, tags=tags)


def answer_again(request: HttpRequest, take_pk: str, pk: uuid.UUID, index: str) -> HttpResponseBase:
    """With the take that was made when this was sent first."""
    segment = find_segment(fetch_own(request, pk), index)
    take = segment.takes.filter(pk=take_pk).first()
    if take is None:
        raise GenerationError(ErrorCode.TAKE_UNKNOWN, "The take that this asked for is not there any more.")
    return JsonResponse(TAKE.serialize(TakeOf(segment, take), request), status=202)


@api_view(POST=Scope.SPEAK)
@idempotent(answer_again)
def segment_takes(request: HttpRequest, pk: uuid.UUID, index: str) -> HttpResponseBase:
    segment = find_segment(fetch_own(request, pk), index)
    require_trusted_origin(request)
    members = read_json(request)
    data = {"text": read_member(members, "text", str), "seed": read_member(members, "seed", int, float)}
    form = TakeForm({name: value for name, value in data.items() if value is not None}, segment=segment)
    if not form.is_valid():
        return respond_to_invalid(form)
    take = takes.add_take(segment, form.cleaned_data["text"], form.cleaned_data["seed"])
    return JsonResponse(TAKE.serialize(TakeOf(segment, take), request), status=202)


@api_view(PATCH=Scope.SPEAK)
def segment(request: HttpRequest, pk: uuid.UUID, index: str) -> HttpResponseBase:
    found = find_segment(fetch_own(request, pk), index)
    require_trusted_origin(request)
    number = read_member(read_json(request), "take", int)
    if number is None:
        raise GenerationError(ErrorCode.REQUEST_UNREADABLE, "Say which take: an object with its number.")
    if not takes.choose(find_take(found, str(number))):
        fetch_own(request, pk)  # it may have been deleted
        raise GenerationError(ErrorCode.ENGINE_CHANGED, "Another engine spoke that take than the rest.")
    timed = read_timeline(fetch_own(request, pk))[found.index]
    return JsonResponse(SEGMENT.serialize(timed, request))


def find_segment(generation: Generation, index: str) -> Segment:
    try:
        return generation.segments.select_related("generation", "chosen_take").get(index=int(index))
    except Segment.DoesNotExist as error:
        raise GenerationError(ErrorCode.SEGMENT_UNKNOWN, "This generation has no such segment.") from error


def find_take(segment: Segment, number: str | None) -> Take:
    """A take that was spoken: the chosen one where no number is given. Raises GenerationError."""
    if number is None:
        take = segment.chosen_take
    elif re.fullmatch("[0-9]{1,9}", number):
        take = segment.takes.filter(status=Status.SUCCEEDED, number=int(number)).first()
    else:
        take = None
    if take is None:
        raise GenerationError(ErrorCode.TAKE_UNKNOWN, "This segment has no such take, or not yet.")
    return take
