"""The call that speaks a text, as the OpenAPI document describes it."""

from typing import Any

from django.conf import settings

from cloning import forms
from cloning.api import openapi_clips
from cloning.api.examples import SAMPLE_FILE
from cloning.api.openapi_voices import consent_schema
from cloning.api.operations import FOREIGN_ORIGIN, IDEMPOTENCY_KEY, Operation, json_of, operation
from cloning.api.serializers import UUID, Schema, schema_named
from cloning.formats import AudioFormat, StreamFormat
from cloning.forms.cast import MAX_SPEAKERS
from cloning.models import STATED_FOR_ONCE, NoticePlace
from cloning.text import LANGUAGES
from cloning.text.pauses import MAX_PAUSE_SECONDS
from cloning.text.splitting import PARAGRAPH_GAP_SECONDS

STREAM_HEADERS = {
    "X-Generation-Id": {"schema": UUID},
    "Link": {"description": 'The status URL, with `rel="status"`', "schema": {"type": "string"}},
}
STREAMED_ALONE = [each for each in StreamFormat if each.value not in {*AudioFormat}]
REQUEST = {"text": "Good morning.", "reference": SAMPLE_FILE}
DIALOGUE = {
    "text": "Anna: Good morning.\nTom: [pause 1s] Is it?",
    "dialogue": "true",
    "cast": '{"Anna": "VOICE_ID", "Tom": "VOICE_ID"}',
}
JSON_REQUEST = {"text": "Good morning.", "voice": "VOICE_ID"}
LOCATION = {"Location": {"description": "The status URL", "schema": {"type": "string"}}}


def generate() -> Operation:
    return operation(
        "Speak a text in the voice of a reference",
        {
            "200": sound("With `stream`: the sound as it is made; the first comes with the headers"),
            "201": {**json_of("Generation", "Succeeded"), "headers": LOCATION},
            "202": {**json_of("Generation", "Accepted; the work goes on"), "headers": LOCATION},
            "403": FOREIGN_ORIGIN,
            "404": json_of("Error", "Deleted while the call waited"),
            "408": json_of("Error", "Sent too slowly"),
            "409": json_of(
                "Error",
                "Cancelled while the call waited, as a Generation but for `stream`; or the Idempotency-Key was used",
            ),
            "413": json_of("Error", "Too large"),
            "415": json_of("Error", "Neither multipart/form-data nor JSON, or clips in JSON"),
            "422": json_of(
                "Error",
                "A field is wrong; or the generation failed for what was sent, as a Generation, but for `stream`",
            ),
            "500": json_of("Error", "The generation failed on the server's side"),
        },
        description=f"Waits up to {settings.API_WAIT_SECONDS:g} seconds for the result, then answers 202.",
        parameters=[
            IDEMPOTENCY_KEY,
            {
                "name": "Prefer",
                "in": "header",
                "description": "`respond-async` (RFC 7240): answer 202 at once",
                "schema": {"type": "string"},
            },
        ],
        requestBody={
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": schema_named("GenerationRequest"),
                    "examples": {
                        "voice": {"value": REQUEST},
                        "dialogue": {"summary": "a dialogue", "value": DIALOGUE},
                    },
                },
                "application/json": {
                    "schema": schema_named("JsonGenerationRequest"),
                    "examples": {"voice": {"summary": "a saved voice", "value": JSON_REQUEST}},
                },
            },
        },
    )


def sound(description: str) -> dict[str, Any]:
    types = [stream_format.content_type for stream_format in StreamFormat]
    content = {content_type: {"schema": {"type": "string", "format": "binary"}} for content_type in types}
    return {"description": description, "content": content, "headers": STREAM_HEADERS}


