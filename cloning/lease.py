"""The heartbeat of a worker process: it shows the worker alive, renews the lease of its generation, ends what overruns.

One thread for as long as the worker lives. It knows no audio and no engine.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from cloning.models import Generation, Worker

logger = logging.getLogger(__name__)

EXIT_HUNG = 70
GRACE_SECONDS = 60.0  # for the segment in hand when its generation was cancelled


class ClaimLostError(Exception):
    """The generation was cancelled or taken by another worker: drop the work."""


class Heartbeat(threading.Thread):
    """Beats until `stop()`. `watching(generation)` ties it to the generation in hand.

    Python can't interrupt a thread that computes, so a generation that does not end, by its deadline or in the grace
    after it lost its claim, ends the whole process: the supervisor starts a new one, and the row tells the rest.
    """

    def __init__(self, worker: Worker | None = None, *, grace_seconds: float = GRACE_SECONDS) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self.worker = worker
        self.grace_seconds = grace_seconds
        self.interval_seconds = min(5.0, settings.LEASE_SECONDS / 4)
        self._generation: Generation | None = None
        self._end_by = float("inf")
        self._stopped = threading.Event()
        self._lock = (
            threading.Lock()
        )  # held while beating, so that a generation is never renewed after it was let go

    @contextmanager
    def watching(self, generation: Generation) -> Iterator[None]:
        # An instance of its own: the worker's thread writes attributes of the other one.
        with self._lock:
            self._generation = Generation.objects.get(pk=generation.pk)
            self._generation.claim_token = generation.claim_token
            self._end_by = time.monotonic() + settings.DEADLINE_SECONDS
        try:
            yield
        finally:
            with self._lock:
                self._generation = None
                self._end_by = float("inf")

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def run(self) -> None:
        while not self._stopped.wait(self.interval_seconds):
            with self._lock:
                try:
                    close_old_connections()
                    self._beat()
                except (
                    DatabaseError
                ) as error:  # a locked or restarting database: the lease outlasts a few misses
                    logger.warning("Heartbeat missed: %s", error)
                self._end_if_overrun()
        connection.close()

    def _beat(self) -> None:
        if self.worker:
            self.worker.beat()
        if self._generation and not self._generation.renew_lease():
            self._end_by = min(self._end_by, time.monotonic() + self.grace_seconds)

    def _end_if_overrun(self) -> None:
        if time.monotonic() < self._end_by or self._generation is None:
            return
        try:
            self._generation.fail(
                "deadline_exceeded",
                f"This took longer than {settings.DEADLINE_SECONDS:.0f} seconds and was ended. Try a shorter text.",
            )
        finally:
            logger.error("Generation %s did not end in time: ending this worker.", self._generation.pk)
            os._exit(EXIT_HUNG)
