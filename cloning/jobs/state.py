"""What people do to a generation: stop it, have it continued, wait for it.

What workers do is in `takes.py` and `joins.py`. Every function returns whether the change took place.
"""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from cloning.jobs import limits, submission, takes
from cloning.jobs.dispatching import call_worker
from cloning.jobs.notifications import notify
from cloning.models import Generation, Stage, Status, Take

AWAITED_SECONDS = 15.0
"""For how long somebody who waits counts as waiting; who still does says so again before."""


def cancel(generation: Generation) -> bool:
    """Stops what waits or runs; the worker notices at its next report. What is spoken stays, and is joined."""
    with transaction.atomic():
        row = Generation.objects.select_for_update().active().filter(pk=generation.pk).first()
        if row is None:
            return False
        takes.end(row, Status.CANCELLED)
        notify(str(row.pk))
    generation.refresh_from_db()
    return True


def resume(generation: Generation) -> bool:
    """Goes on with one that was cancelled or failed: what was spoken is not spoken again.

    Raises GenerationError when the queue or the disk is full, or the voice is not shared or agreed to any more.
    """
    with transaction.atomic():
        submission.lock_queue()
        row = Generation.objects.kept().select_for_update().filter(pk=generation.pk).first()
        if row is None or row.status not in (Status.CANCELLED, Status.FAILED):
            return False
        submission.take_place(row)
        submission.require_to_go_on(row)
        limits.charge(row)
        is_complete = not queue_unspoken(row)
        row.status = Status.RUNNING if is_complete else Status.QUEUED
        row.stage = Stage.JOINING if is_complete else ""
        row.is_join_due = is_complete
        row.error_code = row.error_message = ""
        row.finished_at = None
        row.save(
            update_fields=["status", "stage", "is_join_due", "error_code", "error_message", "finished_at"]
        )
        call_worker(Generation.objects.filter(pk=row.pk))
        notify(str(row.pk))
    generation.refresh_from_db()
    return True


def queue_unspoken(generation: Generation) -> bool:
    """Whether there is something to be spoken, of a locked generation."""
    if not generation.segments_total:  # from the time when a text was not split before it was spoken
        pieces = submission.split_text(generation)
        submission.count_pieces(generation, pieces)
        generation.save(update_fields=["segments_total", "unspoken_chars", "notice"])
        submission.add_segments(generation, pieces)
        return True
    unspoken = Take.objects.filter(
        segment__generation=generation,
        segment__chosen_take=None,
        status__in=[Status.CANCELLED, Status.FAILED],
    )
    queued = unspoken.update(status=Status.QUEUED, attempts=0, error_code="", error_message="")
    return bool(queued)


def star(pk: uuid.UUID, is_starred: bool) -> bool:
    """Marks it as one of the best, or no longer."""
    return bool(Generation.objects.kept().filter(pk=pk).update(is_starred=is_starred))


def allow_embedding(pk: uuid.UUID, is_allowed: bool) -> bool:
    """Whether everybody may hear it, in pages of others, too."""
    return bool(Generation.objects.kept().filter(pk=pk).update(is_embeddable=is_allowed))


def await_generations(ids: Collection[uuid.UUID], *, is_streamed: bool = False) -> None:
    """Somebody listens to them, or waits for them: workers take them before others for a while."""
    rows = Generation.objects.active().filter(pk__in=ids)
    rows.update(awaited_until=awaited_from_now(), **({"is_streamed": True} if is_streamed else {}))


def awaited_from_now() -> datetime:
    """What `Generation.awaited_until` is while somebody waits."""
    return timezone.now() + timedelta(seconds=AWAITED_SECONDS)


def keep_awaited(generation: Generation) -> None:
    """For who asks again and again: written no more often than needed."""
    soon = timezone.now() + timedelta(seconds=AWAITED_SECONDS / 2)
    if generation.is_active and (generation.awaited_until is None or generation.awaited_until < soon):
        await_generations([generation.pk])
