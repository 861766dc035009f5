"""Batches and their rows as the API answers with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from cloning.api.serializers import (
    ERROR_DETAIL,
    STRING,
    TIME,
    UUID,
    Field,
    Serializer,
    download_url,
    ended_by,
    format_rfc3339,
    list_of,
    nullable,
    schema_named,
    status_url,
)
from cloning.jobs.batches.changes import Counts, count_rows
from cloning.models import Batch, Generation, Status

INTEGER = {"type": "integer", "minimum": 0}


@dataclass(frozen=True)
class CountedBatch:
    batch: Batch
    counts: Counts


def with_counts(batch: Batch) -> CountedBatch:
    return CountedBatch(batch, count_rows(batch))


def batch_url(batch: Batch) -> str:
    return reverse("api-batch", args=[batch.pk])


COUNTS = Serializer[Counts](
    Field("waiting", INTEGER, lambda counts, _: counts.waiting),
    Field("running", INTEGER, lambda counts, _: counts.running),
    Field("succeeded", INTEGER, lambda counts, _: counts.succeeded),
    Field("failed", INTEGER, lambda counts, _: counts.failed),
    Field("cancelled", INTEGER, lambda counts, _: counts.cancelled),
)
BATCH = Serializer[CountedBatch](
    Field("id", UUID, lambda of, _: str(of.batch.pk)),
    Field("name", STRING, lambda of, _: of.batch.name),
    Field("total", {**INTEGER, "description": "Rows that were handed in"}, lambda of, _: of.batch.total),
    Field(
        "counts",
        {**schema_named("BatchCounts")},
        lambda of, request: COUNTS.serialize(of.counts, request),
    ),
    Field(
        "progress",
        {"type": "number", "minimum": 0, "maximum": 1, "description": "How many of its rows have ended"},
        lambda of, _: progress_of(of),
    ),
    Field("is_active", {"type": "boolean"}, lambda of, _: of.counts.is_active),
    Field("created_at", TIME, lambda of, _: format_rfc3339(of.batch.created_at)),
    Field("status_url", STRING, lambda of, _: batch_url(of.batch)),
    Field("rows_url", STRING, lambda of, _: reverse("api-batch-rows", args=[of.batch.pk])),
    Field(
        "archive_url",
        {**STRING, "description": "One ZIP of what is spoken by now, and `rows.csv`"},
        lambda of, _: reverse("api-batch-archive", args=[of.batch.pk]),
    ),
)


def progress_of(of: CountedBatch) -> float:
    left = of.counts.waiting + of.counts.running
    return round(1 - left / max(1, of.batch.total), 4)


@dataclass(frozen=True)
class BatchesPage:
    batches: Sequence[Batch]
    next_url: str | None


BATCHES = Serializer[BatchesPage](
    Field(
        "results",
        list_of(schema_named("Batch")),
        lambda page, request: [BATCH.serialize(with_counts(each), request) for each in page.batches],
    ),
    Field("next", nullable(STRING), lambda page, _: page.next_url),
)
ROW = Serializer[Generation](
    Field("row", {"type": "integer", "minimum": 1}, lambda row, _: row.batch_row),
    Field("name", STRING, lambda row, _: row.batch_name),
    Field("generation_id", UUID, lambda row, _: str(row.pk)),
    Field("status", {"enum": list(Status)}, lambda row, _: row.status),
    Field("status_url", STRING, lambda row, _: status_url(row)),
    Field("download_url", nullable(STRING), lambda row, _: download_url(row)),
    Field(
        "error",
        {"oneOf": [schema_named("ErrorDetail"), {"type": "null"}]},
        lambda row, request: (error := ended_by(row)) and ERROR_DETAIL.serialize(error, request),
    ),
)


@dataclass(frozen=True)
class RowsPage:
    rows: Sequence[Generation]
    next_url: str | None


def serialize_rows(page: RowsPage, request: HttpRequest) -> list[object]:
    return [ROW.serialize(row, request) for row in page.rows]


ROWS = Serializer[RowsPage](
    Field("results", list_of(schema_named("BatchRow")), serialize_rows),
    Field("next", nullable(STRING), lambda page, _: page.next_url),
)
