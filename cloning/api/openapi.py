"""The OpenAPI 3.1 document of the JSON API, built from what the serializers answer and the forms check."""

from typing import Any

from cloning import forms
from cloning.api import (
    health_serializers,
    openapi_batches,
    openapi_books,
    openapi_clips,
    openapi_generate,
    openapi_keys,
    openapi_pronunciations,
    openapi_revoking,
    openapi_verify,
    openapi_voices,
    openapi_webhooks,
    scores,
    serializers,
)
from cloning.api.operations import (
    DOWNLOAD,
    FOREIGN_ORIGIN,
    IDEMPOTENCY_KEY,
    IF_NONE_MATCH,
    JSON_OBJECT,
    NO_KEY,
    NOT_FOUND,
    PAGE,
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
            "/api/v1/voice-clone/generate": {"post": openapi_generate.generate()},
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
            **openapi_books.paths(),
            **openapi_voices.paths(),
            **openapi_pronunciations.paths(),
            **openapi_clips.paths(),
            **openapi_batches.paths(),
            **openapi_keys.paths(),
            **openapi_revoking.paths(),
            **openapi_verify.paths(),
            **openapi_webhooks.paths(),
            "/api/v1/files/{id}.{format}": read(download()),
            "/api/v1/files/{id}.{subtitles}": read(subtitles()),
            "/api/v1/languages": read(
                operation("The languages that can be spoken", {"200": json_of("Languages")}, security=NO_KEY)
            ),
            "/api/v1/health": read(
                operation(
                    "Whether everything that a generation needs works",
                    {"200": json_of("Health"), "503": json_of("Health", "What fails is named")},
                    security=NO_KEY,
                )
            ),
            "/api/v1/health/live": read(
                operation(
                    "Whether this web server answers: if not, restart it",
                    {"200": json_of("Liveness")},
                    security=NO_KEY,
                )
            ),
            "/api/v1/health/ready": read(
                operation(
                    "Whether this web server can take requests: if not, send them to another",
                    {"200": json_of("Readiness"), "503": json_of("Readiness", "What fails is named")},
                    security=NO_KEY,
                )
            ),
            "/api/v1/openapi.json": read(
                operation(
                    "This document",
                    {"200": {"description": "OpenAPI 3.1", "content": JSON_OBJECT}},
                    security=NO_KEY,
                )
            ),
        },
        "security": [{"key": []}],
        "components": {"schemas": schemas(), "securitySchemes": openapi_keys.SECURITY_SCHEMES},
    }


def stream() -> Operation:
    return operation(
        "Listen to a generation from its beginning, while it is made or afterwards",
        {
            "200": openapi_generate.sound(
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
    return operation(
        "Generations, newest first",
        {"200": json_of("Generations"), "403": FOREIGN_ORIGIN, "404": NOT_FOUND},
        parameters=[PAGE],
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
                parameters=[IDEMPOTENCY_KEY],
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
        "GenerationRequest": openapi_generate.request_schema(),
        "JsonGenerationRequest": openapi_generate.json_request_schema(),
        "Generation": serializers.GENERATION.schema(),
        "GenerationSummary": serializers.SUMMARY.schema(),
        "Generations": serializers.GENERATIONS.schema(),
        "Speaker": serializers.SPEAKER.schema(),
        "Segment": serializers.SEGMENT.schema(),
        "Take": serializers.TAKE.schema(),
        "TakeRequest": take_request_schema(),
        **scores.schemas(),
        **openapi_books.schemas(),
        **openapi_voices.schemas(),
        **openapi_pronunciations.schemas(),
        **openapi_clips.schemas(),
        **openapi_batches.schemas(),
        **openapi_revoking.schemas(),
        **openapi_verify.schemas(),
        **openapi_keys.schemas(),
        **openapi_webhooks.schemas(),
        "Languages": serializers.ALL_LANGUAGES.schema(),
        "Health": health_serializers.HEALTH.schema(),
        "Liveness": health_serializers.LIVE.schema(),
        "Readiness": health_serializers.READY.schema(),
        "Error": {
            "type": "object",
            "required": ["error"],
            "properties": {"error": schema_named("ErrorDetail")},
        },
        "ErrorDetail": serializers.ERROR_DETAIL.schema(),
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
