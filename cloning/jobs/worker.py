"""One worker process: claims generations until it is told to stop.

The queue is the Generation table itself: a worker claims rows by guarded UPDATE, so there is no second record of a job
that could disagree with the first, and a row can neither be lost nor be run twice.
"""

import logging
import signal
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from os import getpid
from types import FrameType

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.utils import timezone

from cloning.engines import engine_name, generations_at_once, get_engine, unusable_weights
from cloning.jobs import state
from cloning.jobs.heartbeat import Heartbeat
from cloning.jobs.pipeline import ClaimLostError, StoppingError, perform, reporter
from cloning.models import Generation, Worker
from cloning.storage.temporary import delete_abandoned_folders

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.3
SWEEP_SECONDS = 60.0


class WorkerLoop:
    """One worker process: claims generations until it is told to stop, several at once where the engine gains by it."""

    def __init__(self) -> None:
        self.worker = Worker(host=socket.gethostname(), pid=getpid(), engine=engine_name())
        self.heartbeat = Heartbeat(self.worker)
        self.stopping = threading.Event()
        self.woken = threading.Event()  # a generation has ended, or the worker shall stop

    def stop(self, _signal_number: int = 0, _frame: FrameType | None = None) -> None:
        self.stopping.set()
        self.woken.set()

    def run(self) -> None:
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, self.stop)
        self.worker.save()
        self.heartbeat.start()
        try:
            if (reason := unusable_weights()) and settings.ENGINE == "auto":
                logger.warning("%s Until then the preview engine speaks.", reason)
            get_engine()
            logger.info("Worker ready, engine %s", self.worker.engine)
            self._work()
        finally:
            self.heartbeat.stop()
            self.worker.delete()

    def _work(self) -> None:
        next_sweep = 0.0
        performing: list[Future[None]] = []
        with ThreadPoolExecutor(thread_name_prefix="generation") as pool:  # its end waits for what is in hand
            while not self.stopping.is_set():
                self.woken.clear()
                for future in [future for future in performing if future.done()]:
                    performing.remove(future)
                    future.result()  # raises what nobody foresaw: the supervisor starts another worker
                try:
                    close_old_connections()
                    if time.monotonic() >= next_sweep:
                        sweep()
                        next_sweep = time.monotonic() + SWEEP_SECONDS
                    has_room = len(performing) < generations_at_once()
                    if has_room and (generation := state.claim_next()):
                        performing.append(pool.submit(self._perform, generation))
                        continue
                except DatabaseError as error:
                    logger.warning("The database did not answer: %s", error)
                self.woken.wait(POLL_SECONDS)

    def _perform(self, generation: Generation) -> None:
        logger.info("Generation %s taken (attempt %d)", generation.pk, generation.attempts)
        try:
            with self.heartbeat.watching(generation):
                self._speak(generation)
        except DatabaseError as error:  # the lease runs out, and the row is taken up again
            logger.warning("Generation %s: the database did not answer: %s", generation.pk, error)
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
    """Fails what died too often, removes what killed processes have left, and forgets workers long gone."""
    delete_abandoned_folders()
    if lost := state.fail_lost():
        logger.error("%d generations failed: their workers died", lost)
    Worker.objects.filter(seen_at__lt=timezone.now() - timedelta(days=1)).delete()
