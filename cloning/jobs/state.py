"""Every change of a generation's state.

The Generation row is the job. Each change is one guarded UPDATE (`WHERE status = …` or `WHERE claim_token = mine`):
when two processes want the same row, one sees a row count of 1 and the other 0, on SQLite and PostgreSQL alike, without
locks held across statements. Every function returns whether the change took place, and brings its argument up to date.
"""

import uuid
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import F
from django.utils import timezone

from cloning.errors import ErrorCode
from cloning.models import MAX_ATTEMPTS, Generation, Stage, Status, generated_file

NO_PROGRESS = {"stage": "", "segments_done": 0, "segments_total": 0, "spoken_share": 0.0}


@dataclass(frozen=True)
class Progress:
    """Of a running generation. `spoken_share`, 0 to 1, moves within segments too, by the engine's estimate."""

    stage: Stage
    segments_done: int = 0
    segments_total: int = 0
    spoken_share: float = 0.0


def claim_next() -> Generation | None:
    """The oldest claimable generation, claimed by the caller; None when there is nothing to do."""
    while (candidate := Generation.objects.claimable().order_by("created_at").first()) is not None:
        if claim(candidate):
            return candidate
    return None


def claim(generation: Generation) -> bool:
    """Takes the row for this process: a new token and lease, one more attempt."""
    previous_token, token, now = generation.claim_token, uuid.uuid4(), timezone.now()
    claimed = (
        Generation.objects.claimable()
        .filter(pk=generation.pk)
        .update(
            **NO_PROGRESS | {"stage": Stage.PREPARING},
            status=Status.RUNNING,
            claim_token=token,
            lease_expires_at=now + timedelta(seconds=settings.LEASE_SECONDS),
            attempts=F("attempts") + 1,
            started_at=now,
        )
    )
    if claimed:
        generation.refresh_from_db()
        if previous_token:  # its worker may have died between storing the file and having it accepted
            default_storage.delete(f"generated/{generation.pk}-{previous_token}.{generation.audio_format}")
    return bool(claimed)


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
    generation: Generation, audio: File, *, sample_rate_hz: int, duration_seconds: float, peaks: list[float]
) -> bool:
    """Stores the audio under a name of this claim's own; a claim lost meanwhile deletes its file again."""
    name = default_storage.save(generated_file(generation, ""), audio)
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
    if not accepted:
        default_storage.delete(name)
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
    generation.refresh_from_db()
    return bool(cancelled)


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
    generation.refresh_from_db()
    return bool(queued)


def fail_lost() -> int:
    """Fails the generations whose worker died on the last attempt; returns how many."""
    return Generation.objects.filter(
        status=Status.RUNNING, lease_expires_at__lt=timezone.now(), attempts__gte=MAX_ATTEMPTS
    ).update(
        status=Status.FAILED,
        claim_token=None,
        finished_at=timezone.now(),
        error_code=ErrorCode.WORKER_LOST,
        error_message=f"The worker stopped in the middle of this generation {MAX_ATTEMPTS} times. "
        "The machine may be short of memory; a shorter text may work.",
    )
