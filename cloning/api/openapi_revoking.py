"""Revocation, as the OpenAPI document describes it."""

from typing import Any

from cloning.api.operations import FOREIGN_ORIGIN, NOT_FOUND, json_of, operation, path_parameter
from cloning.api.revocation_serializers import REVOCATION
from cloning.api.serializers import STRING, UUID, Schema

ANSWERS = {"200": json_of("Revocation", "What was deleted"), "403": FOREIGN_ORIGIN, "404": NOT_FOUND}


def paths() -> dict[str, Any]:
    return {
        "/api/v1/voices/{id}/revoke": {
            "parameters": [path_parameter("id", UUID)],
            "post": operation(
                "Revoke a voice: it stops at once, and clips, takes and results go, those of others too",
                ANSWERS,
            ),
        },
        "/api/v1/consents/{id}/revoke": {
            "parameters": [path_parameter("id", STRING)],
            "post": operation("Revoke a recorded consent, with all voices that stand on it", ANSWERS),
        },
    }


def schemas() -> dict[str, Schema]:
    return {"Revocation": REVOCATION.schema()}
