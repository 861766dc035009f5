"""Calls that wait until generations have ended: one small query for all of them, a few times a second."""

import asyncio
import time
from collections.abc import Iterable
from uuid import UUID

from django.db import DatabaseError, connections

from cloning.models import Generation

POLL_SECONDS = 0.2

_waiting: dict[UUID, set[asyncio.Future[None]]] = {}
_polling: asyncio.Task[None] | None = None


async def until_ended(pk: UUID, timeout_seconds: float) -> None:
    """Returns when the generation has ended or is gone, and at the latest after the time given."""
    global _polling
    ended = asyncio.get_running_loop().create_future()
    _waiting.setdefault(pk, set()).add(ended)
    if _polling is None or _polling.done():
        _polling = asyncio.create_task(poll())
    try:
        await asyncio.wait_for(ended, timeout_seconds)
    except TimeoutError:
        pass
    finally:
        _waiting[pk].discard(ended)
        if not _waiting[pk]:
            del _waiting[pk]


async def poll() -> None:
    while _waiting:
        await asyncio.sleep(POLL_SECONDS)
        for pk in await asyncio.to_thread(ended_of, list(_waiting)):
            for ended in _waiting.get(pk, ()):
                if not ended.done():
                    ended.set_result(None)


def ended_of(pks: Iterable[UUID]) -> set[UUID]:
    """Those of the generations that have ended or are gone; none while the database can't say."""
    try:
        active = Generation.objects.active().filter(pk__in=pks).values_list("pk", flat=True)
        return set(pks) - set(active)
    except DatabaseError:
        return set()
    finally:
        connections.close_all()


def wait_until_ended(pk: UUID, timeout_seconds: float) -> None:
    """The same, in a thread that does nothing else meanwhile."""
    give_up_at = time.monotonic() + timeout_seconds
    while time.monotonic() < give_up_at and Generation.objects.active().filter(pk=pk).exists():
        time.sleep(POLL_SECONDS)
