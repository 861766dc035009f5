"""GET /api/v1/generations/{id}/stream.{format}: the sound from the beginning, while it is made or afterwards."""

import functools
import uuid
from collections.abc import Callable
from typing import TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from cloning.api.http import Respond, api_view, error_response, respond_to_error
from cloning.api.serializers import status_url
from cloning.api.v1.generations import fetch_visible
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import StreamFormat
from cloning.jobs.stream import Position, read_on
from cloning.models import Generation, Scope
from cloning.server.sound import SoundResponse, Wrapping, places_of

Response = TypeVar("Response", bound=HttpResponseBase)


@api_view(GET=Scope.READ)
def stream(request: HttpRequest, pk: uuid.UUID, stream_format: str) -> HttpResponseBase:
    found, stream_format = fetch_visible(request, pk), StreamFormat(stream_format)
    if request.method != "HEAD":
        return sound_of(request, found, stream_format)
    read_on(pk, Position())
    return with_links(HttpResponse(content_type=stream_format.content_type), found)


def sound_of(
    request: HttpRequest,
    generation: Generation,
    stream_format: StreamFormat,
    leave: Callable[[], object] | None = None,
    respond: Respond = error_response,
    wrapping: Wrapping | None = None,
) -> SoundResponse:
    """`leave` is called when the caller has left before the end. Raises GenerationError (SERVER_BUSY)."""
    if (places := places_of(request)) is None:
        raise GenerationError(
            ErrorCode.SERVER_BUSY, "This server can't stream: serve with `manage.py serve` instead."
        )
    refuse = functools.partial(respond_to_error, request, respond=respond)
    response = SoundResponse(
        places, (generation.pk, stream_format), refuse=refuse, leave=leave, wrapping=wrapping
    )
    return with_links(response, generation)


def with_links(response: Response, generation: Generation) -> Response:
    response["X-Generation-Id"] = str(generation.pk)
    response["Link"] = f'<{status_url(generation)}>; rel="status"'
    response["Cache-Control"] = "no-store"
    return response