def request_schema() -> Schema:
    return {
        "type": "object",
        "required": ["text"],
        "properties": {
            "text": {
                "type": "string",
                "minLength": 1,
                "maxLength": settings.MAX_TEXT_CHARS,
                "description": "`[pause 1s]`, `[pause 0.5s]` and `[pause 500ms]` are pauses, of "
                f"{MAX_PAUSE_SECONDS:g} seconds at most; a blank line is one of {PARAGRAPH_GAP_SECONDS:g} seconds.",
            },
            "reference": {
                "type": "array",
                "description": f"One to {forms.MAX_REFERENCES} clips of one speaker, each at most "
                f"{settings.MAX_REFERENCE_MB} MB and {forms.MIN_REFERENCE_SECONDS:g} to "
                f"{settings.MAX_REFERENCE_SECONDS} seconds. Required unless `voice` is sent.",
                "items": {"type": "string", "format": "binary"},
                "maxItems": forms.MAX_REFERENCES,
            },
            **openapi_clips.parts_schema(),
            "consent": consent_schema(
                STATED_FOR_ONCE,
                "Of clips: how whoever is heard agreed. It is your `own` voice, they gave a `written` permission, or "
                "it is in the `public_domain`.",
            ),
            "voice": {
                "type": "string",
                "description": "The id of a voice of `/api/v1/voices` instead of `reference`",
            },
            "dialogue": {
                "type": "boolean",
                "default": False,
                "description": "Lines that begin with a name, as `Anna: …`, are spoken in the voice that `cast` gives "
                "the name, and lines without one in that of the line before, in place of `voice` and `reference`.",
            },
            "cast": {
                "type": "string",
                "contentMediaType": "application/json",
                "description": "Of a dialogue: a JSON object with each name of the text, in capitals or not, and the "
                f"id or the name of its voice; null for what is no name. At most {MAX_SPEAKERS} speak.",
                "examples": [DIALOGUE["cast"]],
            },
            "language": {
                "type": "string",
                "pattern": language_pattern(),
                "description": "A code of `/api/v1/languages` in any case, with or without a region: `zh-cn`, `pt_BR`",
                "examples": list(LANGUAGES),
                "default": "en",
            },
            "speed": number(forms.SPEED_RANGE, 1.0),
            "temperature": number(forms.TEMPERATURE_RANGE, 0.75),
            "seed": {"type": "integer", "minimum": forms.SEED_RANGE[0], "maximum": forms.SEED_RANGE[1]},
            "notice": {
                "enum": ["", *NoticePlace.values],
                "default": "",
                "description": "Whether it is said before or after the text that a computer speaks. What the operator "
                "has set (`SPOKEN_NOTICE`) holds in any case.",
            },
            "format": {
                "enum": [*AudioFormat, *STREAMED_ALONE],
                "default": "wav",
                "description": "With `stream`: `mp3` by default, and no `flac`. `pcm` is 16-bit, little-endian, mono, "
                "at 24 kHz, and only for `stream`.",
            },
            "stream": {
                "type": "boolean",
                "default": False,
                "description": "Answer 200 with the sound as it is made",
            },
            "on_disconnect": {
                "enum": [forms.CONTINUE, forms.CANCEL],
                "default": forms.CONTINUE,
                "description": "What becomes of a generation with `stream` whose caller leaves before its end",
            },
        },
    }


def json_request_schema() -> Schema:
    """The same fields but for clips, which are files."""
    fields = {**request_schema()["properties"]}
    for name in ("reference", "consent", *openapi_clips.parts_schema()):
        del fields[name]
    fields["voice"] = {"type": "string", "description": "The id of a voice of `/api/v1/voices`"}
    voice_of_name = {"type": ["string", "null"]}
    description = fields["cast"]["description"].replace("a JSON object", "an object")
    fields["cast"] = {
        "type": "object",
        "additionalProperties": voice_of_name,
        "description": description,
    }
    return {"type": "object", "required": ["text"], "properties": fields}


def language_pattern() -> str:
    """What `resolve_language` takes; JSON Schema's patterns can't ignore case."""
    codes = ("".join(f"[{letter}{letter.upper()}]" for letter in code) for code in LANGUAGES)
    return f"^({'|'.join(codes)})([-_][A-Za-z0-9]{{2,8}})*$"


def number(bounds: tuple[float, float], default: float) -> Schema:
    return {"type": "number", "minimum": bounds[0], "maximum": bounds[1], "default": default}
