"""GET /api/v1/files/{id}.{format}"""

import uuid

from django.http import HttpRequest, HttpResponseBase

from cloning.api.http import api_view
from cloning.api.v1.generations import fetch_generation
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.models import Status
from cloning.storage.responses import audio_response


@api_view("GET", "HEAD")
def file(request: HttpRequest, pk: uuid.UUID, audio_format: str) -> HttpResponseBase:
    found = fetch_generation(pk)
    if found.status != Status.SUCCEEDED or found.audio_format != audio_format:
        raise GenerationError(ErrorCode.FILE_UNKNOWN, f"This generation has no {audio_format} file.")
    return audio_response(
        request,
        found.audio,
        AudioFormat(audio_format).content_type,
        download_name=f"speech-{str(pk)[:8]}.{audio_format}" if "download" in request.GET else "",
    )
