"""POST /v1/audio/speech: a text spoken for programs that know OpenAI's API. The sound is sent as it is made.

Source: the types of the package `openai`, `types/audio/speech_create_params.py`.
"""

import base64
import json
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from cloning.api.http import call_view, read_json
from cloning.api.idempotency import idempotent
from cloning.api.openai.errors import respond, respond_to_invalid
from cloning.api.openai.voices import choose_voice
from cloning.api.v1.generate import stream
from cloning.api.v1.generations import fetch_own
from cloning.api.v1.streams import sound_of
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import StreamFormat
from cloning.forms import GenerationForm
from cloning.forms.generations import SPEED_RANGE
from cloning.models import Channel, Scope
from cloning.server.sound import SoundResponse, Wrapping

SPEEDS = (0.25, 4.0)
"""That may be asked for; beyond `SPEED_RANGE` the nearest is spoken."""
CONTENT_TYPES = {StreamFormat.PCM: "audio/pcm;rate=24000;channels=1"}
"""Where programs read more than the name."""


def answer_again(request: HttpRequest, pk: str) -> HttpResponseBase:
    """With the sound of what was made when this was sent first."""
    members = read_json(request)
    stream_format = StreamFormat(read_text(members, "response_format") or "mp3")
    asked = read_wishes(members)
    wrapping = make_events(read_text(members, "input")) if asked["is_sse"] else None
    response = sound_of(request, fetch_own(request, uuid.UUID(pk)), stream_format, None, respond, wrapping)
    return with_headers(response, asked, stream_format)


@call_view(respond, {"POST": Scope.SPEAK})
@idempotent(answer_again)
def speech(request: HttpRequest) -> HttpResponseBase:
    asked = read_request(request)
    form = GenerationForm(asked, user=request.user)
    if not form.is_valid():
        return respond_to_invalid(form)
    generation = form.build_generation(Channel.API)
    stream_format = StreamFormat(form.cleaned_data["format"])
    wrapping = make_events(asked["text"]) if asked["is_sse"] else None
    response = stream(request, generation, form, respond, wrapping)
    return with_headers(response, asked, stream_format)


def read_request(request: HttpRequest) -> dict[str, Any]:
    """The members as fields of our form, and `is_sse`, `ignored`. Unknown ones are ignored. Raises GenerationError."""
    members = read_json(request)
    text = read_text(members, "input")
    speed = read_number(members, "speed", SPEEDS)
    if speed is not None:
        speed = min(max(speed, SPEED_RANGE[0]), SPEED_RANGE[1])
    chosen = choose_voice(read_voice(members), text, read_text(members, "language"), request.user)
    if not chosen.voice:
        raise GenerationError(
            ErrorCode.VOICE_UNKNOWN, "There is no such voice. GET /v1/audio/voices lists those there are."
        )
    fields = {
        "text": text,
        "voice": chosen.voice,
        "language": chosen.language,
        "format": read_text(members, "response_format") or "mp3",
        "stream": "true",
        "speed": speed,
        "temperature": read_number(members, "temperature"),
        "seed": read_number(members, "seed"),
    }
    return {name: value for name, value in fields.items() if value is not None} | read_wishes(members)


def read_wishes(members: dict[str, Any]) -> dict[str, Any]:
    """How the sound is to be sent, and what of the wishes is ignored."""
    return {
        "is_sse": read_text(members, "stream_format") == "sse",
        "ignored": "instructions" if read_text(members, "instructions") else "",
    }


def read_voice(members: dict[str, Any]) -> str:
    """A name, or an object with an id. Raises GenerationError."""
    voice = members.get("voice")
    if isinstance(voice, dict):
        voice = voice.get("id")
    if not isinstance(voice, str) or not voice:
        raise GenerationError(ErrorCode.VOICE_UNKNOWN, "Say which voice: a name, or an object with its id.")
    return voice


def read_text(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise GenerationError(ErrorCode.REQUEST_UNREADABLE, f"“{name}” has to be a string.")
    return (value or "").encode("utf-8", "replace").decode()


def read_number(
    members: dict[str, Any], name: str, bounds: tuple[float, float] | None = None
) -> float | int | None:
    value = members.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise GenerationError(ErrorCode.REQUEST_UNREADABLE, f"“{name}” has to be a number.")
    if bounds and not bounds[0] <= value <= bounds[1]:
        raise GenerationError(
            ErrorCode.OUT_OF_RANGE, f"“{name}” has to be between {bounds[0]:g} and {bounds[1]:g}."
        )
    return value


def make_events(text: str) -> Wrapping:
    """The sound in pieces of base64, as server-sent events. What is counted are words: there are no tokens."""
    words = len(text.split())
    usage = {"input_tokens": words, "output_tokens": 0, "total_tokens": words}
    ending = format_event({"type": "speech.audio.done", "usage": usage})
    return Wrapping("text/event-stream", wrap_piece, ending)


def wrap_piece(piece: bytes) -> bytes:
    return format_event({"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()})


def format_event(event: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()


def with_headers(
    response: SoundResponse, asked: dict[str, Any], stream_format: StreamFormat
) -> SoundResponse:
    if not asked["is_sse"]:
        response["Content-Type"] = CONTENT_TYPES.get(stream_format, stream_format.content_type)
    if asked["ignored"]:
        response["X-Ignored"] = asked["ignored"]
    response["X-Accel-Buffering"] = "no"  # of a proxy that would hold the sound back
    return response
