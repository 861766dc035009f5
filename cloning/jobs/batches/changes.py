"""Batches are handed in whole, stopped and deleted. Their rows wait outside of the queue: `feeding.py` lets them in."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from cloning.engines import registry
from cloning.engines.base import StockVoice
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import idempotency, limits, state
from cloning.jobs.acting import current_actor
from cloning.jobs.audit import record
from cloning.jobs.batches.ending import complete
from cloning.jobs.cleanup import with_reserve
from cloning.jobs.notifications import WORK, notify
from cloning.jobs.submission import lock_queue, lock_voices
from cloning.models import Batch, Deed, Generation, Status, Voice
from cloning.storage.space import require_free_space

MAX_ROWS = 1_000
MAX_HELD = 10_000
"""Rows of all batches that wait outside of the queue."""


@dataclass(frozen=True)
class Counts:
    """How many of a batch's rows are how far. What was deleted by itself is none of them."""

    waiting: int
    running: int
    succeeded: int
    failed: int
    cancelled: int

    @property
    def ended(self) -> int:
        return self.succeeded + self.failed + self.cancelled

    @property
    def is_active(self) -> bool:
        return bool(self.waiting or self.running)


def hand_in(batch: Batch, rows: Sequence[Generation]) -> None:
    """Stores an unsaved batch with its unsaved rows, all or none of them.

    Raises GenerationError (QUEUE_FULL, LIMIT_REACHED, CAST_INVALID, and of the disk).
    """
    require_free_space()
    limits.require_storage()
    actor, now = current_actor(), timezone.now()
    batch.total, batch.key, batch.address = len(rows), actor.key, actor.address
    voices = {row.voice.pk: row.voice for row in rows if row.voice}
    with transaction.atomic():
        lock_queue()
        if Generation.objects.filter(is_held=True).count() + len(rows) > MAX_HELD:
            raise GenerationError(ErrorCode.QUEUE_FULL, "Too many texts of batches are waiting.")
        limits.count_characters(sum(len(row.text) for row in rows))
        references = lock_voices(
            sorted(voices.values(), key=lambda voice: voice.pk), batch.owner, field="voice"
        )
        batch.save(force_insert=True)
        idempotency.complete(batch)
        for number, row in enumerate(rows, 1):
            row.agreement = row.voice.agreement if row.voice else ""
            row.batch, row.batch_row, row.is_held = batch, number, True
            row.created_at = now + timedelta(microseconds=number)
        Generation.objects.bulk_create(rows)
        link = Generation.references.through
        link.objects.bulk_create(
            link(generation_id=row.pk, reference_id=reference.pk)
            for row in rows
            if row.voice
            for reference in references[row.voice.pk]
        )
        for voice in find_voices(rows, voices):
            record(Deed.SPOKEN_WITH, voice, about=f"a batch of {len(rows)}")
        notify(WORK)


def find_voices(rows: Sequence[Generation], saved: Mapping[uuid.UUID, Voice]) -> list[Voice | StockVoice]:
    stock = {row.stock_voice for row in rows if row.stock_voice}
    found = [registry.find_stock_voice(key) for key in sorted(stock)]
    return [*saved.values(), *(voice for voice in found if voice)]


def count_rows(batch: Batch) -> Counts:
    found: dict[str, int] = dict(rows_of(batch).order_by().values_list("status").annotate(count=Count("pk")))
    return Counts(
        waiting=found.get(Status.QUEUED, 0),
        running=found.get(Status.RUNNING, 0),
        succeeded=found.get(Status.SUCCEEDED, 0),
        failed=found.get(Status.FAILED, 0),
        cancelled=found.get(Status.CANCELLED, 0),
    )


def rows_of(batch: Batch) -> QuerySet[Generation]:
    """In their order."""
    return Generation.objects.kept().filter(batch=batch).order_by("batch_row")


def cancel(batch: Batch) -> None:
    """Stops what waits or runs. What is spoken stays."""
    now = timezone.now()
    held: dict[str, Any] = {"is_held": False, "status": Status.CANCELLED, "finished_at": now}
    Generation.objects.filter(batch=batch, is_held=True, status=Status.QUEUED).update(**held)
    for row in Generation.objects.active().filter(batch=batch):
        state.cancel(row)
    complete(batch.pk)


def delete(batch: Batch) -> None:
    """With all that was spoken, which is hidden now and swept some minutes later."""
    cancel(batch)
    now = timezone.now()

    def remove() -> int:
        Generation.objects.filter(batch=batch, deleted_at=None).update(deleted_at=now)
        return Batch.objects.filter(pk=batch.pk).delete()[0]

    with_reserve(remove)
