"""Listening in the web process: one encoding of a generation in a format, for all who listen to it.

Until its speaking begins, a listener costs a few objects; then its encoding costs a process and a file. All of it
goes when the last of its listeners does.
"""

import asyncio
import functools
import logging
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from django.db import DatabaseError, connections

from cloning.audio.streaming import Encoder, open_encoder
from cloning.engines import registry
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import StreamFormat
from cloning.jobs import state
from cloning.jobs.notifications import Arrivals
from cloning.jobs.stream import Position, find_source, read_on
from cloning.models import Generation
from cloning.server.recordings import Recording
from cloning.storage.local import explain_unavailable

logger = logging.getLogger(__name__)

Key = tuple[uuid.UUID, StreamFormat]
Found = TypeVar("Found")

POLL_SECONDS = 1.0  # a notification comes sooner
TELL_EVERY_POLLS = 5
BLOCK_BYTES = 64 * 1024
MAX_BYTES_AHEAD = 1024**2
"""What is encoded before a listener has got there."""


class Listener:
    """One who listens from the beginning."""

    def __init__(self, broadcast: "Broadcast") -> None:
        self.offset = 0
        self.news = asyncio.Event()
        self._broadcast = broadcast

    async def wait_for_sound(self) -> None:
        """Raises GenerationError where none will come."""
        await self._has_more()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Raises GenerationError where the sound breaks off."""
        while await self._has_more():
            piece = await self._broadcast.read(self.offset)
            self.offset += len(piece)
            yield piece

    async def _has_more(self) -> bool:
        while True:
            self.news.clear()
            if self._broadcast.is_gone and self._broadcast.error:
                raise self._broadcast.error
            if self._broadcast.has_sound and self.offset < self._broadcast.size_bytes:
                return True
            if self._broadcast.error:
                raise self._broadcast.error
            if self._broadcast.is_complete:
                return False
            await self.news.wait()


class Broadcast:
    def __init__(self, key: Key, arrivals: Arrivals) -> None:
        self.generation_id, self.stream_format = key
        self.listeners: set[Listener] = set()
        self.size_bytes = 0
        self.has_sound = False  # or nothing but the beginning of a file
        self.is_complete = False
        self.error: GenerationError | None = None
        """Why there is no more than `size_bytes`."""
        self.is_gone = False
        """Whether not even what was encoded is to be heard any more."""
        self._arrivals = arrivals
        self._recording: Recording | None = None
        self._moved = asyncio.Event()

    async def run(self) -> None:
        """To be cancelled when nobody listens any more."""
        try:
            await asyncio.to_thread(tell_workers, [self.generation_id])
            await self._encode()
            self.is_complete = True
            self._wake()
            await asyncio.Event().wait()
        except Exception as error:
            self.end(explain(error))
            await asyncio.Event().wait()
        finally:
            if self._recording:
                await asyncio.to_thread(self._recording.close)

    def end(self, error: GenerationError, *, is_gone: bool = False) -> None:
        """Nothing more comes. Whoever has not heard all that was encoded may do so, unless it `is_gone`."""
        self.error = self.error or error
        self.is_gone = self.is_gone or is_gone
        self._wake()

    async def read(self, offset: int) -> bytes:
        assert self._recording
        piece = await asyncio.to_thread(self._recording.read, offset, BLOCK_BYTES)
        self._moved.set()
        return piece

    async def _encode(self) -> None:
        with self._arrivals.of(str(self.generation_id)) as news:
            # Before there is sound: the process takes longer to start than the rest.
            source = await find_in_time(functools.partial(find_source, self.generation_id), news)
            self._recording = await asyncio.to_thread(Recording)
            tags = registry.origin_of(source.engine).tags()
            async with open_encoder(self.stream_format, source.sample_rate_hz, tags=tags) as encoder:
                try:
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(self._record(encoder, self._recording))
                        tasks.create_task(self._feed(encoder, news))
                except ExceptionGroup as group:
                    raise group.exceptions[0] from None

    async def _feed(self, encoder: Encoder, news: asyncio.Event) -> None:
        position, is_last = Position(), False
        while not is_last:
            stretch = await find_in_time(functools.partial(read_on, self.generation_id, position), news)
            position, is_last = stretch.end, stretch.is_last
            self.has_sound = self.has_sound or bool(stretch.pcm)
            for start in range(0, len(stretch.pcm), BLOCK_BYTES):
                await encoder.write(stretch.pcm[start : start + BLOCK_BYTES])
                await self._wait_for_listeners()
        await encoder.finish()

    async def _record(self, encoder: Encoder, recording: Recording) -> None:
        async for piece in encoder.pieces():
            await asyncio.to_thread(recording.append, piece)
            self.size_bytes += len(piece)
            self._wake()

    async def _wait_for_listeners(self) -> None:
        while self.size_bytes > MAX_BYTES_AHEAD + max((each.offset for each in self.listeners), default=0):
            self._moved.clear()
            await self._moved.wait()

    def _wake(self) -> None:
        for listener in self.listeners:
            listener.news.set()


class Broadcasts:
    """All that is listened to in one event loop."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._heard: dict[Key, Broadcast] = {}
        self._tasks: dict[Broadcast, asyncio.Task[None]] = {}
        self._tending: asyncio.Task[None] | None = None
        self._is_stopping = False

    @asynccontextmanager
    async def listen(self, key: Key) -> AsyncIterator[Listener]:
        """Joins those who listen to the same already, unless that broke off."""
        broadcast = self._heard.get(key)
        if broadcast is None or broadcast.error:
            broadcast = self._start(key)
        listener = Listener(broadcast)
        broadcast.listeners.add(listener)
        try:
            yield listener
        finally:
            broadcast.listeners.remove(listener)
            if not broadcast.listeners:
                if task := self._tasks.get(broadcast):
                    task.cancel()
                if self._heard.get(key) is broadcast:
                    del self._heard[key]

    def stop(self) -> None:
        """Breaks off all of them: the process is about to end."""
        self._is_stopping = True
        for broadcast in self._tasks:
            broadcast.end(stopping(), is_gone=True)

    def _start(self, key: Key) -> Broadcast:
        broadcast = self._heard[key] = Broadcast(key, self._arrivals)
        if self._is_stopping:
            broadcast.end(stopping())
        self._tasks[broadcast] = task = asyncio.create_task(broadcast.run())
        task.add_done_callback(lambda _: self._tasks.pop(broadcast))
        if self._tending is None or self._tending.done():
            self._tending = asyncio.create_task(self._tend())
        return broadcast

    async def _tend(self) -> None:
        """Tells the workers what is listened to, and ends what was deleted."""
        count = 0
        while self._tasks:
            await asyncio.sleep(POLL_SECONDS)
            count += 1
            ids = {broadcast.generation_id for broadcast in self._tasks}
            known = await asyncio.to_thread(known_of, ids)
            for broadcast in self._tasks:
                if broadcast.generation_id in ids - known:
                    broadcast.end(deleted(), is_gone=True)
            if count % TELL_EVERY_POLLS == 0:
                await asyncio.to_thread(tell_workers, known)


