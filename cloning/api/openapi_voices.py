"""The calls around voices, as the OpenAPI document describes them."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from cloning import forms
from cloning.api.examples import SAMPLE_FILE
from cloning.api.openapi_clips import part_schema, parts_schema
from cloning.api.operations import (
    FOREIGN_ORIGIN,
    IDEMPOTENCY_KEY,
    IF_NONE_MATCH,
    NO_KEY,
    NOT_FOUND,
    PAGE,
    RANGE,
    TOO_LARGE,
    json_of,
    operation,
    path_parameter,
    ranged,
    read,
)
from cloning.api.serializers import UUID, Schema, schema_named
from cloning.api.voice_serializers import REFERENCE, STATEMENT, STATEMENT_SCRIPTS, VOICE, VOICES
from cloning.models import (
    MAX_AGREEMENT_NOTE_CHARS,
    MAX_NAME_CHARS,
    MAX_NOTES_CHARS,
    MAX_SPEAKER_NAME_CHARS,
    STATED,
    STATED_FOR_ONCE,
    Agreement,
)
from cloning.text.statements import SCRIPTS

NOT_MULTIPART = json_of("Error", "Not multipart/form-data")
WRONG_FIELD = json_of("Error", "A field is wrong")
NAME_TAKEN = json_of("Error", "There is a voice of this name")
CLIP_TYPES = ("application/octet-stream", "audio/flac", "audio/mpeg", "audio/ogg", "audio/wav")
UPLOAD = {
    "403": FOREIGN_ORIGIN,
    "408": json_of("Error", "Sent too slowly"),
    "413": TOO_LARGE,
    "415": NOT_MULTIPART,
    "422": WRONG_FIELD,
}


def paths() -> dict[str, Any]:
    voice = [path_parameter("id", UUID)]
    return {
        "/api/v1/voices": {**read(listing()), "post": creation()},
        "/api/v1/voices/{id}": {"parameters": voice, **read(one()), "patch": change(), "delete": deletion()},
        "/api/v1/voices/{id}/export": {"parameters": voice, **read(export())},
        "/api/v1/voices/{id}/references": {"parameters": voice, "post": addition()},
        "/api/v1/voices/{id}/references/{reference_id}": {
            "parameters": [*voice, path_parameter("reference_id", UUID)],
            **read(clip()),
            "patch": trimming(),
            "delete": removal(),
        },
        "/api/v1/voices/import": {"post": import_voice()},
        "/api/v1/statements": read(
            operation(
                "The sentence that somebody reads aloud who agrees to be cloned, in each language",
                {"200": json_of("Statements")},
                security=NO_KEY,
            )
        ),
    }


def multipart(schema: Schema, example: dict[str, str]) -> dict[str, Any]:
    return {"required": True, "content": {"multipart/form-data": {"schema": schema, "example": example}}}


def listing() -> dict[str, Any]:
    query = {"name": "q", "in": "query", "description": "A part of the name", "schema": {"type": "string"}}
    language = {
        "name": "language",
        "in": "query",
        "description": "A code of `/api/v1/languages`: voices of that language alone",
        "schema": {"type": "string"},
    }
    return operation(
        "Voices by name, and after the last of them the stock voices of the engine",
        {"200": json_of("Voices"), "403": FOREIGN_ORIGIN, "404": NOT_FOUND},
        parameters=[query, language, PAGE],
    )


def creation() -> dict[str, Any]:
    return operation(
        "Make a voice of clips; it speaks a sample as soon as its turn comes",
        {"201": json_of("Voice", "Made"), "404": NOT_FOUND, "409": NAME_TAKEN, **UPLOAD},
        parameters=[IDEMPOTENCY_KEY],
        requestBody=multipart(
            schema_named("VoiceRequest"), {"name": "Grandmother", "reference": SAMPLE_FILE}
        ),
    )


def one() -> dict[str, Any]:
    return operation("One voice", {"200": json_of("Voice"), "403": FOREIGN_ORIGIN, "404": NOT_FOUND})


def change() -> dict[str, Any]:
    return operation(
        "Change name, language, notes, consent or whether it is shared; what is left out stays",
        {
            "200": json_of("Voice"),
            "403": FOREIGN_ORIGIN,
            "404": NOT_FOUND,
            "409": NAME_TAKEN,
            "413": TOO_LARGE,
            "422": WRONG_FIELD,
        },
        requestBody={
            "required": True,
            "content": {
                "application/json": {"schema": schema_named("VoiceChange"), "example": {"language": "de"}}
            },
        },
    )


def deletion() -> dict[str, Any]:
    return operation(
        "Delete a voice for good, with what was derived from it, and clips that no generation uses",
        {"204": {"description": "Gone"}, "403": FOREIGN_ORIGIN, "404": NOT_FOUND},
    )


def addition() -> dict[str, Any]:
    return operation(
        "Add clips to a voice",
        {"201": json_of("Voice", "Added"), "404": NOT_FOUND, **UPLOAD},
        requestBody=multipart(
            {
                "type": "object",
                "required": ["reference"],
                "properties": {"reference": clips_schema(), **parts_schema()},
            },
            {"reference": SAMPLE_FILE},
        ),
    )


def clip() -> dict[str, Any]:
    return operation(
        "The sound of a clip",
        {**ranged(CLIP_TYPES), "403": FOREIGN_ORIGIN},
        parameters=[RANGE, IF_NONE_MATCH],
    )


def trimming() -> dict[str, Any]:
    return operation(
        "Use another part of a clip, or all of it; the part is a reference with an id of its own",
        {
            "200": json_of("Voice"),
            "403": FOREIGN_ORIGIN,
            "404": NOT_FOUND,
            "413": TOO_LARGE,
            "422": json_of("Error", "The clip has no such part, or it is shorter than a second"),
        },
        requestBody={
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "object", "properties": {**part_schema()}},
                    "example": {"start_seconds": 0.5, "end_seconds": 3.5},
                }
            },
        },
    )


def removal() -> dict[str, Any]:
    return operation(
        "Take a clip away from a voice",
        {
            "200": json_of("Voice"),
            "403": FOREIGN_ORIGIN,
            "404": NOT_FOUND,
            "409": json_of("Error", "It is the only clip"),
        },
    )


def export() -> dict[str, Any]:
    archive = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
    return operation(
        "The voice as one file: its clips as they were uploaded, and `voice.json`",
        {
            "200": {"description": "A ZIP archive", "content": archive},
            "403": FOREIGN_ORIGIN,
            "404": NOT_FOUND,
        },
    )


def import_voice() -> dict[str, Any]:
    archive = {"type": "string", "format": "binary", "description": "As `export` gives it"}
    consent = consent_schema(
        STATED_FOR_ONCE,
        "How whoever is heard agreed; where it is left out, what the archive says, but for a recorded statement, which "
        "is not in it.",
    )
    return operation(
        "Make a voice of an exported one; where its name is taken, it gets a number",
        {"201": json_of("Voice", "Made"), "409": NAME_TAKEN, **UPLOAD},
        requestBody=multipart(
            {
                "type": "object",
                "required": ["archive"],
                "properties": {"archive": archive, "consent": consent},
            },
            {"archive": "voice.zip"},
        ),
    )


def clips_schema() -> Schema:
    return {
        "type": "array",
        "description": f"One to {forms.MAX_REFERENCES} clips of one speaker, each at most "
        f"{settings.MAX_REFERENCE_MB} MB and {forms.MIN_REFERENCE_SECONDS:g} to "
        f"{settings.MAX_REFERENCE_SECONDS} seconds",
        "items": {"type": "string", "format": "binary"},
        "maxItems": forms.MAX_REFERENCES,
    }


def details_schema() -> dict[str, Schema]:
    return {
        "name": {
            "type": "string",
            "maxLength": MAX_NAME_CHARS,
            "description": "No other voice of yours has it, in whatever case",
        },
        "language": {"type": "string", "description": "A code of `/api/v1/languages`, or empty"},
        "notes": {"type": "string", "maxLength": MAX_NOTES_CHARS},
        "is_shared": {
            "type": "boolean",
            "description": "Whether everybody with an account may speak with it; where there are no accounts, all may",
        },
        **agreement_schema(),
    }


def consent_schema(offered: Sequence[Agreement], description: str) -> Schema:
    required = {"off": "", "stated": " Required on this server."}.get(settings.REQUIRE_CONSENT, "")
    return {"enum": [*offered, ""], "description": description + required}


def agreement_schema() -> dict[str, Schema]:
    recorded = " Only `recorded` is taken on this server." if settings.REQUIRE_CONSENT == "recorded" else ""
    return {
        "consent": consent_schema(
            STATED,
            "How whoever is heard agreed: it is your `own` voice, they say so in a `recorded` statement, they gave a "
            f"`written` permission, or it is in the `public_domain`.{recorded}",
        ),
        "speaker": {
            "type": "string",
            "maxLength": MAX_SPEAKER_NAME_CHARS,
            "description": "Who is heard",
        },
        "consent_note": {
            "type": "string",
            "maxLength": MAX_AGREEMENT_NOTE_CHARS,
            "description": "When a permission was given, and where it can be found",
        },
        "statement_id": {
            "type": "string",
            "description": "With `recorded`: the id of a consent of yours, which `POST /v1/audio/voice_consents` gives",
        },
    }


def statement_schema() -> dict[str, Schema]:
    return {
        "statement": {
            "type": "string",
            "format": "binary",
            "description": "With `recorded`, in place of `statement_id`: the recording, in the voice of the clips. One "
            "sentence of `/api/v1/statements`, read aloud",
        },
        "statement_language": {"enum": [*SCRIPTS], "description": "In which the statement is read"},
    }


def schemas() -> dict[str, Schema]:
    return {
        "Voice": VOICE.schema(),
        "Voices": VOICES.schema(),
        "Statement": STATEMENT.schema(),
        "Statements": STATEMENT_SCRIPTS.schema(),
        "Reference": REFERENCE.schema(),
        "VoiceRequest": {
            "type": "object",
            "required": ["name", "reference"],
            "properties": {
                **details_schema(),
                **statement_schema(),
                "reference": clips_schema(),
                **parts_schema(),
            },
        },
        "VoiceChange": {"type": "object", "properties": details_schema()},
    }
