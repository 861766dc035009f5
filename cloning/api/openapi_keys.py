"""The calls around API keys, as the OpenAPI document describes them, and how a key is sent."""

from typing import Any

from django.utils import translation

from cloning.api.key_serializers import KEY, KEYS, MADE_KEY
from cloning.api.operations import NOT_FOUND, TOO_LARGE, json_of, operation, path_parameter, read
from cloning.api.serializers import UUID, Schema, schema_named
from cloning.forms.keys import MAX_DAYS
from cloning.jobs.keys import MAX_KEYS
from cloning.models import MAX_KEY_NAME_CHARS, Scope

SECURITY_SCHEMES = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "vc_…",
        "description": "A key of `/account/keys/` or `/api/v1/keys`. It is asked for where the server has accounts "
        "(`REQUIRE_LOGIN`); without, it is not looked at.",
    }
}
ACCOUNTLESS = json_of("Error", "There is no such key of yours, or the server has no accounts")


def paths() -> dict[str, Any]:
    return {
        "/api/v1/keys": {
            **read(
                operation("Your keys, without the secret", {"200": json_of("Keys"), "404": ACCOUNTLESS}),
            ),
            "post": creation(),
        },
        "/api/v1/keys/{id}": {
            "parameters": [path_parameter("id", UUID)],
            "delete": operation(
                "Revoke a key: it is good for nothing from now on",
                {"204": {"description": "Revoked"}, "404": ACCOUNTLESS},
            ),
        },
    }


def creation() -> dict[str, Any]:
    return operation(
        "Make a key",
        {
            "201": json_of("MadeKey", "Made; it is told only now"),
            "404": NOT_FOUND,
            "409": json_of("Error", f"There are {MAX_KEYS} keys already"),
            "413": TOO_LARGE,
            "422": json_of("Error", "A member is wrong"),
        },
        description="With a key one can be made that may do no more than itself.",
        requestBody={
            "required": True,
            "content": {
                "application/json": {
                    "schema": schema_named("KeyRequest"),
                    "example": {
                        "name": "nightly podcast",
                        "scopes": ["speak", "read"],
                        "expires_in_days": 90,
                    },
                }
            },
        },
    )


def schemas() -> dict[str, Schema]:
    return {
        "Key": KEY.schema(),
        "Keys": KEYS.schema(),
        "MadeKey": MADE_KEY.schema(),
        "KeyRequest": {
            "type": "object",
            "required": ["name", "scopes"],
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_NAME_CHARS},
                "scopes": {
                    "type": "array",
                    "minItems": 1,
                    "items": {"enum": list(Scope)},
                    "description": describe_scopes(),
                },
                "expires_in_days": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAX_DAYS,
                    "description": "Never where it is left out",
                },
            },
        },
    }


def describe_scopes() -> str:
    with translation.override("en"):
        return "; ".join(f"`{scope.value}`: {str(scope.label).lower()}" for scope in Scope)
