"""Claims of rows, and whose lease ran out.

A claim is one guarded UPDATE: when two processes want the same row, one sees a row count of 1 and the other 0, on
SQLite and PostgreSQL alike, without locks held across statements.

That a lease ran out is told without a wall clock: those jump, and differ between machines.
"""

import hashlib
import time
import uuid
from collections.abc import Callable, Collection, Hashable, Mapping
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import Error as DatabaseError
from django.db.models import F, QuerySet
from django.utils import timezone

from cloning.jobs.cleanup import delete_stored
from cloning.models import Encoding, Generation, Leased, Status, Take

LeasedRow = TypeVar("LeasedRow", bound=Leased)


def claim(row: LeasedRow, claimable: QuerySet[LeasedRow], **changes: object) -> bool:
    """Takes the row for this process if it is among `claimable`: a new token and lease, one more attempt."""
    fields = {"claim_token": uuid.uuid4(), "lease_expires_at": expiry(), **changes}
    if not claimable.filter(pk=row.pk, claim_token=None).update(attempts=F("attempts") + 1, **fields):
        return False
    row.attempts += 1
    set_fields(row, fields)
    return True


def update_claimed(row: Leased, **fields: object) -> bool:
    """Whether the row is still this process's; else nothing is changed."""
    rows = type(row)._default_manager.filter(pk=row.pk, claim_token=row.claim_token)
    if row.claim_token is None or not rows.update(**fields):
        return False
    set_fields(row, fields)
    return True


def take_over(row: Leased) -> bool:
    """Claims what was in the hand of another, if nobody has renewed, taken or ended it since `row` was read."""
    fields = {"claim_token": uuid.uuid4(), "lease_expires_at": expiry()}
    rows = in_hand(type(row)).filter(
        pk=row.pk, claim_token=row.claim_token, lease_expires_at=row.lease_expires_at
    )
    if not rows.update(**fields):
        return False
    set_fields(row, fields)
    return True


def store_result(
    row: Take | Generation | Encoding, name: str, file: "File[bytes]", record: Callable[[str], bool]
) -> bool:
    """Stores what came of a claim and has `record` write its name to the row; what is not accepted is deleted again.

    `record` finds the digest of the file on the row.
    """
    row.audio_sha256 = digest(file)
    name = default_storage.save(name, file)
    try:
        accepted = record(name)
    except DatabaseError:
        # A connection that breaks doesn't tell whether this was written: the row does, once it can be read.
        if not type(row)._default_manager.filter(pk=row.pk, audio=name).exists():
            delete_stored(name)
            raise
        return True
    if not accepted:
        delete_stored(name)
    return accepted


def digest(file: "File[bytes]") -> str:
    sha256 = hashlib.sha256()
    for chunk in file.chunks():
        sha256.update(chunk)
    file.seek(0)
    return sha256.hexdigest()


def set_fields(row: Leased, fields: Mapping[str, object]) -> None:
    for name, value in fields.items():
        setattr(row, name, value)


def renew_lease(row: Leased) -> bool:
    return update_claimed(row, lease_expires_at=expiry())


def expiry() -> object:
    return timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)


class Staleness:
    """For how long values have stayed as they are, by this process's own looks at them.

    A process that was suspended saw no change, and in a suspended machine there was none: of the time between two looks
    no more than `max_gap_seconds` counts.
    """

    def __init__(self, max_gap_seconds: float) -> None:
        self.max_gap_seconds = max_gap_seconds
        self._looked_at = time.monotonic()
        self._seen: dict[Hashable, tuple[object, float]] = {}

    def update(self, values: Mapping[Hashable, object]) -> dict[Hashable, float]:
        """Seconds for which each value is known to be what it is now; 0 for a new one."""
        now = time.monotonic()
        passed = min(now - self._looked_at, self.max_gap_seconds)
        self._looked_at = now
        seen = {}
        for key, value in values.items():
            last_value, seconds = self._seen.get(key, (None, 0.0))
            seen[key] = (value, seconds + passed if key in self._seen and last_value == value else 0.0)
        self._seen = seen
        return {key: seconds for key, (_, seconds) in seen.items()}

    def forget(self) -> None:
        self._seen.clear()


class LeaseObserver:
    """Finds rows in hand whose worker died: their lease was not renewed while this process looked on."""

    def __init__(self) -> None:
        self._staleness = Staleness(settings.LEASE_SECONDS / 4)  # a lease is renewed as often: see Heartbeat

    def find_abandoned(self, in_hand: Collection[uuid.UUID] = ()) -> list[Leased]:
        """Without what the caller has in hand. Call it several times in each LEASE_SECONDS."""
        claimed = [row for row in read_claimed() if row.pk not in in_hand]
        stale_seconds = self._staleness.update(
            {row.pk: (row.claim_token, row.lease_expires_at) for row in claimed}
        )
        return [row for row in claimed if stale_seconds[row.pk] >= patience_seconds(row)]

    def forget(self) -> None:
        """Starts anew: the database was out of reach, so that nobody could renew a lease."""
        self._staleness.forget()


def read_claimed() -> list[Leased]:
    claimed_takes, joining = in_hand(Take).only(*LEASE_FIELDS), in_hand(Generation)
    return [*claimed_takes, *joining.only(*LEASE_FIELDS, "audio_format")]


def in_hand(model: type[LeasedRow]) -> QuerySet[LeasedRow]:
    """Of a take the status tells, so that none is lost that runs and has no claim, as no code here leaves one."""
    rows = model._default_manager.order_by()
    return rows.filter(status=Status.RUNNING) if model is Take else rows.filter(claim_token__isnull=False)


LEASE_FIELDS = ("claim_token", "lease_expires_at", "attempts")


def patience_seconds(row: Leased) -> float:
    """How long a lease has to stay as it is. Where its time is up, half is enough to see that no clock has jumped."""
    expires_at = row.lease_expires_at
    is_up = expires_at is None or expires_at < timezone.now()
    return settings.LEASE_SECONDS / 2 if is_up else settings.LEASE_SECONDS
