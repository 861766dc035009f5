"""The calls around batches, as the OpenAPI document describes them."""

from typing import Any

from cloning.api.batch_serializers import BATCH, BATCHES, COUNTS, ROW, ROWS
from cloning.api.operations import (
    FOREIGN_ORIGIN,
    IDEMPOTENCY_KEY,
    NOT_FOUND,
    PAGE,
    json_of,
    operation,
    path_parameter,
    read,
)
from cloning.api.serializers import UUID, Schema, schema_named
from cloning.forms.batches import COLUMNS, MAX_BATCH_BYTES, MAX_ERRORS
from cloning.jobs.batches.changes import MAX_ROWS
from cloning.models import MAX_BATCH_NAME_CHARS

ONE = {"parameters": [path_parameter("id", UUID)]}
NAME = {
    "name": "name",
    "in": "query",
    "description": "Of the batch, where its lines are the body",
    "schema": {"type": "string", "maxLength": MAX_BATCH_NAME_CHARS},
}
LINES = {"schema": {"type": "string"}}


def paths() -> dict[str, Any]:
    archive = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
    gone = {"403": FOREIGN_ORIGIN, "404": NOT_FOUND}
    return {
        "/api/v1/batches": {
            **read(
                operation("Batches, newest first", {"200": json_of("Batches"), **gone}, parameters=[PAGE])
            ),
            "post": creation(),
        },
        "/api/v1/batches/{id}": {
            **ONE,
            **read(operation("How far a batch is", {"200": json_of("Batch"), **gone})),
            "delete": operation(
                "Stop what runs and delete the batch with all that was spoken",
                {"204": {"description": "Gone; its files are swept some minutes later"}, **gone},
            ),
        },
        "/api/v1/batches/{id}/rows": {
            **ONE,
            **read(
                operation("What became of each row", {"200": json_of("BatchRows"), **gone}, parameters=[PAGE])
            ),
        },
        "/api/v1/batches/{id}/cancel": {
            **ONE,
            "post": operation(
                "Stop its rows: what is spoken stays, and what has ended already stays as it is",
                {"200": json_of("Batch"), **gone},
            ),
        },
        "/api/v1/batches/{id}/archive.zip": {
            **ONE,
            **read(
                operation(
                    "One ZIP of what is spoken by now, each file called by its row, and `rows.csv`",
                    {"200": {"description": "Made while it is sent", "content": archive}, **gone},
                )
            ),
        },
    }


def creation() -> dict[str, Any]:
    row = {"voice": "VOICE_ID", "text": "Good morning.", "name": "greeting"}
    location = {"Location": {"description": "The status URL", "schema": {"type": "string"}}}
    return operation(
        "Hand in many texts, to be spoken a few at a time",
        {
            "201": {**json_of("Batch", "All of them wait"), "headers": location},
            "403": FOREIGN_ORIGIN,
            "404": NOT_FOUND,
            "409": json_of("Error", "The Idempotency-Key was used"),
            "413": json_of("Error", f"More than {MAX_ROWS} rows, or {MAX_BATCH_BYTES // 1024**2} MB"),
            "415": json_of("Error", "None of the media types"),
            "422": json_of(
                "BatchError", f"Rows are wrong, and none was taken; `rows` has the first {MAX_ERRORS} faults"
            ),
        },
        description=f"At most {MAX_ROWS} rows: CSV with a first line of names, or a JSON object a line, or `rows` of "
        "an object. Each has `voice` (an id or a name) and `text`, and may have "
        f"{', '.join(f'`{each}`' for each in COLUMNS[2:])}, as the call that generates takes them; `name` is what "
        "its file is called. All are checked first: of a batch with a wrong row nothing is taken. They wait outside "
        "of the queue, so that others have their turns between them.",
        parameters=[IDEMPOTENCY_KEY, NAME],
        requestBody={
            "required": True,
            "content": {
                "application/json": {"schema": schema_named("BatchRequest"), "example": {"rows": [row]}},
                "text/csv": LINES,
                "application/jsonl": LINES,
                "application/x-ndjson": LINES,
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {
                            "file": {"type": "string", "format": "binary"},
                            "name": {"type": "string", "maxLength": MAX_BATCH_NAME_CHARS},
                        },
                    }
                },
            },
        },
    )


def schemas() -> dict[str, Schema]:
    error = {
        "type": "object",
        "required": ["line", "field", "code", "message"],
        "properties": {
            "line": {"type": "integer", "description": "Of the file; of `rows` the number of the row"},
            "field": {"type": ["string", "null"]},
            "code": {"type": "string"},
            "message": {"type": "string"},
        },
    }
    return {
        "Batch": BATCH.schema(),
        "BatchCounts": COUNTS.schema(),
        "Batches": BATCHES.schema(),
        "BatchRow": ROW.schema(),
        "BatchRows": ROWS.schema(),
        "BatchError": {
            "type": "object",
            "required": ["error"],
            "properties": {
                "error": schema_named("ErrorDetail"),
                "rows": {"type": "array", "items": error},
            },
        },
        "BatchRequest": {
            "type": "object",
            "required": ["rows"],
            "properties": {
                "rows": {"type": "array", "minItems": 1, "maxItems": MAX_ROWS, "items": {"type": "object"}},
                "name": {"type": "string", "maxLength": MAX_BATCH_NAME_CHARS},
            },
        },
    }
