"""Encoding when somebody asks for it, in the web process: a few at once, each for all who ask for the same.

None holds a view's thread.
"""

import asyncio
import logging
import os
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from django.conf import settings
from django.db import connections

from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.jobs import bookfiles, encodings
from cloning.jobs.notifications import Arrivals
from cloning.models import Book, Generation
from cloning.storage.local import explain_unavailable

logger = logging.getLogger(__name__)

Key = tuple[uuid.UUID, str]
Outcome = GenerationError | None  # why it did not work

MAX_AT_ONCE = max(1, (os.cpu_count() or 1) - 1)
MAX_WAITING = 32


class Encoders:
    """Who leaves does not end what was begun: it is kept for who comes next."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(MAX_AT_ONCE, "encode")
        self._begun: dict[Key, Future[Outcome]] = {}
        self._lock = threading.Lock()

    def begin(self, generation: Generation, audio_format: AudioFormat) -> "Future[Outcome]":
        """Joins those who wait for the same. Raises GenerationError (SERVER_BUSY)."""
        return self._begin((generation.pk, audio_format), partial(encode, generation, audio_format))

    def begin_book(self, book: Book) -> "Future[Outcome]":
        """As `begin`, of all chapters of a book as one file."""
        return self._begin((book.pk, "m4b"), partial(bind, book))

    def _begin(self, key: Key, work: Callable[[], Outcome]) -> "Future[Outcome]":
        with self._lock:
            if future := self._begun.get(key):
                return future
            if len(self._begun) >= MAX_WAITING:
                raise GenerationError(ErrorCode.SERVER_BUSY, "Too many files are being encoded.")
            future = self._begun[key] = self._pool.submit(in_thread, work)
        future.add_done_callback(lambda _: self._begun.pop(key, None))
        return future


encoders = Encoders()


def in_thread(work: Callable[[], Outcome]) -> Outcome:
    try:
        return work()
    finally:
        connections.close_all()  # of this thread


def encode(generation: Generation, audio_format: AudioFormat) -> Outcome:
    return explain(partial(encodings.encode, generation, audio_format), f"{generation.pk} as {audio_format}")


def bind(book: Book) -> Outcome:
    return explain(partial(bookfiles.make, book), f"Book {book.pk}")


def explain(work: Callable[[], None], name: str) -> Outcome:
    try:
        work()
    except GenerationError as error:
        return error
    except Exception as error:
        if known := explain_unavailable(error):
            return known
        logger.exception("%s", name)
        return GenerationError(
            ErrorCode.ENCODING_FAILED, "It could not be encoded; the server's log says why."
        )
    return None


async def until_encoded(future: "Future[Outcome]", _arrivals: Arrivals) -> None:
    """Returns when it is over, and at the latest after the time that calls wait."""
    await asyncio.wait({asyncio.wrap_future(future)}, timeout=settings.API_WAIT_SECONDS)
