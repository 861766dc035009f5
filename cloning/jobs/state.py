"""Every change of a generation's state.

The Generation row is the job. Each change is one guarded UPDATE (`WHERE status = …` or `WHERE claim_token = mine`):
when two processes want the same row, one sees a row count of 1 and the other 0, on SQLite and PostgreSQL alike, without
locks held across statements. Every function returns whether the change took place, and brings its argument up to date.
"""

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import Error as DatabaseError
from django.db.models import F, QuerySet
from django.utils import timezone

from cloning.errors import ErrorCode
from cloning.jobs.cleanup import delete_stored
from cloning.models import MAX_ATTEMPTS, Generation, Stage, Status, generated_file

ALL_FIELDS = [field.attname for field in Generation._meta.concrete_fields]
CLAIM_FIELDS = ("status", "claim_token", "lease_expires_at", "audio_format")
"""What `claim_next` looks at: it is asked several times a second."""
NO_PROGRESS = {"stage": "", "segments_done": 0, "segments_total": 0, "spoken_share": 0.0}


@dataclass(frozen=True)
class Progress:
    """Of a running generation. `spoken_share`, 0 to 1, moves within segments too, by the engine's estimate."""

    stage: Stage
    segments_done: int = 0
    segments_total: int = 0
    spoken_share: float = 0.0


def claim_next(abandoned: Iterable[Generation] = ()) -> Generation | None:
    """One of the generations whose worker died, else the oldest that waits; None when there is nothing to do."""
    for generation in abandoned:
        if generation.attempts < MAX_ATTEMPTS and _claim(generation):
            return generation
    waiting = Generation.objects.filter(status=Status.QUEUED).order_by("created_at").only(*CLAIM_FIELDS)
    while (candidate := waiting.first()) is not None:
        if _claim(candidate):
            return candidate
    return None


def claim(generation: Generation) -> bool:
    """Takes a queued row for this process: a new token and lease, one more attempt."""
    return generation.status == Status.QUEUED and _claim(generation)


def _claim(generation: Generation) -> bool:
    """Takes the row if nobody has taken, renewed or ended it since `generation` was read."""
    previous_token, previous_file = generation.claim_token, generated_file(generation, "")
    token, now = uuid.uuid4(), timezone.now()
    claimed = _unchanged(generation).update(
        **NO_PROGRESS | {"stage": Stage.PREPARING},
        status=Status.RUNNING,
        claim_token=token,
        lease_expires_at=now + timedelta(seconds=settings.LEASE_SECONDS),
        attempts=F("attempts") + 1,
        started_at=now,
    )
    if not claimed:
        return False
    if previous_token:  # its worker may have died between storing the file and having it accepted
        delete_stored(previous_file)
    return reload(generation, Generation.objects.filter(claim_token=token))


def _unchanged(generation: Generation) -> QuerySet[Generation]:
    rows = Generation.objects.filter(pk=generation.pk, status=generation.status)
    if generation.status == Status.QUEUED:
        return rows
    return rows.filter(claim_token=generation.claim_token, lease_expires_at=generation.lease_expires_at)


def reload(generation: Generation, rows: QuerySet[Generation] | None = None) -> bool:
    """Brings `generation` up to date with its row, all of it. False where there is none: it may have been deleted."""
    try:
        generation.refresh_from_db(fields=ALL_FIELDS, from_queryset=rows)
    except Generation.DoesNotExist:
        return False
    return True


def _update_claimed(generation: Generation, **fields: object) -> bool:
    if not Generation.objects.filter(
        pk=generation.pk, claim_token=generation.claim_token, status=Status.RUNNING
    ).update(**fields):
        return False
    for name, value in fields.items():
        setattr(generation, name, value)
    return True


def renew_lease(generation: Generation) -> bool:
    return _update_claimed(
        generation, lease_expires_at=timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
    )


def report(generation: Generation, progress: Progress) -> bool:
    return _update_claimed(generation, **asdict(progress))


def record_engine(generation: Generation, name: str, precision: str = "") -> bool:
    return _update_claimed(generation, engine=name, precision=precision)


def succeed(
    generation: Generation,
    audio: "File[bytes]",
    *,
    sample_rate_hz: int,
    duration_seconds: float,
    peaks: list[float],
) -> bool:
    """Stores the audio under a name of this claim's own; a claim lost meanwhile deletes its file again."""
    name = default_storage.save(generated_file(generation, ""), audio)
    try:
        accepted = _update_claimed(
            generation,
            status=Status.SUCCEEDED,
            stage="",
            audio=name,
            sample_rate_hz=sample_rate_hz,
            duration_seconds=duration_seconds,
            peaks=peaks,
            finished_at=timezone.now(),
            error_code="",
            error_message="",
        )
    except DatabaseError:
        # A connection that breaks doesn't tell whether this was written: the row does, once it can be read.
        if not Generation.objects.filter(pk=generation.pk, audio=name).exists():
            delete_stored(name)
            raise
        return reload(generation)
    if not accepted:
        delete_stored(name)
    return accepted


def fail(generation: Generation, code: ErrorCode, message: str) -> bool:
    return _update_claimed(
        generation,
        status=Status.FAILED,
        stage="",
        error_code=code,
        error_message=message,
        finished_at=timezone.now(),
    )


def release(generation: Generation) -> bool:
    """Gives a claim back unharmed, as a worker that is asked to stop does."""
    return _update_claimed(
        generation,
        status=Status.QUEUED,
        stage="",
        claim_token=None,
        lease_expires_at=None,
        attempts=generation.attempts - 1,
    )


def cancel(generation: Generation) -> bool:
    """Ends what waits or runs; the worker notices at its next report and drops its work."""
    cancelled = (
        Generation.objects.active()
        .filter(pk=generation.pk)
        .update(status=Status.CANCELLED, stage="", claim_token=None, finished_at=timezone.now())
    )
    return reload(generation) and bool(cancelled)


def retry(generation: Generation) -> bool:
    """Queues a failed or cancelled generation afresh."""
    queued = Generation.objects.filter(pk=generation.pk, status__in=[Status.FAILED, Status.CANCELLED]).update(
        **NO_PROGRESS,
        status=Status.QUEUED,
        attempts=0,
        claim_token=None,
        started_at=None,
        finished_at=None,
        error_code="",
        error_message="",
    )
    return reload(generation) and bool(queued)


def fail_lost(abandoned: Iterable[Generation]) -> int:
    """Fails those of the generations whose worker died on the last attempt; returns how many."""
    return sum(
        _unchanged(generation).update(
            status=Status.FAILED,
            stage="",
            claim_token=None,
            finished_at=timezone.now(),
            error_code=ErrorCode.WORKER_LOST,
            error_message=f"The worker stopped in the middle of this generation {MAX_ATTEMPTS} times. "
            "The machine may be short of memory; a shorter text may work.",
        )
        for generation in abandoned
        if generation.attempts >= MAX_ATTEMPTS
    )
