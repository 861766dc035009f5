"""Submitting generations and working them off.

The queue is the Generation table itself: a worker claims rows by guarded UPDATE, so there is no second record of a job
that could disagree with the first, and a row can neither be lost nor be run twice.
"""

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from os import getpid
from types import FrameType

from django.conf import settings
from django.core.files.base import File
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from cloning.audio import AudioError
from cloning.engines import damaged_weights, engine_name, generations_at_once, get_engine
from cloning.engines.base import EngineError
from cloning.lease import ClaimLostError, Heartbeat
from cloning.models import Generation, Progress, Reference, Worker, forget_unused
from cloning.storage import is_disk_full
from cloning.synthesis import Report, SynthesisError, synthesised
from cloning.text import UnspeakableText

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.3
SWEEP_SECONDS = 60.0


class QueueFullError(Exception):
    """As many generations wait as `MAX_QUEUED` allows."""


class StoppingError(Exception):
    """The worker was asked to stop: give the claim back."""


def submit(generation: Generation, references: Sequence[Reference]) -> None:
    """Queues an unsaved generation. Raises QueueFullError, and keeps nothing then."""
    with transaction.atomic():
        has_room = Generation.objects.active().count() < settings.MAX_QUEUED
        if has_room:
            generation.save(force_insert=True)
            generation.references.set(references)
        else:
            forget_unused(references)
    if not has_room:
        raise QueueFullError


def run(generation: Generation, report: Report) -> None:
    """Speaks a claimed generation and records how it ended: any failure becomes a reason on the row.

    Raises only what `report` raises.
    """
    try:
        with synthesised(generation, report) as speech, speech.file.open("rb") as file:
            generation.succeed(
                File(file),
                sample_rate_hz=speech.sample_rate_hz,
                duration_seconds=speech.duration_seconds,
                peaks=speech.peaks,
            )
    except (ClaimLostError, StoppingError):
        raise
    except (AudioError, SynthesisError) as error:
        generation.fail(error.code, str(error))
    except UnspeakableText as error:
        generation.fail("text_unspeakable", str(error))
    except EngineError as error:
        generation.fail("synthesis_failed", str(error))
    except OSError as error:
        logger.exception("Generation %s", generation.pk)
        if is_disk_full(error):
            generation.fail("storage_full", "The server's disk is full. Nothing was kept; try again later.")
        else:
            generation.fail("storage_failed", "The server could not read or write a file.")
    except DatabaseError:
        raise  # nothing can be recorded: the lease runs out and the row is taken up again
    except Exception:
        logger.exception("Generation %s", generation.pk)
        generation.fail("internal_error", "Something went wrong on the server; its log says what.")


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
            if (damage := damaged_weights()) and settings.ENGINE == "auto":
                logger.warning("%s Until then the preview engine speaks.", damage)
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
                    if has_room and (generation := Generation.objects.claim_next()):
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
            run(generation, reporter(generation, self.stopping.is_set))
        except StoppingError:
            generation.release()
            logger.info("Generation %s given back", generation.pk)
            return
        except ClaimLostError:
            logger.info("Generation %s dropped: cancelled, or taken by another worker", generation.pk)
            return
        self.worker.engine = generation.engine or self.worker.engine
        logger.info(
            "Generation %s %s in %.1f s", generation.pk, generation.status, generation.worked_seconds or 0
        )


def reporter(generation: Generation, is_stopping: Callable[[], bool] = lambda: False) -> Report:
    """Writes progress to the row; raises StoppingError or ClaimLostError when the work is no longer wanted here."""

    def report(progress: Progress) -> None:
        if is_stopping():
            raise StoppingError
        if not generation.report(progress):
            raise ClaimLostError

    return report


def sweep() -> None:
    """Fails what died too often, and forgets workers long gone."""
    if lost := Generation.objects.sweep():
        logger.error("%d generations failed: their workers died", lost)
    Worker.objects.filter(seen_at__lt=timezone.now() - timedelta(days=1)).delete()
