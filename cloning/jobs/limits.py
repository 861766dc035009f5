"""What somebody may still do (ADR 34). Counted in the database, so that all web processes agree.

Nothing is counted, or looked up but for the limits of roles, where there is no limit.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.acting import Actor, current_actor
from cloning.models import Charge, Generation, Reference, Status, Take, Usage, VoiceConsent
from cloning.quantities import WINDOW_SECONDS, Kind, Quantity

BYTES_PER_SECOND = 48_000
"""Of the WAV files that speech is stored in: one for each take, and the joined one, which may be smaller."""
MB = 1_000_000
WAITING_RETRY_SECONDS = 15
ACTIVE = [Status.QUEUED, Status.RUNNING]
KEEP_WINDOWS = timedelta(days=2)


@dataclass(frozen=True)
class Tally:
    """What somebody uses of something, window by window."""

    subject: str
    quantity: Quantity

    @property
    def window_start(self) -> datetime:
        seconds = WINDOW_SECONDS[self.quantity]
        return datetime.fromtimestamp(timezone.now().timestamp() // seconds * seconds, UTC)

    @property
    def seconds_left(self) -> int:
        """Until the window is over."""
        end = self.window_start + timedelta(seconds=WINDOW_SECONDS[self.quantity])
        return max(1, math.ceil((end - timezone.now()).total_seconds()))

    @property
    def rows(self) -> QuerySet[Usage]:
        return Usage.objects.filter(
            subject=self.subject, quantity=self.quantity, window_start=self.window_start
        )

    def read_used(self) -> int:
        return self.rows.values_list("used", flat=True).first() or 0

    def begin(self) -> None:
        """Sees to a row for this window; another process may be quicker."""
        row = Usage(subject=self.subject, quantity=self.quantity, window_start=self.window_start)
        Usage.objects.bulk_create([row], ignore_conflicts=True)

    def add(self, amount: int) -> None:
        self.begin()
        self.rows.update(used=F("used") + amount)


@dataclass(frozen=True)
class Allowance(Tally):
    """A limit that somebody has."""

    kind: Kind
    most: int

    def take(self, amount: int) -> bool:
        """Whether there was so much left; it is used then."""
        if self.take_begun(amount):
            return True
        self.begin()
        return self.take_begun(amount)

    def take_begun(self, amount: int) -> bool:
        return bool(self.rows.filter(used__lte=self.most - amount).update(used=F("used") + amount))


@dataclass(frozen=True)
class Standing:
    """How much of a limit is used."""

    allowance: Allowance
    used: int

    @property
    def left(self) -> int:
        return max(0, self.allowance.most - self.used)


class LimitError(GenerationError):
    """Says which limit, where it is one that comes back by itself."""

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: int,
        standing: Standing | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(
            ErrorCode.LIMIT_REACHED, message, field=field, retry_after_seconds=retry_after_seconds
        )
        self.standing = standing


def find_allowances(quantity: Quantity, actor: Actor | None = None) -> Iterator[Allowance]:
    actor = actor or current_actor()
    for kind, subject in actor.subjects.items():
        if most := actor.limits[kind].get(quantity):
            yield Allowance(subject, quantity, kind, most)


def read_standings(quantity: Quantity) -> list[Standing]:
    return [Standing(each, each.read_used()) for each in find_allowances(quantity)]


def count_request() -> list[Standing]:
    """One more, and what is left of the limits that there are. Raises LimitError."""
    allowances = list(find_allowances(Quantity.REQUESTS))
    if not allowances:
        return []
    with transaction.atomic():
        for each in allowances:
            if not each.take(1):
                seconds = each.seconds_left
                raise LimitError(
                    f"These are too many requests: at most {each.most} a minute. Try again in {seconds} s.",
                    retry_after_seconds=seconds,
                    standing=Standing(each, each.most),
                )
    return read_standings(Quantity.REQUESTS)


def count_characters(count: int) -> None:
    """Of a text, in the transaction that queues it: what is not queued is not counted. Raises LimitError."""
    for each in find_allowances(Quantity.CHARACTERS):
        if not each.take(count):
            standing = Standing(each, each.read_used())
            raise LimitError(
                f"This text has {count} characters; of {each.most} a day {standing.left} are left.",
                retry_after_seconds=each.seconds_left,
                standing=standing,
                field="text",
            )


def require_speech() -> None:
    """What begins below the limit is spoken to its end: how long that is is known afterwards. Raises LimitError."""
    for standing in read_standings(Quantity.SPEECH):
        if not standing.left:
            most = standing.allowance.most
            raise LimitError(
                f"The {most} seconds of speech that there are a day are used up. Try again tomorrow.",
                retry_after_seconds=standing.allowance.seconds_left,
                standing=standing,
                field="text",
            )


def require_place() -> None:
    """Raises LimitError where as many wait as may. The caller holds the lock of the queue."""
    for each in find_allowances(Quantity.WAITING):
        waiting = Charge.objects.filter(subject=each.subject, generation__status__in=ACTIVE)
        if waiting.count() >= each.most:
            raise LimitError(
                f"As many are waiting as may: {each.most}. Wait until one has ended.",
                retry_after_seconds=WAITING_RETRY_SECONDS,
            )


def charge(generation: Generation) -> None:
    """Has a generation that was queued count among those that wait, and its speech for the limits of the day."""
    rows = [Charge(generation=generation, subject=subject) for subject in find_charged()]
    Charge.objects.bulk_create(rows, ignore_conflicts=True)


def find_charged() -> list[str]:
    """For whom what is queued now counts."""
    limited = (Quantity.WAITING, Quantity.SPEECH)
    return sorted({each.subject for quantity in limited for each in find_allowances(quantity)})


def count_speech(generation: Generation, seconds: float) -> None:
    """What a worker has spoken, for those who are charged with it. It may be more than the limit."""
    for row in Charge.objects.filter(generation=generation).order_by("subject"):
        Tally(row.subject, Quantity.SPEECH).add(math.ceil(seconds))


def require_storage() -> None:
    """Raises LimitError where as much is stored as may."""
    actor = current_actor()
    for each in find_allowances(Quantity.STORED, actor):
        owner = Q(owner=actor.person) if each.kind is Kind.USER else Q()
        if measure_stored(owner) >= each.most * MB:
            raise LimitError(
                f"The {each.most} MB that may be stored are full: delete something first.",
                retry_after_seconds=WAITING_RETRY_SECONDS,
            )


def measure_stored(owner: Q) -> int:
    """Bytes of clips, consents and speech, as if all of it were stored as WAV."""
    mine = Generation.objects.filter(owner)
    clips = sum(
        rows.filter(owner).aggregate(sum=Sum("size_bytes"))["sum"] or 0
        for rows in (Reference.objects, VoiceConsent.objects)
    )
    joined = mine.aggregate(sum=Sum("duration_seconds"))["sum"] or 0.0
    takes = Take.objects.filter(segment__generation__in=mine) if owner else Take.objects.all()
    spoken = takes.aggregate(sum=Sum("duration_seconds"))["sum"] or 0.0
    return clips + int((joined + spoken) * BYTES_PER_SECOND)


def forget_old() -> None:
    """Windows that are over, and charges of what is spoken."""
    Usage.objects.filter(window_start__lt=timezone.now() - KEEP_WINDOWS).delete()
    ended = Charge.objects.exclude(generation__status__in=ACTIVE)
    spoken_again = Take.objects.filter(status__in=ACTIVE).values("segment__generation")
    ended.exclude(generation__in=spoken_again).delete()
