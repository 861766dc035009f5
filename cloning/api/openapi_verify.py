"""The question whether audio was made here, as the OpenAPI document describes it."""

from typing import Any

from cloning.api.examples import SAMPLE_FILE
from cloning.api.operations import FOREIGN_ORIGIN, NO_KEY, RETRY_AFTER, TOO_LARGE, json_of, operation
from cloning.api.serializers import Schema
from cloning.api.verify_serializers import FINGERPRINT, MANIFEST, VERIFICATION, WATERMARK


def paths() -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["audio"],
        "properties": {
            "audio": {
                "type": "string",
                "format": "binary",
                "description": "Its first five minutes are searched",
            }
        },
    }
    return {
        "/api/v1/verify": {
            "post": operation(
                "Ask whether audio was made by this server; nothing of it is kept",
                {
                    "200": json_of("Verification"),
                    "403": FOREIGN_ORIGIN,
                    "408": json_of("Error", "Sent too slowly"),
                    "413": TOO_LARGE,
                    "415": json_of("Error", "Not multipart/form-data"),
                    "422": json_of("Error", "There is no file, or it can't be read"),
                    "429": {**json_of("Error", "Too many by one caller"), "headers": RETRY_AFTER},
                },
                security=NO_KEY,
                requestBody={
                    "required": True,
                    "content": {"multipart/form-data": {"schema": schema, "example": {"audio": SAMPLE_FILE}}},
                },
            )
        }
    }


def schemas() -> dict[str, Schema]:
    return {
        "Verification": VERIFICATION.schema(),
        "Watermark": WATERMARK.schema(),
        "Fingerprint": FINGERPRINT.schema(),
        "Manifest": MANIFEST.schema(),
    }
