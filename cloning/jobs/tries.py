"""How often something may be tried, whichever web process is asked: rows, by the clock of the database."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Greatest, Now
from django.utils.crypto import salted_hmac

from cloning.models import Tried

MAX_ROUNDS = 3
"""A round is lost only where another process tries the same key at the same moment."""


@dataclass(frozen=True)
class Throttle:
    """For each key some times at once, then once every so many seconds (the generic cell rate algorithm).

    As `cloning.throttling.Throttle`, which is for what must not reach the database.
    """

    name: str  # what is tried; keys of two names are two
    burst: int
    interval_seconds: float

    def take(self, key: Hashable) -> float:
        """0 when it may happen now, which counts; else in how many seconds it may, which does not count."""
        interval = timedelta(seconds=self.interval_seconds)
        tolerance = interval * (self.burst - 1)
        rows = Tried.objects.filter(key=self.hash_of(key))
        for _ in range(MAX_ROUNDS):
            allowed = rows.filter(due_at__lte=Now() + tolerance)
            if allowed.update(due_at=Greatest(F("due_at"), Now()) + interval):
                return 0.0
            first = {"due_at": Now() + interval}
            _row, is_new = Tried.objects.get_or_create(key=self.hash_of(key), defaults=first)
            if is_new:
                return 0.0
            ahead = ExpressionWrapper(F("due_at") - Now(), output_field=DurationField())
            wait = next(iter(rows.values_list(ahead, flat=True)), timedelta()) - tolerance
            if wait > timedelta():
                return wait.total_seconds()
        return 1.0  # others were quicker each time

    def give_back(self, key: Hashable) -> None:
        """What was taken once does not count."""
        interval = timedelta(seconds=self.interval_seconds)
        Tried.objects.filter(key=self.hash_of(key)).update(due_at=F("due_at") - interval)

    def hash_of(self, key: Hashable) -> str:
        return salted_hmac("cloning.tries", f"{self.name} {key}", algorithm="sha256").hexdigest()


def forget_old() -> None:
    Tried.objects.filter(due_at__lte=Now()).delete()
