"""Deleting that can be undone: hidden at once, and deleted for good once the time to undo it is over.

The moment names what was hidden together. Who deletes by the API or in the admin deletes for good.
"""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from cloning.jobs import state
from cloning.models import Generation
from cloning.storage.local import is_disk_full
from cloning.storage.space import release_reserve

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser

UNDO = timedelta(minutes=5)
APART = timedelta(seconds=30)
"""Between the last moment to undo it and the deletion, so that the two never meet."""


def discard(ids: Collection[uuid.UUID], user: "AnyUser | None") -> datetime | None:
    """Hides those of them that are the user's, and stops what waits or runs.

    The moment of it; None where nothing was there to be hidden.
    """
    now = timezone.now()
    try:
        with transaction.atomic():
            rows = Generation.objects.listed().owned_by(user).filter(pk__in=ids).order_by("pk")
            found = list(rows.select_for_update(of=("self",)).only("pk", "status"))
            for generation in found:
                if generation.is_active:
                    state.cancel(generation)
            hidden = Generation.objects.filter(pk__in=[each.pk for each in found]).update(deleted_at=now)
    except DatabaseError as error:
        if is_disk_full(error) and release_reserve():
            return discard(ids, user)
        raise
    return now if hidden else None


def find_discarded(moment: datetime, user: "AnyUser | None") -> QuerySet[Generation]:
    """What was hidden at that moment and can be had back."""
    return Generation.objects.owned_by(user).filter(deleted_at=moment, deleted_at__gt=timezone.now() - UNDO)


def restore(moment: datetime, user: "AnyUser | None") -> list[uuid.UUID]:
    """Shows again what was hidden at that moment. What was stopped by it stays stopped, and can be continued."""
    with transaction.atomic():
        rows = find_discarded(moment, user).order_by("pk").select_for_update()
        ids = list(rows.values_list("pk", flat=True))
        Generation.objects.filter(pk__in=ids).update(deleted_at=None)
    return ids


def restore_one(pk: uuid.UUID, user: "AnyUser | None") -> bool:
    """Of what was hidden together, this one alone."""
    hidden = Generation.objects.owned_by(user).filter(pk=pk, deleted_at__gt=timezone.now() - UNDO)
    return bool(hidden.update(deleted_at=None))


def find_overdue() -> QuerySet[Generation]:
    """What is to be deleted for good."""
    return Generation.objects.filter(deleted_at__lt=timezone.now() - UNDO - APART)
