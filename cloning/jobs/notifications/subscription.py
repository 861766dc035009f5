"""One who waits for topics."""

import logging
import math
import os
import select
import socket
import time
import weakref
from contextlib import suppress
from types import TracebackType
from typing import Self

from django.db import connection

from cloning.jobs.notifications.fifos import FifoSource
from cloning.jobs.notifications.source import Source

logger = logging.getLogger(__name__)

MIN_PAUSE_SECONDS = 0.25
MAX_PAUSE_SECONDS = 30.0


class Subscription:
    """A context in which the given topics, or all, are waited for, by one thread.

    Where they can't be listened to, `wait` waits for its time, and it is tried again after growing pauses. In a
    forked child it begins anew by itself, the parent's is not touched.
    """

    def __init__(self, *topics: str) -> None:
        self._topics = frozenset(topics)

    def __enter__(self) -> Self:
        self._begin()
        _open.add(self)
        self._find_source()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _open.discard(self)
        self._drop_source()
        self._waker.close()
        self._woken.close()

    def wait(self, timeout_seconds: float) -> set[str]:
        """The topics that came since the last call, each once, as soon as there is one.

        None after the timeout or an interruption. While the database is away, it may take
        `postgresql.CONNECT_SECONDS` longer.
        """
        give_up_at = time.monotonic() + timeout_seconds
        while True:
            source = self._find_source()
            is_interrupted, topics = self._poll(
                source, give_up_at if source else min(give_up_at, self._retry_at)
            )
            if self._topics:
                topics &= self._topics
            if topics or is_interrupted or time.monotonic() >= give_up_at:
                return topics

    def interrupt(self) -> None:
        """Lets `wait` return now, or the next one at once. For other threads and for signal handlers."""
        with suppress(OSError):  # many have called already, or the context has ended
            self._waker.send(b"\0")

    def begin_in_child(self) -> None:
        """For the fork."""
        with suppress(OSError):
            if self._source:
                self._source.abandon()
        self._waker.close()
        self._woken.close()
        self._begin()

    def _begin(self) -> None:
        self._source: Source | None = None
        self._found_at = self._retry_at = 0.0
        self._pause_seconds = MIN_PAUSE_SECONDS
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)

    def _find_source(self) -> Source | None:
        if self._source and self._source.is_reachable():
            return self._source
        self._drop_source()
        if time.monotonic() >= self._retry_at:
            try:
                self._source = open_source()
                self._found_at = time.monotonic()
                self._retry_at = 0.0 if self._source else math.inf
            except OSError as error:
                self._retry_later(error)
        return self._source

    def _poll(self, source: Source | None, until: float) -> tuple[bool, set[str]]:
        """Whether it was interrupted, and what came."""
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        if source:
            poll.register(source.fileno(), select.POLLIN)
        ready = [descriptor for descriptor, _ in poll.poll(max(0.0, until - time.monotonic()) * 1000)]
        is_interrupted, topics = self._woken.fileno() in ready, set()
        if is_interrupted:
            self._woken.recv(4096)
        if source and source.fileno() in ready:
            try:
                topics = source.read()
            except OSError as error:
                self._drop_source()
                self._retry_later(error)
        return is_interrupted, topics

    def _drop_source(self) -> None:
        with suppress(OSError):
            if self._source:
                self._source.close()
        self._source = None

    def _retry_later(self, error: OSError) -> None:
        now = time.monotonic()
        if self._found_at and now - self._found_at > MAX_PAUSE_SECONDS:
            self._pause_seconds = MIN_PAUSE_SECONDS
        if self._pause_seconds == MIN_PAUSE_SECONDS:
            logger.warning("Nothing wakes this process for now, it looks for news by itself: %s", error)
        self._found_at, self._retry_at = 0.0, now + self._pause_seconds
        self._pause_seconds = min(2 * self._pause_seconds, MAX_PAUSE_SECONDS)


def open_source() -> Source | None:
    """By the kind of the database; None where it has none. Raises OSError."""
    if connection.vendor == "sqlite":
        return FifoSource()
    if connection.vendor == "postgresql":
        from cloning.jobs.notifications.postgresql import (
            PostgresqlSource,
        )  # and psycopg, only where it is needed

        return PostgresqlSource()
    return None


_open: "weakref.WeakSet[Subscription]" = weakref.WeakSet()


def _begin_in_child() -> None:
    for subscription in list(_open):
        subscription.begin_in_child()


os.register_at_fork(after_in_child=_begin_in_child)