def deleted() -> GenerationError:
    return GenerationError(ErrorCode.GENERATION_UNKNOWN, "The generation was deleted.")


def stopping() -> GenerationError:
    return GenerationError(ErrorCode.SERVER_BUSY, "The server is being stopped.")


async def find_in_time(find: Callable[[], Found | None], news: asyncio.Event) -> Found:
    """What is found as soon as there is something."""
    while True:
        news.clear()
        looking: Callable[[], Found | None] = functools.partial(find_now, find)
        found = await asyncio.to_thread(looking)
        if found is not None:
            return found
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await news.wait()


def find_now(find: Callable[[], Found | None]) -> Found | None:
    """In a thread. A database that can't say for now is one that has nothing yet."""
    try:
        return find()
    except DatabaseError as error:
        if explain_unavailable(error) is None:
            raise
        return None
    finally:
        connections.close_all()


def tell_workers(ids: Iterable[uuid.UUID]) -> None:
    with suppress(DatabaseError):  # it is said again
        state.await_generations(list(ids), is_streamed=True)
    connections.close_all()


def known_of(ids: set[uuid.UUID]) -> set[uuid.UUID]:
    """Those that were not deleted; all while the database can't say."""
    try:
        return set(Generation.objects.kept().filter(pk__in=ids).values_list("pk", flat=True))
    except DatabaseError:
        return ids
    finally:
        connections.close_all()


def explain(error: Exception) -> GenerationError:
    if isinstance(error, GenerationError):
        return error
    logger.error("A stream broke off", exc_info=error)
    return explain_unavailable(error) or GenerationError(
        ErrorCode.INTERNAL_ERROR, "Something went wrong on the server; its log says what."
    )
