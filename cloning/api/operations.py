"""What the descriptions of the calls, in the OpenAPI document, are made of."""

from collections.abc import Collection
from typing import Any

from cloning.api.serializers import Schema, schema_named

Operation = dict[str, Any]

JSON_OBJECT = {"application/json": {"schema": {"type": "object"}}}
RETRY_AFTER = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}


def json_of(schema: str, description: str = "") -> dict[str, Any]:
    return {
        "description": description or schema,
        "content": {"application/json": {"schema": schema_named(schema)}},
    }


ERROR = json_of("Error")
FOREIGN_ORIGIN = json_of("Error", "A web page of a foreign origin")
NOT_FOUND = json_of("Error", "There is no such thing, or not any more")
TOO_LARGE = json_of("Error", "Too large")
RANGE = {"name": "Range", "in": "header", "schema": {"type": "string"}}
IF_NONE_MATCH = {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}}
DOWNLOAD = {
    "name": "download",
    "in": "query",
    "description": "Present: sent as an attachment, called by voice and text",
    "schema": {"type": "string"},
}
ANYWHERE = {
    "401": {
        **json_of("Error", "The server asks for a key, or this one is not good any more"),
        "headers": {"WWW-Authenticate": {"description": "RFC 6750", "schema": {"type": "string"}}},
    },
    "403": json_of("Error", "The key is not for this, or a web page of a foreign origin asks"),
    "400": json_of("Error", "The request can't be read, or names a host that the server is not"),
    "405": json_of("Error", "Wrong method"),
    "429": {
        **json_of("Error", "A limit is reached; the header says when it is not any more"),
        "headers": {
            **RETRY_AFTER,
            "RateLimit-Policy": {"description": "What may be done", "schema": {"type": "string"}},
            "RateLimit": {"description": "What is left of it", "schema": {"type": "string"}},
        },
    },
    "503": {
        **json_of("Error", "The queue or the disk is full, or the server is too busy"),
        "headers": RETRY_AFTER,
    },
    "default": ERROR,
}


IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "What is sent again with the same key within a day is answered with what was made the first time, "
    "and nothing is made; another request with it is `409`, as is one while the first is being stored.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

NO_KEY: list[Any] = []
"""As `security` of a call that everybody may make."""


def operation(summary: str, responses: dict[str, Any], **more: Any) -> Operation:
    common = dict(ANYWHERE)
    if more.get("security") == NO_KEY:
        del common["401"], common["403"], common["429"]
    return {"summary": summary, "responses": {**common, **responses}, **more}


def read(get: Operation) -> dict[str, Operation]:
    """GET and its HEAD, which answers the same without a body."""
    without_body = {
        status: {name: value for name, value in response.items() if name != "content"}
        for status, response in get["responses"].items()
    }
    head = {**get, "summary": f"{get['summary']}: the headers alone", "responses": without_body}
    return {"get": get, "head": head}


def path_parameter(name: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema}


PAGE = {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1, "default": 1}}


def ranged(types: Collection[str]) -> dict[str, Any]:
    content = {
        content_type: {"schema": {"type": "string", "format": "binary"}} for content_type in sorted(types)
    }
    return {
        "200": {"description": "All of it", "content": content},
        "206": {"description": "A range of its bytes", "content": content},
        "302": {
            "description": "To the bucket, at an address that is good for minutes, with `S3_SIGNED_REDIRECT`"
        },
        "304": {"description": "The ETag is current"},
        "404": NOT_FOUND,
        "416": {"description": "No such range"},
    }
