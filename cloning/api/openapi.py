"""The OpenAPI 3.1 document of the JSON API, built from the limits that the forms really check."""

from typing import Any

from django.conf import settings

from cloning import forms, text
from cloning.formats import AudioFormat
from cloning.models import Status

FIELD_CODES = [
    "reference_missing", "reference_unreadable", "reference_too_short", "reference_too_long", "reference_silent",
    "reference_too_many", "reference_unusable", "text_missing", "text_too_long", "text_unspeakable",
    "language_unsupported", "out_of_range", "voice_unknown", "voice_ambiguous",
]  # fmt: skip
NULLABLE_STRING = {"type": ["string", "null"]}
NULLABLE_TIME = {"type": ["string", "null"], "format": "date-time"}


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
            "/api/v1/generations": {"get": listing()},
            "/api/v1/generations/{id}": {
                "parameters": [path_parameter("id", {"type": "string", "format": "uuid"})],
                "get": operation("One generation", {"200": json_of("Generation"), "404": ERROR}),
                "delete": operation(
                    "Cancel what runs, delete the generation and its files",
                    {"204": {"description": "Gone"}, "403": ERROR, "404": ERROR},
                ),
            },
            "/api/v1/files/{id}.{format}": {"get": download()},
            "/api/v1/languages": {
                "get": operation("The languages that can be spoken", {"200": json_of("Languages")})
            },
            "/api/v1/health": {
                "get": operation(
                    "Whether everything that a generation needs works",
                    {"200": json_of("Health"), "503": json_of("Health")},
                )
            },
            "/api/v1/openapi.json": {
                "get": operation(
                    "This document", {"200": {"description": "OpenAPI 3.1", "content": JSON_OBJECT}}
                )
            },
        },
        "components": {"schemas": schemas()},
    }


JSON_OBJECT = {"application/json": {"schema": {"type": "object"}}}


def json_of(schema: str, description: str = "") -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description or schema, "content": content}


ERROR = json_of("Error")
UNAVAILABLE = {
    **json_of("Error", "The queue or the disk is full, or the database is busy"),
    "headers": {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}},
}


def operation(summary: str, responses: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"summary": summary, "responses": {"503": UNAVAILABLE, **responses, "default": ERROR}, **more}


def path_parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def generate() -> dict[str, Any]:
    location = {"Location": {"description": "The status URL", "schema": {"type": "string"}}}
    return operation(
        "Speak a text in the voice of a reference",
        {
            "201": {**json_of("Generation", "Succeeded"), "headers": location},
            "202": {**json_of("Generation", "Accepted; the work goes on"), "headers": location},
            "400": json_of("Error", "The body can't be read"),
            "403": json_of("Error", "A web page of a foreign origin"),
            "405": json_of("Error", "Wrong method"),
            "409": json_of("Generation", "Cancelled while the call waited"),
            "413": json_of("Error", "Too large"),
            "415": json_of("Error", "Not multipart/form-data"),
            "422": json_of(
                "Error", "A field is wrong; or the generation failed for what was sent, as a Generation"
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
                "multipart/form-data": {"schema": {"$ref": "#/components/schemas/GenerationRequest"}}
            },
        },
    )


def listing() -> dict[str, Any]:
    page = {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1, "default": 1}}
    return operation(
        "Generations, newest first", {"200": json_of("Generations"), "404": ERROR}, parameters=[page]
    )


def download() -> dict[str, Any]:
    def audio_content() -> dict[str, Any]:
        types = sorted({audio_format.content_type for audio_format in AudioFormat})
        return {content_type: {"schema": {"type": "string", "format": "binary"}} for content_type in types}

    return operation(
        "The audio of a generation",
        {
            "200": {"description": "All of it", "content": audio_content()},
            "206": {"description": "A range of its bytes", "content": audio_content()},
            "304": {"description": "The ETag is current"},
            "404": ERROR,
            "416": {"description": "No such range"},
        },
        parameters=[
            path_parameter("id", {"type": "string", "format": "uuid"}),
            path_parameter("format", {"enum": list(AudioFormat)}),
            {"name": "Range", "in": "header", "schema": {"type": "string"}},
            {
                "name": "download",
                "in": "query",
                "description": "Present: sent as an attachment",
                "schema": {"type": "string"},
            },
        ],
    )


