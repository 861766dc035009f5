"""One worker process: claims generations until it is told to stop.

The queue is the Generation table itself: a worker claims rows by guarded UPDATE, so there is no second record of a job
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
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.utils import timezone

from cloning.engines import registry
from cloning.jobs import state, sweeping
from cloning.jobs.heartbeat import Heartbeat
from cloning.jobs.leases import LeaseObserver
from cloning.jobs.pipeline import ClaimLostError, StoppingError, perform, reporter
from cloning.models import Generation, Worker
from cloning.storage.space import keep_reserve

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.3
PAUSE_SECONDS = 5.0  # after an error that nobody foresaw, so that it does not fill the log
LOOP_SECONDS = 300.0  # for one turn of the loop, however busy machine and database are
SWEEP_SECONDS = 60.0


class WorkerLoop:
    """One worker process: claims generations until it is told to stop, several at once where the engine gains by it."""

    def __init__(self) -> None:
        self.worker = Worker(host=socket.gethostname(), pid=getpid(), engine=registry.selected().name)
        self.heartbeat = Heartbeat(self.worker)
        self.stopping = threading.Event()
        self.woken = threading.Event()  # a generation has ended, or the worker shall stop
        self._leases = LeaseObserver()
        self._in_hand: dict[Future[None], UUID] = {}
        self._sweep_at = 0.0
        self._sweeping: Future[None] | None = None

    def stop(self, _signal_number: int = 0, _frame: FrameType | None = None) -> None:
        self.stopping.set()
        self.woken.set()

    def run(self) -> None:
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
        with ThreadPoolExecutor(thread_name_prefix="generation") as pool:  # its end waits for what is in hand
            while not self.stopping.is_set():
                self.heartbeat.expect_within(LOOP_SECONDS)
                self.woken.clear()
                pause_seconds = POLL_SECONDS
                try:
                    close_old_connections()
                    self._sweep_when_due(pool)
                    if generation := self._claim_next():
                        self._in_hand[pool.submit(self._perform, generation)] = generation.pk
                        continue
                except DatabaseError as error:
                    logger.warning("The database did not answer: %s", error)
                    self._leases.forget()
                except Exception:  # about one row, say: that must not end the work on all others
                    logger.exception("The worker goes on after an error")
                    pause_seconds = PAUSE_SECONDS
                self.woken.wait(pause_seconds)
            self.heartbeat.expect_within(math.inf)

    def _claim_next(self) -> Generation | None:
        self._in_hand = {future: pk for future, pk in self._in_hand.items() if not future.done()}
        abandoned = self._leases.abandoned(self._in_hand.values())
        if lost := state.fail_lost(abandoned):
            logger.error("%d generations failed: their workers died", lost)
        return (
            state.claim_next(abandoned)
            if len(self._in_hand) < registry.selected().generations_at_once
            else None
        )

    def _sweep_when_due(self, pool: ThreadPoolExecutor) -> None:
        if time.monotonic() >= self._sweep_at and (self._sweeping is None or self._sweeping.done()):
            self._sweep_at = time.monotonic() + SWEEP_SECONDS
            self._sweeping = pool.submit(sweep)

    def _perform(self, generation: Generation) -> None:
        """In a thread of its own. Whatever goes wrong here, the lease runs out, and the row is taken up again."""
        logger.info("Generation %s taken (attempt %d)", generation.pk, generation.attempts)
        try:
            with self.heartbeat.watching(generation):
                self._speak(generation)
        except DatabaseError as error:
            logger.warning("Generation %s: the database did not answer: %s", generation.pk, error)
        except Exception:
            logger.exception("Generation %s", generation.pk)
        finally:
            connection.close()  # this thread's own
            self.woken.set()

    def _speak(self, generation: Generation) -> None:
        try:
            perform(generation, reporter(generation, self.stopping.is_set))
        except StoppingError:
            state.release(generation)
            logger.info("Generation %s given back", generation.pk)
            return
        except ClaimLostError:
            logger.info("Generation %s dropped: cancelled, or taken by another worker", generation.pk)
            return
        self.worker.engine = generation.engine or self.worker.engine
        logger.info(
            "Generation %s %s in %.1f s", generation.pk, generation.status, generation.worked_seconds or 0
        )


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
