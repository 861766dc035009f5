"""What every worker process does, however it learns of work: shows itself, speaks and joins, mends and sweeps."""

import logging
import socket
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from os import getpid
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from cloning.engines import registry
from cloning.jobs import books, checks, revoking, statements, sweeping
from cloning.jobs.batches import feeding
from cloning.jobs.heartbeat import Heartbeat
from cloning.jobs.leases import LeaseObserver
from cloning.jobs.measuring import find_unmeasured, measure_next
from cloning.jobs.pipeline import ClaimLostError, StoppingError, perform_join, perform_take, reporter
from cloning.jobs.webhooks import sending
from cloning.jobs.work import release, release_abandoned
from cloning.logs import about
from cloning.models import Generation, Leased, Take, Worker
from cloning.storage.space import keep_reserve

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0  # after an error that nobody foresaw, so that it does not fill the log
LOOP_SECONDS = 300.0  # for one turn of a loop, however busy machine and database are
SWEEP_SECONDS = 60.0
ADVANCE_SECONDS = 1.0


class WorkerProcess:
    """One process that holds an engine. Work that is in hand when it is stopping is given back at its next step."""

    def __init__(self, is_stopping: Callable[[], bool]) -> None:
        self.worker = Worker(host=socket.gethostname(), pid=getpid(), engine=registry.selected().name)
        self.heartbeat = Heartbeat(self.worker)
        self.leases = LeaseObserver()
        self._is_stopping = is_stopping
        self._sweep_at = 0.0
        self._sweeping: Future[None] | None = None
        self._measuring: Future[None] | None = None
        self._delivering: Future[None] | None = None
        self._advance_at = 0.0
        self._advancing: Future[None] | None = None
        self._feeding: Future[None] | None = None

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Shown as alive, with the engine loaded. Raises EngineError."""
        self.heartbeat.expect_within(settings.DEADLINE_SECONDS)  # weights are large, and disks slow
        self.heartbeat.start()
        try:
            for obstacle in registry.obstacles():
                logger.warning("%s Until then speaks: %s.", obstacle, registry.selected().label)
            registry.get_engine()
            checks.get_ready()
            logger.info("Worker ready, engine %s", self.worker.engine)
            yield
        finally:
            self.heartbeat.stop()
            with suppress(DatabaseError):  # after a day the row is forgotten anyway
                self.worker.delete()

    def release_abandoned(self, in_hand: Collection[UUID]) -> None:
        """What others had in hand and died at. Call it several times in each LEASE_SECONDS."""
        for row in self.leases.find_abandoned(in_hand):
            logger.error("%s %s: its worker died", type(row).__name__, row.pk)
            release_abandoned(row)

    def sweep_when_due(self, pool: ThreadPoolExecutor) -> None:
        if time.monotonic() >= self._sweep_at and (self._sweeping is None or self._sweeping.done()):
            self._sweep_at = time.monotonic() + SWEEP_SECONDS
            self._sweeping = pool.submit(sweep)

    def advance_when_due(self, pool: ThreadPoolExecutor) -> None:
        """Queues the next chapters of books, and deletes what was revoked."""
        if time.monotonic() >= self._advance_at and (self._advancing is None or self._advancing.done()):
            self._advance_at = time.monotonic() + ADVANCE_SECONDS
            self._advancing = pool.submit(advance)

    def measure_when_due(self, pool: ThreadPoolExecutor, on_done: Callable[[], None] = lambda: None) -> None:
        """In a process of its own, which yields to the work in hand."""
        is_free = self._measuring is None or self._measuring.done()
        if is_free and (find_unmeasured().exists() or statements.find_unheard().exists()):
            self._measuring = pool.submit(measure)
            self._measuring.add_done_callback(lambda _: on_done())

    def feed_when_due(self, pool: ThreadPoolExecutor) -> None:
        """Rows of batches come into the queue."""
        if (self._feeding is None or self._feeding.done()) and feeding.is_due():
            self._feeding = pool.submit(feed)

    def deliver_when_due(self, pool: ThreadPoolExecutor) -> None:
        """What people's programs are to be told."""
        if not settings.WEBHOOKS or (self._delivering and not self._delivering.done()):
            return
        if sending.due().exists():
            self._delivering = pool.submit(deliver, self._is_stopping)

    def perform(self, row: Leased) -> None:
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
            perform_take(take, reporter(take, self._is_stopping))
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
    """One clip, or else one statement, in a thread of its own."""
    try:
        if not measure_next():
            statements.listen_next()
    except DatabaseError as error:
        logger.warning("The database did not answer: %s", error)
        time.sleep(PAUSE_SECONDS)
    except Exception:
        logger.exception("A clip is not measured")
        time.sleep(PAUSE_SECONDS)
    finally:
        connection.close()


def feed() -> None:
    """In a thread of its own."""
    try:
        feeding.feed()
    except DatabaseError as error:
        logger.warning("The database did not answer: %s", error)
    except Exception:
        logger.exception("Batches go on later")
        time.sleep(PAUSE_SECONDS)
    finally:
        connection.close()


def deliver(is_stopping: Callable[[], bool]) -> None:
    """In a thread of its own."""
    try:
        sending.send_due(is_stopping)
    except DatabaseError as error:
        logger.warning("The database did not answer: %s", error)
    except Exception:
        logger.exception("What is to be told is sent later")
        time.sleep(PAUSE_SECONDS)
    finally:
        connection.close()


def advance() -> None:
    """In a thread of its own."""
    for step in (revoking.finish_all, books.advance_all):
        try:
            step()
        except DatabaseError as error:
            logger.warning("The database did not answer: %s", error)
        except Exception:
            logger.exception("The next try goes on")
            time.sleep(PAUSE_SECONDS)
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