def number(bounds: tuple[float, float], default: float) -> dict[str, Any]:
    return {"type": "number", "minimum": bounds[0], "maximum": bounds[1], "default": default}


def schemas() -> dict[str, Any]:
    return {
        "GenerationRequest": {
            "type": "object",
            "required": ["text"],
            "properties": {
                "text": {"type": "string", "minLength": 1, "maxLength": settings.MAX_TEXT_CHARS},
                "reference": {
                    "type": "array",
                    "description": f"One to {forms.MAX_REFERENCES} clips of one speaker, each at most "
                    f"{settings.MAX_REFERENCE_MB} MB and {forms.MIN_REFERENCE_SECONDS:g} to "
                    f"{settings.MAX_REFERENCE_SECONDS} seconds. Required unless `voice` is sent.",
                    "items": {"type": "string", "format": "binary"},
                    "maxItems": forms.MAX_REFERENCES,
                },
                "voice": {
                    "type": "string",
                    "format": "uuid",
                    "description": "A saved voice instead of `reference`",
                },
                "language": {"enum": [*text.LANGUAGES, "zh-cn"], "default": "en"},
                "speed": number(forms.SPEED_RANGE, 1.0),
                "temperature": number(forms.TEMPERATURE_RANGE, 0.75),
                "seed": {"type": "integer", "minimum": forms.SEED_RANGE[0], "maximum": forms.SEED_RANGE[1]},
                "format": {"enum": list(AudioFormat), "default": "wav"},
            },
        },
        "Generation": closed_object(
            id={"type": "string", "format": "uuid"},
            status={"enum": Status.values},
            progress={"type": "number", "minimum": 0, "maximum": 1},
            text={"type": "string"},
            language={"enum": list(text.LANGUAGES)},
            speed={"type": "number"},
            temperature={"type": "number"},
            seed={"type": "integer"},
            engine={"enum": ["xtts_v2", "preview"], "description": "What speaks: `preview` is not a clone"},
            synthetic={"const": True},
            download_url=NULLABLE_STRING,
            absolute_download_url=NULLABLE_STRING,
            status_url={"type": "string"},
            format={"enum": list(AudioFormat)},
            sample_rate_hz={"type": ["integer", "null"]},
            duration_seconds={"type": ["number", "null"]},
            created_at={"type": "string", "format": "date-time"},
            started_at=NULLABLE_TIME,
            finished_at=NULLABLE_TIME,
            error={"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/ErrorDetail"}]},
        ),
        "Generations": closed_object(
            results={"type": "array", "items": {"$ref": "#/components/schemas/Generation"}},
            next=NULLABLE_STRING,
        ),
        "Languages": closed_object(
            results={
                "type": "array",
                "items": closed_object(code={"enum": list(text.LANGUAGES)}, name={"type": "string"}),
            }
        ),
        "Health": closed_object(
            status={"enum": ["ok", "failing"]},
            engine={"enum": ["xtts_v2", "preview"]},
            checks=closed_object(
                **{name: {"enum": ["ok", "failing"]} for name in ("database", "storage", "ffmpeg", "worker")}
            ),
        ),
        "Error": {
            "type": "object",
            "required": ["error"],
            "properties": {"error": {"$ref": "#/components/schemas/ErrorDetail"}},
        },
        "ErrorDetail": closed_object(
            code={"type": "string", "examples": FIELD_CODES},
            message={"type": "string"},
            field=NULLABLE_STRING,
        ),
    }


def closed_object(**properties: Any) -> dict[str, Any]:
    """An object that always has exactly these members."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }
