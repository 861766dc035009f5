"""The calls around pronunciations, as the OpenAPI document describes them."""

from typing import Any

from cloning.api.operations import (
    FOREIGN_ORIGIN,
    NOT_FOUND,
    PAGE,
    TOO_LARGE,
    json_of,
    operation,
    path_parameter,
    read,
)
from cloning.api.pronunciation_serializers import PRONUNCIATION, PRONUNCIATIONS
from cloning.api.serializers import UUID, Schema, schema_named
from cloning.jobs.pronunciations import MAX_PRONUNCIATIONS
from cloning.models import MAX_SPELLING_CHARS, MAX_WORD_CHARS

REFUSED = {
    "403": FOREIGN_ORIGIN,
    "409": json_of("Error", "There is one of this word in this language, or there are too many"),
    "413": TOO_LARGE,
    "422": json_of("Error", "A member is wrong"),
}


def paths() -> dict[str, Any]:
    return {
        "/api/v1/pronunciations": {**read(listing()), "post": creation()},
        "/api/v1/pronunciations/{id}": {
            "parameters": [path_parameter("id", UUID)],
            **read(
                operation(
                    "One pronunciation",
                    {"200": json_of("Pronunciation"), "403": FOREIGN_ORIGIN, "404": NOT_FOUND},
                )
            ),
            "patch": change(),
            "delete": operation(
                "Delete a pronunciation; what was spoken with it stays",
                {"204": {"description": "Gone"}, "403": FOREIGN_ORIGIN, "404": NOT_FOUND},
            ),
        },
    }


def listing() -> dict[str, Any]:
    language = {
        "name": "language",
        "in": "query",
        "description": "A code of `/api/v1/languages`: of that language alone",
        "schema": {"type": "string"},
    }
    return operation(
        "How words are to be read, by language and word",
        {"200": json_of("Pronunciations"), "403": FOREIGN_ORIGIN, "404": NOT_FOUND},
        parameters=[language, PAGE],
    )


def creation() -> dict[str, Any]:
    return operation(
        "Have a word read as if it were written otherwise, in texts that are posted from now on",
        {"201": json_of("Pronunciation", "Made"), **REFUSED},
        description="Whole words, in capitals or not; in Chinese and Japanese any part of a text. Of several that "
        f"begin at one place, the longest. {MAX_PRONUNCIATIONS} at most. `text` of a segment says what is read.",
        requestBody={
            "required": True,
            "content": {
                "application/json": {
                    "schema": schema_named("PronunciationRequest"),
                    "example": {"language": "en", "word": "Nguyen", "spelling": "win"},
                }
            },
        },
    )


def change() -> dict[str, Any]:
    return operation(
        "Change word, spelling or language; what is left out stays",
        {"200": json_of("Pronunciation"), "404": NOT_FOUND, **REFUSED},
        requestBody={
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "object", "properties": details_schema()},
                    "example": {"spelling": "nwin"},
                }
            },
        },
    )


def details_schema() -> Schema:
    return {
        "language": {"type": "string", "description": "A code of `/api/v1/languages`"},
        "word": {"type": "string", "minLength": 1, "maxLength": MAX_WORD_CHARS},
        "spelling": {"type": "string", "minLength": 1, "maxLength": MAX_SPELLING_CHARS},
    }


def schemas() -> dict[str, Schema]:
    return {
        "Pronunciation": PRONUNCIATION.schema(),
        "Pronunciations": PRONUNCIATIONS.schema(),
        "PronunciationRequest": {
            "type": "object",
            "required": ["language", "word", "spelling"],
            "properties": details_schema(),
        },
    }
