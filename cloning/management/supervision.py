"""Child processes that are kept running: started again when they end, and ended when they show no life."""

import contextlib
import ctypes
import logging
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.core.management.base import CommandError
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from cloning.jobs.leases import Staleness
from cloning.models import Worker

logger = logging.getLogger(__name__)

QUICK_DEATH_SECONDS = 10.0
MAX_QUICK_DEATHS = 5
FORGIVEN_SECONDS = 300.0  # who has run for as long dies for the first time again
MAX_PAUSE_SECONDS = 60.0
STOP_SECONDS = 15.0  # for the request or the segment in hand; then SIGKILL, and leases take care of the rest
MIN_FROZEN_SECONDS = 60.0  # a machine that swaps can be silent for long
CHECK_SECONDS = 5.0
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Linux: the child gets SIGTERM even when the supervisor is killed. Elsewhere nothing of the kind exists."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """A process that is started again when it ends, after a pause that doubles with each death in a row."""

    name: str
    command: list[str]
    is_frozen: Callable[[int], bool] = lambda pid: False
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = field(default_factory=time.monotonic)
    deaths: int = 0  # in a row
    quick_deaths: int = 0  # of these the last

    def start(self) -> None:
        # A session of its own: Ctrl-C reaches the supervisor alone, which then stops its children in order.
        self.process = subprocess.Popen(self.command, start_new_session=True, preexec_fn=die_with_parent)
        self.started_at = time.monotonic()

    def look_after(self) -> None:
        """Starts the process when it is due. Raises CommandError after the fifth quick death in a row."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_at:
                self.start()
        elif (exit_code := self.process.poll()) is not None:
            self._plan_restart(now - self.started_at, exit_code)
        elif self.is_frozen(self.process.pid):
            logger.error("The %s shows no life any more and is killed", self.name)
            self._kill()

    def _plan_restart(self, ran_seconds: float, exit_code: int) -> None:
        self.deaths = self.deaths + 1 if ran_seconds < FORGIVEN_SECONDS else 1
        self.quick_deaths = self.quick_deaths + 1 if ran_seconds <= QUICK_DEATH_SECONDS else 0
        if self.quick_deaths >= MAX_QUICK_DEATHS:
            raise CommandError(
                f"The {self.name} ended {MAX_QUICK_DEATHS} times within {QUICK_DEATH_SECONDS:.0f} seconds of its "
                f"start, last with exit code {exit_code}. Its own message is above."
            )
        pause_seconds = min(MAX_PAUSE_SECONDS, 2.0**self.deaths - 1)
        logger.warning(
            "The %s ended with exit code %s; starting it again in %.0f s", self.name, exit_code, pause_seconds
        )
        self.process, self.start_at = None, time.monotonic() + pause_seconds

    def ask_to_stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def wait(self, until: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            logger.warning("The %s did not stop in %.0f s and was killed", self.name, STOP_SECONDS)
            self._kill()
            self.process.wait()

    def _kill(self) -> None:
        """With all that it has started: a process that is stopped can't do so itself."""
        assert self.process
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


class WorkerWatch:
    """Tells whether the worker process on this machine is stopped or hangs: its row then stays as it is.

    The row holds a time, but only whether it changes counts: clocks jump.
    """

    def __init__(self) -> None:
        self._staleness = Staleness(2 * CHECK_SECONDS)
        self._next_check_at = 0.0

    def is_frozen(self, pid: int) -> bool:
        if time.monotonic() < self._next_check_at:
            return False
        self._next_check_at = time.monotonic() + CHECK_SECONDS
        try:
            rows = Worker.objects.filter(host=socket.gethostname(), pid=pid).order_by("pk")
            stale_seconds = self._staleness.update({pid: list(rows.values_list("pk", "seen_at"))})[pid]
            if stale_seconds < max(MIN_FROZEN_SECONDS, 4 * settings.LEASE_SECONDS):
                return False
            check_database_is_writable()
        except DatabaseError as error:  # so the worker could not show itself either
            logger.warning("The database did not answer: %s", error)
            self._staleness.forget()
            return False
        finally:
            connection.close()
        return True


def check_database_is_writable() -> None:
    """Raises DatabaseError. Something new is written: on a full disk there may be room left for a change."""
    long_ago = timezone.now() - timedelta(days=1)
    Worker.objects.create(host=socket.gethostname(), pid=os.getpid(), seen_at=long_ago).delete()
