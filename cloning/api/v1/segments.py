"""/api/v1/generations/{id}/segments/{n}: its sound, another take of it, and which take is in the joined file."""

import shutil
import uuid

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from cloning import audio
from cloning.api.http import api_view, read_json, require_trusted_origin
from cloning.api.serializers import SEGMENT, TAKE, TakeOf
from cloning.api.v1.generations import fetch_generation
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.forms import TakeForm, form_errors
from cloning.jobs import takes
from cloning.jobs.timeline import read_timeline
from cloning.models import Segment, Status, Take
from cloning.storage.responses import audio_response, bytes_response
from cloning.storage.temporary import temporary_folder


@api_view("GET", "HEAD")
def segment_audio(request: HttpRequest, pk: uuid.UUID, index: str, audio_format: str) -> HttpResponseBase:
    """Of the chosen take, or of the one that `take` numbers."""
    take = find_take(fetch_segment(pk, index), request.GET.get("take"))
    if audio_format == "wav":
        return audio_response(request, take.audio, "audio/wav")
    return bytes_response(request, lambda: encode(take), "audio/mpeg", name=f"{take.audio.name}.mp3")


def encode(take: Take) -> bytes:
    with temporary_folder() as folder:
        path = folder / "take.wav"
        with take.audio.open("rb") as stored, path.open("wb") as copy:
            shutil.copyfileobj(stored, copy)
        return audio.encode_take(path, AudioFormat.MP3)


@api_view("POST")
def segment_takes(request: HttpRequest, pk: uuid.UUID, index: str) -> HttpResponseBase:
    segment = fetch_segment(pk, index)
    require_trusted_origin(request)
    form = TakeForm(read_json(request), segment=segment)
    if not form.is_valid():
        error = form_errors(form)[0]
        raise GenerationError(error.code, error.message)
    take = takes.add_take(segment, form.cleaned_data["text"], form.cleaned_data["seed"])
    return JsonResponse(TAKE.serialize(TakeOf(segment, take), request), status=202)


@api_view("PATCH")
def segment(request: HttpRequest, pk: uuid.UUID, index: str) -> HttpResponseBase:
    found = fetch_segment(pk, index)
    require_trusted_origin(request)
    number = read_json(request).get("take")
    takes.choose(find_take(found, number))
    timed = read_timeline(fetch_generation(pk))[found.index]
    return JsonResponse(SEGMENT.serialize(timed, request))


def fetch_segment(pk: uuid.UUID, index: str) -> Segment:
    fetch_generation(pk)
    try:
        return Segment.objects.select_related("generation", "chosen_take").get(
            generation=pk, index=int(index)
        )
    except Segment.DoesNotExist as error:
        raise GenerationError(ErrorCode.SEGMENT_UNKNOWN, "This generation has no such segment.") from error


def find_take(segment: Segment, number: object) -> Take:
    """A take that was spoken: the chosen one where no number is given. Raises GenerationError."""
    if number is None:
        take = segment.chosen_take
    else:
        is_number = isinstance(number, int) or (
            isinstance(number, str) and number.isascii() and number.isdigit()
        )
        rows = segment.takes.filter(status=Status.SUCCEEDED)
        take = (
            rows.filter(number=int(str(number)[:9])).first()
            if is_number and not isinstance(number, bool)
            else None
        )
    if take is None:
        raise GenerationError(ErrorCode.TAKE_UNKNOWN, "This segment has no such take, or not yet.")
    return take
