"""The OpenAPI 3.1 document of the JSON API, built from what the serializers answer and the forms check."""

from typing import Any

from django.conf import settings

from cloning import forms
from cloning.api import openapi_clips, openapi_pronunciations, openapi_voices, serializers
from cloning.api.examples import SAMPLE_FILE
from cloning.api.operations import (
    DOWNLOAD,
    FOREIGN_ORIGIN,
    IF_NONE_MATCH,
    JSON_OBJECT,
    NOT_FOUND,
    RANGE,
    TOO_LARGE,
    Operation,
    json_of,
    operation,
    path_parameter,
    ranged,
    read,
)
from cloning.api.serializers import UUID, Schema, schema_named
from cloning.formats import AudioFormat, StreamFormat
from cloning.forms.cast import MAX_SPEAKERS
from cloning.text import LANGUAGES
from cloning.text.pauses import MAX_PAUSE_SECONDS
from cloning.text.splitting import PARAGRAPH_GAP_SECONDS

STREAM_HEADERS = {
    "X-Generation-Id": {"schema": UUID},
    "Link": {"description": 'The status URL, with `rel="status"`', "schema": {"type": "string"}},
}
REQUEST = {"text": "Good morning.", "reference": SAMPLE_FILE}
DIALOGUE = {
    "text": "Anna: Good morning.\nTom: [pause 1s] Is it?",
    "dialogue": "true",
    "cast": '{"Anna": "VOICE_ID", "Tom": "VOICE_ID"}',
}
LOCATION = {"Location": {"description": "The status URL", "schema": {"type": "string"}}}


CHOICE = {
    "schema": {
        "type": "object",
        "required": ["take"],
        "properties": {"take": {"type": "integer", "description": "The number of one that was spoken"}},
    },
    "example": {"take": 1},
}
STARRED = {
    "schema": {"type": "object", "required": ["starred"], "properties": {"starred": {"type": "boolean"}}},
    "example": {"starred": True},
}
ANOTHER_TAKE = {"schema": schema_named("TakeRequest"), "example": {"seed": 7}}


def document() -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Voice cloning",
            "version": "1",
            "description": "Speech in the voice of a reference. Times are RFC 3339 UTC, ids are UUIDs.",
        },
        "paths": {
            "/api/v1/voice-clone/generate": {"post": generate()},
            "/api/v1/generations": read(listing()),
            "/api/v1/generations/{id}": {
                "parameters": [path_parameter("id", UUID)],
                **read(status()),
                "patch": operation(
                    "Star it as one of the best, or no longer",
                    {"200": json_of("Generation"), "403": FOREIGN_ORIGIN, "404": NOT_FOUND, "413": TOO_LARGE},
                    requestBody={"required": True, "content": {"application/json": STARRED}},
                ),
                "delete": operation(
                    "Cancel what runs, delete the generation and its files",
                    {"204": {"description": "Gone"}, "403": FOREIGN_ORIGIN, "404": NOT_FOUND},
                ),
            },
            "/api/v1/generations/{id}/stream.{format}": read(stream()),
            "/api/v1/generations/{id}/cancel": {
                "parameters": [path_parameter("id", UUID)],
                "post": operation(
                    "Stop: what is spoken stays, and what has ended already stays as it is",
                    {"200": json_of("Generation"), "403": FOREIGN_ORIGIN, "404": NOT_FOUND},
                ),
            },
            "/api/v1/generations/{id}/restore": {
                "parameters": [path_parameter("id", UUID)],
                "post": operation(
                    "Have back what was deleted on a page less than five minutes ago; what is there stays as it is",
                    {"200": json_of("Generation"), "403": FOREIGN_ORIGIN, "404": NOT_FOUND},
                ),
            },
            "/api/v1/generations/{id}/resume": {
                "parameters": [path_parameter("id", UUID)],
                "post": operation(
                    "Go on with what was cancelled or has failed: what is spoken is not spoken again",
                    {
                        "202": json_of("Generation"),
                        "403": FOREIGN_ORIGIN,
                        "404": NOT_FOUND,
                        "409": json_of("Error", "It waits, runs or has succeeded"),
                        "422": json_of("Error", "There is nothing to speak in its text"),
                    },
                ),
            },
            **segment_paths(),
            **openapi_voices.paths(),
            **openapi_pronunciations.paths(),
            **openapi_clips.paths(),
            "/api/v1/files/{id}.{format}": read(download()),
            "/api/v1/files/{id}.{subtitles}": read(subtitles()),
            "/api/v1/languages": read(
                operation("The languages that can be spoken", {"200": json_of("Languages")})
            ),
            "/api/v1/health": read(
                operation(
                    "Whether everything that a generation needs works",
                    {"200": json_of("Health"), "503": json_of("Health", "What fails is named")},
                )
            ),
            "/api/v1/health/live": read(
                operation("Whether this web server answers: if not, restart it", {"200": json_of("Liveness")})
            ),
            "/api/v1/health/ready": read(
                operation(
                    "Whether this web server can take requests: if not, send them to another",
                    {"200": json_of("Readiness"), "503": json_of("Readiness", "What fails is named")},
                )
            ),
            "/api/v1/openapi.json": read(
                operation("This document", {"200": {"description": "OpenAPI 3.1", "content": JSON_OBJECT}})
            ),
        },
        "components": {"schemas": schemas()},
    }


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
            "409": json_of("Error", "Cancelled while the call waited; as a Generation, but for `stream`"),
            "413": json_of("Error", "Too large"),
            "415": json_of("Error", "Not multipart/form-data"),
            "422": json_of(
                "Error",
                "A field is wrong; or the generation failed for what was sent, as a Generation, but for `stream`",
            ),
            "500": json_of("Error", "The generation failed on the server's side"),
        },
        description=f"Waits up to {settings.API_WAIT_SECONDS:g} seconds for the result, then answers 202.",
        parameters=[
            {
                "name": "Prefer",
                "in": "header",
                "description": "`respond-async` (RFC 7240): answer 202 at once",
                "schema": {"type": "string"},
            }
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
                }
            },
        },
    )


