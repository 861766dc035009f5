"""The heartbeat of a worker process: shows it alive, renews the leases of what it has in hand, ends what overruns.

One thread for as long as the worker lives. It knows no audio and no engine.
"""

import logging
import math
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
from cloning.jobs import leases
from cloning.jobs.work import fail, release
from cloning.models import Leased, Take, Worker

logger = logging.getLogger(__name__)

EXIT_HUNG = 70
GRACE_SECONDS = 60.0  # for the sentence in hand when its generation was cancelled


@dataclass
class Watch:
    row: Leased
    end_by: float  # on the monotonic clock


class Heartbeat(threading.Thread):
    """Beats until `stop()`. `watching(row)` ties it to a row in hand, of which there may be several.

    Python can't interrupt a thread that computes, so a sentence that does not end, by its deadline or in the grace
    after it lost its claim, ends the whole process: the supervisor starts a new one, and the rows tell the rest. So
    does the worker's own loop when it does not keep what it said by `expect_within`.
    """

    def __init__(self, worker: Worker | None = None, *, grace_seconds: float = GRACE_SECONDS) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self.worker = worker
        self.grace_seconds = grace_seconds
        self.interval_seconds = min(5.0, settings.LEASE_SECONDS / 4)
        self._watches: list[Watch] = []
        self._loop_due_at = math.inf
        self._stopped = threading.Event()
        # Held while beating, so that a row is never renewed after it was let go.
        self._lock = threading.Lock()

    @contextmanager
    def watching(self, row: Leased) -> Iterator[None]:
        # An instance of its own: the worker's thread writes attributes of the other one.
        claimed = type(row)(id=row.id, claim_token=row.claim_token, attempts=row.attempts)
        if isinstance(row, Take) and isinstance(claimed, Take):
            claimed.segment_id = row.segment_id
        watch = Watch(claimed, time.monotonic() + settings.DEADLINE_SECONDS)
        with self._lock:
            self._watches.append(watch)
        try:
            yield
        finally:
            with self._lock:
                self._watches.remove(watch)

    def expect_within(self, seconds: float) -> None:
        """The worker's loop will call this again within so many seconds; else it hangs."""
        self._loop_due_at = time.monotonic() + seconds

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def run(self) -> None:
        while True:
            with self._lock:
                self._beat()
                self._end_what_overran()
            if self._stopped.wait(self.interval_seconds):
                break
        connection.close()

    def _beat(self) -> None:
        """Whatever fails for one row fails for no other. The lease outlasts a few misses."""
        close_old_connections()
        for watch in self._watches:
            with _logged("Lease of %s not renewed", watch.row.pk):
                if not leases.renew_lease(watch.row):
                    watch.end_by = min(watch.end_by, time.monotonic() + self.grace_seconds)
        if self.worker:
            with _logged("Heartbeat missed"):
                self.worker.beat()

    def _end_what_overran(self) -> None:
        now = time.monotonic()
        for watch in self._watches:
            if now >= watch.end_by:
                logger.error("%s did not end in time: ending this worker.", watch.row.pk)
                self._end_process(overrun=watch)
        if now >= self._loop_due_at:
            logger.error("The worker's loop hangs: ending this worker.")
            self._end_process()

    def _end_process(self, overrun: Watch | None = None) -> None:
        try:
            if overrun:
                message = (
                    f"A sentence took longer than {settings.DEADLINE_SECONDS:.0f} seconds and was ended. "
                    "Try a shorter one."
                )
                fail(overrun.row, ErrorCode.DEADLINE_EXCEEDED, message)
            for watch in self._watches:
                release(watch.row)  # the others are not to blame: no attempt is counted
        finally:
            os._exit(EXIT_HUNG)


@contextmanager
def _logged(message: str, *arguments: object) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:  # locked or restarting
        logger.warning(f"{message}: %s", *arguments, error)
    except Exception:
        logger.exception(message, *arguments)
