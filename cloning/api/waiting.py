"""Calls that wait until generations have ended, which workers take before others meanwhile.

A notification wakes them; one small query for all of them, once a second, finds what came without one.
"""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from django.db import DatabaseError, connections

from cloning.jobs import state
from cloning.jobs.notifications import Arrivals
from cloning.models import Generation

POLL_SECONDS = 1.0
THREAD_POLL_SECONDS = 0.2
TELL_SECONDS = 5.0

_waiting: dict[UUID, set[asyncio.Event]] = {}
_polling: asyncio.Task[None] | None = None


async def until_ended(pk: UUID, timeout_seconds: float, arrivals: Arrivals) -> None:
    """Returns when the generation has ended or is gone, and at the latest after the time given."""
    global _polling
    with arrivals.of(str(pk)) as news, suppress(TimeoutError):
        _waiting.setdefault(pk, set()).add(news)
        if _polling is None or _polling.done():
            _polling = asyncio.create_task(poll())
        try:
            async with asyncio.timeout(timeout_seconds):
                while True:
                    news.clear()
                    if await asyncio.to_thread(ended_of, [pk]):
                        return
                    await news.wait()
        finally:
            _waiting[pk].discard(news)
            if not _waiting[pk]:
                del _waiting[pk]


async def poll() -> None:
    """Wakes those who wait for what has ended, and tells the workers what is waited for."""
    tell_at = 0.0
    while _waiting:
        if time.monotonic() >= tell_at:
            tell_at = time.monotonic() + TELL_SECONDS
            await asyncio.to_thread(tell_workers, list(_waiting))
        await asyncio.sleep(POLL_SECONDS)
        for pk in await asyncio.to_thread(ended_of, list(_waiting)):
            for news in _waiting.get(pk, ()):
                news.set()


def ended_of(pks: Iterable[UUID]) -> set[UUID]:
    """Those of the generations that have ended or are gone; none while the database can't say."""
    try:
        active = Generation.objects.active().filter(pk__in=pks).values_list("pk", flat=True)
        return set(pks) - set(active)
    except DatabaseError:
        return set()
    finally:
        connections.close_all()


def tell_workers(pks: list[UUID]) -> None:
    with suppress(DatabaseError):  # it is said again
        state.await_generations(pks)
    connections.close_all()


def wait_until_ended(pk: UUID, timeout_seconds: float) -> None:
    """The same, in a thread that does nothing else meanwhile."""
    give_up_at = time.monotonic() + timeout_seconds
    tell_at = time.monotonic() + TELL_SECONDS
    while time.monotonic() < give_up_at and Generation.objects.active().filter(pk=pk).exists():
        if time.monotonic() >= tell_at:
            tell_at = time.monotonic() + TELL_SECONDS
            state.await_generations([pk])
        time.sleep(THREAD_POLL_SECONDS)