def sound(description: str) -> dict[str, Any]:
    types = [stream_format.content_type for stream_format in StreamFormat]
    content = {content_type: {"schema": {"type": "string", "format": "binary"}} for content_type in types}
    return {"description": description, "content": content, "headers": STREAM_HEADERS}


def stream() -> Operation:
    return operation(
        "Listen to a generation from its beginning, while it is made or afterwards",
        {
            "200": sound(
                "In pieces of no announced length (a WAV's header says 0xFFFFFFFF). It waits for the first sound; a "
                "failure later ends the connection before the body's end, and stands on the status."
            ),
            "404": NOT_FOUND,
            "409": json_of("Error", "Cancelled before there was sound"),
            "422": json_of("Error", "Failed for what was sent, before there was sound"),
            "500": json_of("Error", "Failed on the server's side, before there was sound"),
        },
        parameters=[path_parameter("id", UUID), path_parameter("format", {"enum": list(StreamFormat)})],
    )


def listing() -> Operation:
    page = {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1, "default": 1}}
    return operation(
        "Generations, newest first",
        {"200": json_of("Generations"), "403": FOREIGN_ORIGIN, "404": NOT_FOUND},
        parameters=[page],
    )


def status() -> Operation:
    return operation(
        "One generation, and its sentences",
        {"200": json_of("Generation"), "304": {"description": "The ETag is current"}, "404": NOT_FOUND},
        parameters=[IF_NONE_MATCH],
    )


