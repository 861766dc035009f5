"""The heartbeat of a worker process: shows the worker alive, renews the leases of its generations, ends what overruns.

One thread for as long as the worker lives. It knows no audio and no engine.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from cloning.errors import ErrorCode
from cloning.jobs import state
from cloning.models import Generation, Worker

logger = logging.getLogger(__name__)

EXIT_HUNG = 70
GRACE_SECONDS = 60.0  # for the segment in hand when its generation was cancelled


@dataclass
class Watch:
    generation: Generation
    end_by: float  # on the monotonic clock


class Heartbeat(threading.Thread):
    """Beats until `stop()`. `watching(generation)` ties it to a generation in hand, of which there may be several.

    Python can't interrupt a thread that computes, so a generation that does not end, by its deadline or in the grace
    after it lost its claim, ends the whole process: the supervisor starts a new one, and the rows tell the rest.
    """

    def __init__(self, worker: Worker | None = None, *, grace_seconds: float = GRACE_SECONDS) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self.worker = worker
        self.grace_seconds = grace_seconds
        self.interval_seconds = min(5.0, settings.LEASE_SECONDS / 4)
        self._watches: list[Watch] = []
        self._stopped = threading.Event()
        # Held while beating, so that a generation is never renewed after it was let go.
        self._lock = threading.Lock()

    @contextmanager
    def watching(self, generation: Generation) -> Iterator[None]:
        # An instance of its own: the worker's thread writes attributes of the other one.
        watched = Generation.objects.get(pk=generation.pk)
        watched.claim_token = generation.claim_token
        watch = Watch(watched, time.monotonic() + settings.DEADLINE_SECONDS)
        with self._lock:
            self._watches.append(watch)
        try:
            yield
        finally:
            with self._lock:
                self._watches.remove(watch)

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def run(self) -> None:
        while not self._stopped.wait(self.interval_seconds):
            with self._lock:
                try:
                    close_old_connections()
                    self._beat()
                except DatabaseError as error:  # locked or restarting: the lease outlasts a few misses
                    logger.warning("Heartbeat missed: %s", error)
                for watch in self._watches:
                    if time.monotonic() >= watch.end_by:
                        self._end_process(watch)
        connection.close()

    def _beat(self) -> None:
        if self.worker:
            self.worker.beat()
        for watch in self._watches:
            if not state.renew_lease(watch.generation):
                watch.end_by = min(watch.end_by, time.monotonic() + self.grace_seconds)

    def _end_process(self, overrun: Watch) -> None:
        try:
            state.fail(
                overrun.generation,
                ErrorCode.DEADLINE_EXCEEDED,
                f"This took longer than {settings.DEADLINE_SECONDS:.0f} seconds and was ended. Try a shorter text.",
            )
            for watch in self._watches:
                state.release(watch.generation)  # the others are not to blame: no attempt is counted
        finally:
            logger.error("Generation %s did not end in time: ending this worker.", overrun.generation.pk)
            os._exit(EXIT_HUNG)
