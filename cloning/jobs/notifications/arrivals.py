"""All who wait in one event loop, woken by one subscription."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from cloning.jobs.notifications.subscription import Subscription

WAIT_SECONDS = 10.0


class Arrivals:
    """A context for as long as the loop runs. Its one thread starts with the first who waits; make it after forking."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._thread: threading.Thread | None = None
        self._subscription: Subscription | None = None
        self._is_closing = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def of(self, topic: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the topic comes. Clear it, then look at the rows, then wait for it for 1 s."""
        self._start()
        event = asyncio.Event()
        self._waiting.setdefault(topic, set()).add(event)
        try:
            yield event
        finally:
            waiting = self._waiting[topic]
            waiting.remove(event)
            if not waiting:
                del self._waiting[topic]

    def close(self) -> None:
        """Ends the thread; while the database is away, after `postgresql.CONNECT_SECONDS` at the latest."""
        self._is_closing = True
        if self._subscription:
            self._subscription.interrupt()
        if self._thread:
            self._thread.join()

    def _start(self) -> None:
        if self._thread is None and not self._is_closing:
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._listen, args=[loop], name="arrivals", daemon=True)
            self._thread.start()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        with Subscription() as self._subscription, suppress(RuntimeError):  # the loop was closed before this
            while not self._is_closing:
                if topics := self._subscription.wait(WAIT_SECONDS):
                    loop.call_soon_threadsafe(self._wake, topics)

    def _wake(self, topics: set[str]) -> None:
        for topic in topics:
            for event in self._waiting.get(topic, ()):
                event.set()