def segment_paths() -> dict[str, Any]:
    segment = [path_parameter("id", UUID), path_parameter("index", {"type": "integer", "minimum": 0})]
    address = "/api/v1/generations/{id}/segments/{index}"
    return {
        address: {
            "parameters": segment,
            "patch": operation(
                "Choose a take for the joined file, which is made again; that of before stays until then",
                {
                    "200": json_of("Segment"),
                    "403": FOREIGN_ORIGIN,
                    "404": NOT_FOUND,
                    "409": json_of("Error", "Another engine spoke it than the rest"),
                    "413": TOO_LARGE,
                },
                requestBody={"required": True, "content": {"application/json": CHOICE}},
            ),
        },
        f"{address}/takes": {
            "parameters": segment,
            "post": operation(
                "Speak a sentence once more: with another seed, or its text corrected first",
                {
                    "202": json_of("Take", "Accepted; it is spoken in its turn"),
                    "403": FOREIGN_ORIGIN,
                    "404": NOT_FOUND,
                    "409": json_of("Error", "Not spoken yet, spoken again already, or too many takes"),
                    "413": TOO_LARGE,
                    "422": json_of("Error", "A member is wrong"),
                },
                requestBody={"required": False, "content": {"application/json": ANOTHER_TAKE}},
            ),
        },
        f"{address}.{{take_format}}": {"parameters": segment, **read(segment_audio())},
    }


def segment_audio() -> Operation:
    number = {"name": "take", "in": "query", "schema": {"type": "integer", "minimum": 1}}
    return operation(
        "The sound of the chosen take of a sentence, or of the take that is named",
        ranged({AudioFormat.WAV.content_type, AudioFormat.MP3.content_type}),
        parameters=[path_parameter("take_format", {"enum": ["wav", "mp3"]}), number, RANGE, IF_NONE_MATCH],
    )


def download() -> Operation:
    return operation(
        "The audio of a generation; of one that was stopped, what was spoken before",
        ranged({audio_format.content_type for audio_format in AudioFormat}),
        description="In any format: one that it was not asked for in is encoded at the first call, and kept.",
        parameters=[
            path_parameter("id", UUID),
            path_parameter("format", {"enum": list(AudioFormat)}),
            RANGE,
            IF_NONE_MATCH,
            DOWNLOAD,
        ],
    )


def subtitles() -> Operation:
    types = ("application/x-subrip", "text/vtt")
    return operation(
        "The sentences with their times in the audio of a generation",
        {
            "200": {
                "description": "Subtitles",
                "content": {content_type: {"schema": {"type": "string"}} for content_type in types},
            },
            "404": NOT_FOUND,
        },
        parameters=[
            path_parameter("id", UUID),
            path_parameter("subtitles", {"enum": ["srt", "vtt"]}),
            DOWNLOAD,
        ],
    )


def schemas() -> dict[str, Schema]:
    return {
        "GenerationRequest": request_schema(),
        "Generation": serializers.GENERATION.schema(),
        "GenerationSummary": serializers.SUMMARY.schema(),
        "Generations": serializers.GENERATIONS.schema(),
        "Speaker": serializers.SPEAKER.schema(),
        "Segment": serializers.SEGMENT.schema(),
        "Take": serializers.TAKE.schema(),
        "TakeRequest": take_request_schema(),
        **openapi_voices.schemas(),
        **openapi_pronunciations.schemas(),
        **openapi_clips.schemas(),
        "Languages": serializers.ALL_LANGUAGES.schema(),
        "Health": serializers.HEALTH.schema(),
        "Liveness": serializers.LIVE.schema(),
        "Readiness": serializers.READY.schema(),
        "Error": {
            "type": "object",
            "required": ["error"],
            "properties": {"error": schema_named("ErrorDetail")},
        },
        "ErrorDetail": serializers.ERROR_DETAIL.schema(),
    }


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
            "format": {
                "enum": [*AudioFormat, StreamFormat.PCM],
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


def take_request_schema() -> Schema:
    seed = {"type": "integer", "minimum": forms.SEED_RANGE[0], "maximum": forms.SEED_RANGE[1]}
    return {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "Corrected; as before where it is left out"},
            "seed": {**seed, "description": "A random one where it is left out"},
        },
    }


def language_pattern() -> str:
    """What `resolve_language` takes; JSON Schema's patterns can't ignore case."""
    codes = ("".join(f"[{letter}{letter.upper()}]" for letter in code) for code in LANGUAGES)
    return f"^({'|'.join(codes)})([-_][A-Za-z0-9]{{2,8}})*$"


def number(bounds: tuple[float, float], default: float) -> Schema:
    return {"type": "number", "minimum": bounds[0], "maximum": bounds[1], "default": default}
