"""GET /api/v1/files/{id}.{format}: the joined file, and its subtitles."""

import uuid
from collections.abc import Callable, Sequence

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from cloning.api.http import api_view
from cloning.api.v1.generations import fetch_generation
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.jobs.timeline import read_timeline
from cloning.storage.responses import audio_response
from cloning.text.subtitles import Cue, format_srt, format_webvtt


@api_view("GET", "HEAD")
def file(request: HttpRequest, pk: uuid.UUID, audio_format: str) -> HttpResponseBase:
    found = fetch_generation(pk)
    if not found.has_file or found.audio_format != audio_format:
        raise GenerationError(ErrorCode.FILE_UNKNOWN, f"This generation has no {audio_format} file.")
    return audio_response(
        request,
        found.audio,
        AudioFormat(audio_format).content_type,
        download_name=f"speech-{str(pk)[:8]}.{audio_format}" if "download" in request.GET else "",
    )


@api_view("GET", "HEAD")
def subtitles(request: HttpRequest, pk: uuid.UUID, subtitle_format: str) -> HttpResponseBase:
    """The sentences with their times in the joined file."""
    found = fetch_generation(pk)
    if not found.has_file:
        raise GenerationError(ErrorCode.FILE_UNKNOWN, "There is no joined file yet.")
    cues = [
        Cue(timed.start_seconds, timed.end_seconds, timed.segment.text)
        for timed in read_timeline(found)
        if timed.start_seconds is not None and timed.end_seconds is not None
    ]
    content, content_type = SUBTITLE_FORMATS[subtitle_format]
    response = HttpResponse(content(cues), content_type=content_type)
    if "download" in request.GET:
        name = f"speech-{str(pk)[:8]}.{subtitle_format}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


SUBTITLE_FORMATS: dict[str, tuple[Callable[[Sequence[Cue]], str], str]] = {
    "srt": (format_srt, "application/x-subrip; charset=utf-8"),
    "vtt": (format_webvtt, "text/vtt; charset=utf-8"),
}
