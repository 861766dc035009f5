"""A worker process of a fleet: for each message that Celery brings, it does what is next by the order of the rows."""

import logging
import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from celery import bootsteps
from celery.concurrency.thread import TaskPool
from celery.exceptions import Reject
from celery.signals import worker_shutdown
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from cloning.engines import registry
from cloning.engines.base import EngineError
from cloning.jobs import joins, scheduling
from cloning.jobs.fleet.app import WORKER_SECONDS, app, transport_options
from cloning.jobs.fleet.messages import SPEAK, replenish
from cloning.jobs.process import LOOP_SECONDS, PAUSE_SECONDS, WorkerProcess
from cloning.jobs.scheduling import Kind
from cloning.models import Leased

logger = logging.getLogger(__name__)


class FleetWorker:
    """Work for whichever thread a message reaches, and what no message asks for, in a thread of its own."""

    def __init__(self, kinds: frozenset[Kind]) -> None:
        self.process = WorkerProcess(self._is_over)
        self._kinds = kinds
        self._in_hand: set[Leased] = set()
        self._end_at = math.inf  # on the monotonic clock
        self._closing = threading.Event()
        self._joining = ThreadPoolExecutor(max_workers=1, thread_name_prefix="joining")
        self._looking_after = threading.Thread(target=self._look_after, name="look-after", daemon=True)
        self._shown = ExitStack()

    def start(self) -> None:
        """Before the first message. Raises EngineError."""
        self._shown.enter_context(self.process.ready())
        self._looking_after.start()

    def drain(self, seconds: float) -> None:
        """What is in hand may be finished for so long, and is given back then."""
        self._end_at = time.monotonic() + seconds
        self._closing.set()

    def end(self) -> None:
        self._closing.set()
        if self._looking_after.is_alive():
            self._looking_after.join()
        self._joining.shutdown()
        self._shown.close()

    def take_turn(self) -> None:
        """For a message. Raises Reject, by which another worker gets it."""
        if self._closing.is_set():
            raise Reject("this worker stops", requeue=True)
        self._joining.submit(self._perform_next, joins.claim_next)  # beside the takes, as what is short
        self._perform_next(lambda: scheduling.claim_next(kinds=self._kinds))

    def _perform_next(self, claim_next: Callable[[], Leased | None]) -> None:
        try:
            close_old_connections()
            if not self._closing.is_set() and (row := claim_next()):
                with self._holding(row):
                    self.process.perform(row)
        except DatabaseError as error:
            logger.warning("The database did not answer: %s", error)
        except Exception:
            logger.exception("The worker goes on after an error")
        finally:
            connection.close()  # this thread's own

    @contextmanager
    def _holding(self, row: Leased) -> Iterator[None]:
        self._in_hand.add(row)
        try:
            yield
        finally:
            self._in_hand.discard(row)

    def _is_over(self) -> bool:
        return time.monotonic() >= self._end_at

    def _look_after(self) -> None:
        heartbeat = self.process.heartbeat
        with ThreadPoolExecutor(max_workers=4, thread_name_prefix="look-after") as pool:
            while not self._closing.wait(heartbeat.interval_seconds):
                heartbeat.expect_within(LOOP_SECONDS)
                try:
                    close_old_connections()
                    self._look(pool)
                except DatabaseError as error:
                    logger.warning("The database did not answer: %s", error)
                    self.process.leases.forget()
                except Exception:
                    logger.exception("The worker goes on after an error")
                    self._closing.wait(PAUSE_SECONDS)
            heartbeat.expect_within(math.inf)
        connection.close()

    def _look(self, pool: ThreadPoolExecutor) -> None:
        if registry.selected().name != self.process.worker.engine:
            logger.warning("Another engine is selected now: this worker stops, to be started again.")
            os.kill(os.getpid(), signal.SIGTERM)
            self._closing.wait(LOOP_SECONDS)
            return
        self.process.release_abandoned([row.pk for row in list(self._in_hand)])
        self.process.sweep_when_due(pool)
        self.process.advance_when_due(pool)
        self.process.measure_when_due(pool)
        self.process.feed_when_due(pool)
        self.process.deliver_when_due(pool)
        replenish()


class LoadEngine(bootsteps.StartStopStep):  # type: ignore[misc]
    """Starts before messages are asked for, and stops before the threads are waited for."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        if worker.pool_cls is not TaskPool:
            sys.exit("A worker holds one model for all of its threads: start it with --pool threads.")

    def start(self, worker: Any) -> None:
        global _fleet_worker
        _fleet_worker = FleetWorker(find_kinds(worker.app.amqp.queues.consume_from))
        try:
            _fleet_worker.start()
        except EngineError as error:
            logger.error("%s", error)
            sys.exit(1)

    def stop(self, worker: Any) -> None:
        if _fleet_worker:
            _fleet_worker.drain(settings.DRAIN_SECONDS)

    def terminate(self, worker: Any) -> None:
        if _fleet_worker:
            _fleet_worker.drain(0)


_fleet_worker: FleetWorker | None = None
app.steps["worker"].add(LoadEngine)
app.conf.broker_transport_options = transport_options(settings.CELERY_BROKER_URL, WORKER_SECONDS)


@worker_shutdown.connect
def end(**_: Any) -> None:
    if _fleet_worker:
        _fleet_worker.end()


@app.task(name=SPEAK)
def speak(generation_id: str = "") -> None:
    assert _fleet_worker, "messages come to a worker"
    _fleet_worker.take_turn()


def find_kinds(queue_names: Any) -> frozenset[Kind]:
    """By the queues that a worker listens to (`celery worker -Q`)."""
    return frozenset(kind for kind in Kind for name in queue_names if name.endswith(f".{kind}"))


def run(kinds: frozenset[Kind]) -> int:
    """As `celery -A voiceclone_site worker` does, which takes more options. Returns the exit code."""
    worker = app.Worker(
        hostname=f"worker-{os.getpid()}@{socket.gethostname()}",
        queues=[queue.name for queue in app.conf.task_queues if find_kinds([queue.name]) & kinds],
        quiet=True,
        without_gossip=True,
        without_mingle=True,
    )
    worker.start()
    return int(worker.exitcode or 0)
