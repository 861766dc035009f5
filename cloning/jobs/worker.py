"""One worker process that asks the table for work until it is told to stop.

The queue is the table of takes itself: a worker claims rows by guarded UPDATE, so there is no second record of a job
that could disagree with the first, and a row can neither be lost nor be run twice.
"""

import logging
import math
import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from types import FrameType

from django.db import Error as DatabaseError
from django.db import close_old_connections

from cloning.engines import registry
from cloning.jobs import joins, scheduling
from cloning.jobs.notifications import WORK, Subscription
from cloning.jobs.process import LOOP_SECONDS, PAUSE_SECONDS, WorkerProcess
from cloning.jobs.scheduling import Kind
from cloning.models import Generation, Leased, Take

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0  # a notification comes sooner


class WorkerLoop:
    """Works until it is told to stop, on several takes at once where the engine gains by it."""

    def __init__(self, kinds: frozenset[Kind] = frozenset(Kind)) -> None:
        self.stopping = threading.Event()
        self.process = WorkerProcess(self.stopping.is_set)
        self.notifications = Subscription(WORK)
        self._kinds = kinds
        self._in_hand: dict[Future[None], Leased] = {}

    def stop(self, _signal_number: int = 0, _frame: FrameType | None = None) -> None:
        self.stopping.set()
        self.notifications.interrupt()

    def run(self) -> None:
        with self.notifications:
            for signal_number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(signal_number, self.stop)
            with self.process.ready():
                self._work()

    def _work(self) -> None:
        heartbeat = self.process.heartbeat
        with ThreadPoolExecutor(max_workers=64, thread_name_prefix="work") as pool:  # its end waits for them
            while not self.stopping.is_set():
                heartbeat.expect_within(LOOP_SECONDS)
                try:
                    close_old_connections()
                    self.process.sweep_when_due(pool)
                    self.process.advance_when_due(pool)
                    self.process.measure_when_due(pool, self.notifications.interrupt)
                    self.process.feed_when_due(pool)
                    self.process.deliver_when_due(pool)
                    if row := self._claim_next():
                        self._begin(pool, row)
                        continue
                except DatabaseError as error:
                    logger.warning("The database did not answer: %s", error)
                    self.process.leases.forget()
                except Exception:  # about one row, say: that must not end the work on all others
                    logger.exception("The worker goes on after an error")
                    self.stopping.wait(PAUSE_SECONDS)
                self.notifications.wait(POLL_SECONDS)
            heartbeat.expect_within(math.inf)

    def _begin(self, pool: ThreadPoolExecutor, row: Leased) -> None:
        future = pool.submit(self.process.perform, row)
        self._in_hand[future] = row
        future.add_done_callback(lambda _: self.notifications.interrupt())

    def _claim_next(self) -> Leased | None:
        self.process.worker.engine = registry.selected().name  # what it claims, it speaks with
        self._in_hand = {future: row for future, row in self._in_hand.items() if not future.done()}
        in_hand = self._in_hand.values()
        self.process.release_abandoned([row.pk for row in in_hand])
        if not any(isinstance(row, Generation) for row in in_hand) and (due := joins.claim_next()):
            return due
        takes_in_hand = sum(isinstance(row, Take) for row in in_hand)
        if takes_in_hand >= registry.selected().takes_at_once:
            return None
        return scheduling.claim_next(kinds=self._kinds)
