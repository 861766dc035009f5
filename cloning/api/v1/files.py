"""GET /api/v1/files/{id}.{format}: the joined file, in any format, and its subtitles."""

import functools
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from cloning.api.http import Respond, answer_call, api_view, error_response
from cloning.api.serializers import download_name
from cloning.api.v1.generations import fetch_visible
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.jobs import encodings
from cloning.jobs.timeline import read_timeline
from cloning.models import Generation, Scope
from cloning.server.deferred import DeferredResponse, can_defer
from cloning.server.encoding import Outcome, encode, encoders, until_encoded
from cloning.storage.responses import attachment, audio_response
from cloning.text.subtitles import Cue, format_srt, format_webvtt


@api_view(GET=Scope.READ)
def file(request: HttpRequest, pk: uuid.UUID, audio_format: str) -> HttpResponseBase:
    return send_file(request, pk, AudioFormat(audio_format))


def send_file(
    request: HttpRequest, pk: uuid.UUID, wanted: AudioFormat, respond_to_error: Respond = error_response
) -> HttpResponseBase:
    """What is not there in this format is encoded first."""
    found = fetch_with_file(request, pk)
    if encodings.find(found, wanted):
        return respond(request, pk, wanted)
    if can_defer(request):
        future = encoders.begin(found, wanted)
        answer = functools.partial(
            answer_call, request, respond, pk, wanted, future, respond=respond_to_error
        )
        return DeferredResponse(functools.partial(until_encoded, future), answer)
    if error := encode(found, wanted):
        raise error
    return respond(request, pk, wanted)


def fetch_with_file(request: HttpRequest, pk: uuid.UUID) -> Generation:
    found = fetch_visible(request, pk)
    if not found.has_file:
        raise GenerationError(ErrorCode.FILE_UNKNOWN, "There is no joined file yet.")
    return found


def respond(
    request: HttpRequest, pk: uuid.UUID, audio_format: AudioFormat, encoding: "Future[Outcome] | None" = None
) -> HttpResponseBase:
    """The file as it is now: it may have been deleted, or joined again, while the call waited."""
    found = fetch_with_file(request, pk)
    stored = encodings.find(found, audio_format)
    if stored is None:
        if encoding and encoding.done() and (error := encoding.result()):
            raise error
        raise GenerationError(ErrorCode.SERVER_BUSY, "It is still being encoded. Ask again in a few seconds.")
    name = f"{download_name(found)}{audio_format.suffix}" if "download" in request.GET else ""
    return audio_response(request, stored, audio_format.content_type, download_name=name)


@api_view(GET=Scope.READ)
def subtitles(request: HttpRequest, pk: uuid.UUID, subtitle_format: str) -> HttpResponseBase:
    """The sentences with their times in the joined file."""
    found = fetch_with_file(request, pk)
    content, content_type = SUBTITLE_FORMATS[subtitle_format]
    response = HttpResponse(content(list(read_cues(found))), content_type=content_type)
    if "download" in request.GET:
        response["Content-Disposition"] = attachment(f"{download_name(found)}.{subtitle_format}")
    return response


def read_cues(generation: Generation) -> Iterator[Cue]:
    """Of a dialogue each turn begins with the name of who has it."""
    speaker_id = None
    for timed in read_timeline(generation):
        if timed.start_seconds is None or timed.end_seconds is None:
            continue
        speaker = timed.segment.speaker
        is_turn = speaker is not None and speaker.pk != speaker_id
        text = f"{speaker.name}: {timed.segment.text}" if speaker and is_turn else timed.segment.text
        speaker_id = speaker.pk if speaker else None
        yield Cue(timed.start_seconds, timed.end_seconds, text)


SUBTITLE_FORMATS: dict[str, tuple[Callable[[Sequence[Cue]], str], str]] = {
    "srt": (format_srt, "application/x-subrip; charset=utf-8"),
    "vtt": (format_webvtt, "text/vtt; charset=utf-8"),
}
