"""Which sentence is spoken next."""

import enum
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, ExpressionWrapper, F, IntegerField, Max, QuerySet
from django.db.models.lookups import GreaterThanOrEqual
from django.utils import timezone

from cloning.engines import registry
from cloning.jobs import takes
from cloning.models import Channel, Generation, Stage, Status, Take, Worker

HEAD_START = timedelta(seconds=5)
"""Who comes new goes before everybody who had a turn within this time, and after those who have waited longer."""
REMEMBERED = timedelta(minutes=10)
"""For how long a turn of a user counts after their generation has ended."""
NOT_SPEAKING_YET = (Stage.PREPARING, Stage.LOADING, Stage.CONDITIONING)


class Kind(enum.StrEnum):
    """Of a generation: whether somebody sits in front of it. A worker may be kept for one of both."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


def kind_of(generation: Generation) -> Kind:
    is_interactive = (
        generation.requested_via == Channel.PAGE or generation.is_streamed or generation.is_awaited
    )
    return Kind.INTERACTIVE if is_interactive else Kind.BATCH


@dataclass(frozen=True)
class Candidate:
    """A generation of which sentences wait."""

    generation_id: uuid.UUID
    user_id: int | None  # all who are not signed in count as one
    created_at: datetime
    served_at: datetime | None  # when its last turn began
    in_hand: int  # of its sentences
    is_awaited: bool  # somebody listens, or waits for the answer
    is_voice_known: bool
    kind: Kind = Kind.BATCH


@dataclass(frozen=True)
class Turns:
    """What each user had."""

    in_hand: dict[int | None, int]
    served_at: dict[int | None, datetime]


def choose_next(candidates: Iterable[Candidate], turns: Turns) -> Candidate | None:
    """Whose next sentence is spoken next.

    First who is listened to. Then users take turns, and then the generations of a user: first who has the fewest
    sentences in hand, then whose last turn was longest ago. Of a voice that is still to be learnt one sentence is
    taken, so that the others do not wait for it in the places of those who could be spoken.
    """
    ready = [each for each in candidates if each.is_voice_known or not each.in_hand]
    entered = {
        each.user_id: each.created_at
        for each in sorted(ready, key=lambda each: each.created_at, reverse=True)
    }

    def order(each: Candidate) -> tuple[object, ...]:
        user_turn = turns.served_at.get(each.user_id) or entered[each.user_id] - HEAD_START
        return (
            not each.is_awaited,
            turns.in_hand.get(each.user_id, 0),
            user_turn,
            each.in_hand,
            each.served_at or each.created_at - HEAD_START,
            each.created_at,
        )

    return min(ready, key=order, default=None)


def claim_next(only: uuid.UUID | None = None, kinds: Collection[Kind] = frozenset(Kind)) -> Take | None:
    """A take for this process to speak; None when there is nothing to do. `only` is a generation."""
    while candidates := [each for each in read_candidates(only) if each.kind in kinds]:
        if (chosen := choose_next(candidates, read_turns())) is None:
            return None
        takes_waiting = waiting().filter(segment__generation=chosen.generation_id)
        take = in_order(takes_waiting).select_related("segment__generation").first()
        if take and takes.claim(take):
            return take
    return None


def in_order(of_one_generation: QuerySet[Take]) -> QuerySet[Take]:
    """Of the text. A sentence at which workers died twice comes last, so that what can be spoken is spoken."""
    is_risky = GreaterThanOrEqual(F("attempts"), 2)
    return of_one_generation.alias(is_risky=is_risky).order_by("is_risky", "segment__index", "number")


def waiting() -> QuerySet[Take]:
    return Take.objects.filter(status=Status.QUEUED, claim_token=None)


def for_this_engine(ids: Collection[uuid.UUID]) -> QuerySet[Generation]:
    """What another engine has begun is left to the workers that have it, as long as one lives."""
    others = Worker.alive().exclude(engine__in=["", registry.selected().name])
    engines_elsewhere = list(others.values_list("engine", flat=True))
    return Generation.objects.kept().filter(pk__in=ids).exclude(engine__in=engines_elsewhere)


def read_candidates(only: uuid.UUID | None = None) -> list[Candidate]:
    of_interest = waiting().filter(segment__generation=only) if only else waiting()
    ids = set(of_interest.order_by().values_list("segment__generation", flat=True).distinct())
    if not ids:
        return []
    running = Take.objects.filter(status=Status.RUNNING).order_by().values_list("segment__generation")
    in_hand = dict(running.annotate(Count("pk")))
    rows = for_this_engine(ids)
    return [
        Candidate(
            generation_id=row.pk,
            user_id=row.owner_id,
            created_at=row.created_at,
            served_at=row.served_at,
            in_hand=in_hand.get(row.pk, 0),
            is_awaited=row.is_awaited,
            is_voice_known=row.stage not in NOT_SPEAKING_YET,
            kind=kind_of(row),
        )
        for row in rows.order_by().only(*CANDIDATE_FIELDS)
    ]


KIND_FIELDS = ("requested_via", "is_streamed", "awaited_until")
CANDIDATE_FIELDS = ("owner", "created_at", "served_at", "stage", *KIND_FIELDS)


def read_turns() -> Turns:
    running = Take.objects.filter(status=Status.RUNNING).order_by()
    in_hand = running.values_list("segment__generation__owner").annotate(Count("pk"))
    served = Generation.objects.filter(served_at__gte=timezone.now() - REMEMBERED).order_by()
    owner = ExpressionWrapper(
        F("owner") + 0, IntegerField()
    )  # by its own index SQLite would read all there are
    served_at = served.values_list(owner).annotate(Max("served_at"))
    return Turns(dict(in_hand), dict(served_at))
