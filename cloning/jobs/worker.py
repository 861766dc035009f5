"""One worker process: speaks takes and joins them until it is told to stop.

The queue is the table of takes itself: a worker claims rows by guarded UPDATE, so there is no second record of a job
that could disagree with the first, and a row can neither be lost nor be run twice.
"""

import logging
import math
import signal
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from os import getpid
from types import FrameType

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.utils import timezone

from cloning.engines import registry
from cloning.jobs import joins, scheduling, sweeping
from cloning.jobs.heartbeat import Heartbeat
from cloning.jobs.leases import LeaseObserver
from cloning.jobs.measuring import find_unmeasured, measure_next
from cloning.jobs.notifications import WORK, Subscription
from cloning.jobs.pipeline import ClaimLostError, StoppingError, perform_join, perform_take, reporter
from cloning.jobs.work import release, release_abandoned
from cloning.logs import about
from cloning.models import Generation, Leased, Take, Worker
from cloning.storage.space import keep_reserve

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0  # a notification comes sooner
PAUSE_SECONDS = 5.0  # after an error that nobody foresaw, so that it does not fill the log
LOOP_SECONDS = 300.0  # for one turn of the loop, however busy machine and database are
SWEEP_SECONDS = 60.0


class WorkerLoop:
    """One worker process: works until it is told to stop, on several takes at once where the engine gains by it."""

    def __init__(self) -> None:
        self.worker = Worker(host=socket.gethostname(), pid=getpid(), engine=registry.selected().name)
        self.heartbeat = Heartbeat(self.worker)
        self.stopping = threading.Event()
        self.notifications = Subscription(WORK)
        self._leases = LeaseObserver()
        self._in_hand: dict[Future[None], Leased] = {}
        self._sweep_at = 0.0
        self._sweeping: Future[None] | None = None
        self._measuring: Future[None] | None = None

    def stop(self, _signal_number: int = 0, _frame: FrameType | None = None) -> None:
        self.stopping.set()
        self.notifications.interrupt()

    def run(self) -> None:
        with self.notifications:
            for signal_number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(signal_number, self.stop)
            self.heartbeat.expect_within(settings.DEADLINE_SECONDS)  # weights are large, and disks slow
            self.heartbeat.start()
            try:
                for obstacle in registry.obstacles():
                    logger.warning("%s Until then speaks: %s.", obstacle, registry.selected().label)
                registry.get_engine()
                logger.info("Worker ready, engine %s", self.worker.engine)
                self._work()
            finally:
                self.heartbeat.stop()
                with suppress(DatabaseError):  # after a day the row is forgotten anyway
                    self.worker.delete()

    def _work(self) -> None:
        with ThreadPoolExecutor(max_workers=64, thread_name_prefix="work") as pool:  # its end waits for them
            while not self.stopping.is_set():
                self.heartbeat.expect_within(LOOP_SECONDS)
                try:
                    close_old_connections()
                    self._sweep_when_due(pool)
                    self._measure_when_due(pool)
                    if row := self._claim_next():
                        self._begin(pool, row)
                        continue
                except DatabaseError as error:
                    logger.warning("The database did not answer: %s", error)
                    self._leases.forget()
                except Exception:  # about one row, say: that must not end the work on all others
                    logger.exception("The worker goes on after an error")
                    self.stopping.wait(PAUSE_SECONDS)
                self.notifications.wait(POLL_SECONDS)
            self.heartbeat.expect_within(math.inf)

    def _begin(self, pool: ThreadPoolExecutor, row: Leased) -> None:
        future = pool.submit(self._perform, row)
        self._in_hand[future] = row
        future.add_done_callback(lambda _: self.notifications.interrupt())

    def _claim_next(self) -> Leased | None:
        self.worker.engine = registry.selected().name  # what it claims, it speaks with
        self._in_hand = {future: row for future, row in self._in_hand.items() if not future.done()}
        in_hand = self._in_hand.values()
        for row in self._leases.find_abandoned([row.pk for row in in_hand]):
            logger.error("%s %s: its worker died", type(row).__name__, row.pk)
            release_abandoned(row)
        if not any(isinstance(row, Generation) for row in in_hand) and (due := joins.claim_next()):
            return due
        takes_in_hand = sum(isinstance(row, Take) for row in in_hand)
        return scheduling.claim_next() if takes_in_hand < registry.selected().takes_at_once else None

    def _sweep_when_due(self, pool: ThreadPoolExecutor) -> None:
        if time.monotonic() >= self._sweep_at and (self._sweeping is None or self._sweeping.done()):
            self._sweep_at = time.monotonic() + SWEEP_SECONDS
            self._sweeping = pool.submit(sweep)

    def _measure_when_due(self, pool: ThreadPoolExecutor) -> None:
        """In a process of its own, which yields to the work in hand."""
        if (self._measuring is None or self._measuring.done()) and find_unmeasured().exists():
            self._measuring = pool.submit(measure)
            self._measuring.add_done_callback(lambda _: self.notifications.interrupt())

    def _perform(self, row: Leased) -> None:
        """In a thread of its own. Whatever goes wrong here, the lease runs out, and the row is taken up again."""
        name = f"{type(row).__name__} {row.pk}"
        generation_id = row.segment.generation_id if isinstance(row, Take) else row.pk
        try:
            with about(generation_id=str(generation_id)), self.heartbeat.watching(row):
                if isinstance(row, Generation):
                    perform_join(row)
                elif isinstance(row, Take):
                    self._speak(row)
        except ClaimLostError:
            logger.info("%s dropped: cancelled, deleted, or taken by another worker", name)
        except DatabaseError as error:
            logger.warning("%s: the database did not answer: %s", name, error)
        except Exception:
            logger.exception("%s", name)
        finally:
            connection.close()  # this thread's own

    def _speak(self, take: Take) -> None:
        try:
            perform_take(take, reporter(take, self.stopping.is_set))
        except StoppingError:
            release(take)
            logger.info("Take %s given back", take.pk)
            return
        logger.info(
            "Generation %s, sentence %d %s in %.1f s",
            take.segment.generation_id,
            take.segment.index + 1,
            take.status,
            take.spoken_seconds or 0,
        )


def measure() -> None:
    """One clip, in a thread of its own."""
    try:
        measure_next()
    except DatabaseError as error:
        logger.warning("The database did not answer: %s", error)
        time.sleep(PAUSE_SECONDS)
    except Exception:
        logger.exception("A clip is not measured")
        time.sleep(PAUSE_SECONDS)
    finally:
        connection.close()


def sweep() -> None:
    """Removes what crashes have left. In a thread of its own."""
    for step in (sweeping.sweep, keep_reserve, forget_old_workers):
        try:
            step()
        except DatabaseError as error:
            logger.warning("The database did not answer: %s", error)
        except Exception:
            logger.exception("The next sweep tries again")
    connection.close()


def forget_old_workers() -> None:
    Worker.objects.filter(seen_at__lt=timezone.now() - timedelta(days=1)).delete()
