"""Places for those who listen, where a limit says how many may: rows, so that all web processes agree.

A process renews the leases of its listeners. Of one that was killed they run out. Leases go by the clock of the
database, as those of web machines differ.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Now

from cloning.jobs.limits import Allowance, LimitError
from cloning.models import ListeningPlace

LEASE = timedelta(seconds=30)
RENEW_SECONDS = 10.0
RETRY_AFTER_SECONDS = 15
MAX_TRIES = 10
"""Each is lost only to another who took the place that was free."""


def take(allowances: Sequence[Allowance]) -> uuid.UUID:
    """The hold by which the places are renewed and given back. Raises LimitError; none is taken then."""
    hold = uuid.uuid4()
    for each in allowances:
        if not take_place(each, hold):
            give_back(hold)
            raise LimitError(
                f"As many are listening as may: {each.most}. Stop one first.",
                retry_after_seconds=RETRY_AFTER_SECONDS,
            )
    return hold


def take_place(allowance: Allowance, hold: uuid.UUID) -> bool:
    places = ListeningPlace.objects.filter(subject=allowance.subject)
    for _ in range(MAX_TRIES):
        taken = set(places.filter(lease_expires_at__gt=Now()).values_list("number", flat=True))
        number = next((number for number in range(allowance.most) if number not in taken), None)
        if number is None or len(taken) >= allowance.most:
            return False
        if take_free(places.filter(number=number), allowance.subject, number, hold):
            return True
    return False


def take_free(place: "QuerySet[ListeningPlace]", subject: str, number: int, hold: uuid.UUID) -> bool:
    """Whether nobody was quicker."""
    expired = place.filter(lease_expires_at__lte=Now())
    if expired.update(hold=hold, lease_expires_at=Now() + LEASE):
        return True
    row = ListeningPlace(subject=subject, number=number, hold=hold, lease_expires_at=Now() + LEASE)
    ListeningPlace.objects.bulk_create([row], ignore_conflicts=True)
    return place.filter(hold=hold).exists()


def renew(holds: Collection[uuid.UUID]) -> None:
    ListeningPlace.objects.filter(hold__in=holds).update(lease_expires_at=Now() + LEASE)


def give_back(hold: uuid.UUID) -> None:
    ListeningPlace.objects.filter(hold=hold).delete()


def forget_old() -> None:
    ListeningPlace.objects.filter(lease_expires_at__lte=Now()).delete()
