"""The check of a clip, as the OpenAPI document describes it, and the part of a clip wherever one is sent."""

from typing import Any

from cloning.api.clip_serializers import CHECK, CLIP_CHECK, MEASURES
from cloning.api.examples import SAMPLE_FILE
from cloning.api.operations import FOREIGN_ORIGIN, RETRY_AFTER, TOO_LARGE, json_of, operation
from cloning.api.serializers import Schema

CLIP: Schema = {"type": "string", "format": "binary"}


def paths() -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["reference"],
        "properties": {"reference": CLIP, **part_schema()},
    }
    return {
        "/api/v1/clips/check": {
            "post": operation(
                "Hear what is good and bad about a clip; nothing of it is kept",
                {
                    "200": json_of("ClipCheck"),
                    "403": FOREIGN_ORIGIN,
                    "408": json_of("Error", "Sent too slowly"),
                    "413": TOO_LARGE,
                    "415": json_of("Error", "Not multipart/form-data"),
                    "422": json_of("Error", "A field is wrong, or the clip can't be read"),
                    "429": {**json_of("Error", "Too many by one caller"), "headers": RETRY_AFTER},
                },
                requestBody={
                    "required": True,
                    "content": {
                        "multipart/form-data": {"schema": schema, "example": {"reference": SAMPLE_FILE}}
                    },
                },
            )
        }
    }


def part_schema() -> dict[str, Schema]:
    return {
        "start_seconds": {
            "type": "number",
            "minimum": 0,
            "description": "From where the clip is used",
        },
        "end_seconds": {
            "type": "number",
            "minimum": 0,
            "description": "Up to where. Without both all of it is used, or the best 6 to 30 seconds of a longer one",
        },
    }


def parts_schema() -> dict[str, Schema]:
    """For clips of which there may be several."""
    several = "; for each clip, in the order of the clips, or for none"
    return {
        name: {
            "type": "array",
            "description": f"{schema['description']}{several}",
            "items": {"type": "number", "minimum": 0},
        }
        for name, schema in part_schema().items()
    }


def schemas() -> dict[str, Schema]:
    return {"ClipCheck": CLIP_CHECK.schema(), "Check": CHECK.schema(), "Measures": MEASURES.schema()}
