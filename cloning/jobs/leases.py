"""Whose lease ran out, told without a wall clock: those jump, and differ between machines."""

import time
from collections.abc import Collection, Hashable, Mapping
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from cloning.models import Generation, Status


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
    """Finds running generations whose worker died: their lease was not renewed while this process looked on."""

    def __init__(self) -> None:
        self._staleness = Staleness(settings.LEASE_SECONDS / 4)  # a lease is renewed as often: see Heartbeat

    def abandoned(self, in_hand: Collection[UUID] = ()) -> list[Generation]:
        """The oldest first, without what the caller has in hand. Call it several times in each LEASE_SECONDS."""
        running = list(
            Generation.objects.filter(status=Status.RUNNING)
            .exclude(pk__in=in_hand)
            .order_by("created_at")
            .only("status", "claim_token", "lease_expires_at", "attempts", "audio_format")
        )
        stale_seconds = self._staleness.update({g.pk: (g.claim_token, g.lease_expires_at) for g in running})
        return [
            generation
            for generation in running
            if stale_seconds[generation.pk] >= patience_seconds(generation)
        ]

    def forget(self) -> None:
        """Starts anew: the database was out of reach, so that nobody could renew a lease."""
        self._staleness.forget()


def patience_seconds(generation: Generation) -> float:
    """How long a lease has to stay as it is. Where its time is up, half is enough to see that no clock has jumped."""
    expires_at = generation.lease_expires_at
    is_up = expires_at is None or expires_at < timezone.now()
    return settings.LEASE_SECONDS / 2 if is_up else settings.LEASE_SECONDS
