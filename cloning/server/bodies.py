"""Request bodies, read before a thread is taken up, to disk where they are large, and under deadlines."""

import asyncio
import tempfile
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

from cloning.errors import ErrorCode, GenerationError
from cloning.forms import MAX_REFERENCES
from cloning.storage.space import require_free_space
from cloning.storage.temporary import temporary_root

Receive = Callable[[], Awaitable[dict[str, Any]]]

GRACE_SECONDS = 10.0
MIN_BYTES_PER_SECOND = 4096
MAX_SECONDS = 600.0
LINGER_SECONDS = 3.0
MAX_BYTES_IN_MEMORY = 64 * 1024
MAX_BYTES_AT_ONCE = 2 * 1024**3
"""Of all bodies that are being read or worked on."""


class ClientLeftError(Exception):
    """Nobody waits for an answer any more."""


def refuse_size(size_bytes: int) -> GenerationError | None:
    """What to say to a body that is larger than the largest form that can be valid."""
    limit_mb = MAX_REFERENCES * settings.MAX_REFERENCE_MB + 1
    if size_bytes <= limit_mb * 1024**2:
        return None
    return GenerationError(ErrorCode.REQUEST_TOO_LARGE, f"The request is larger than {limit_mb} MB.")


class Body(tempfile.SpooledTemporaryFile[bytes]):
    """In memory while it is small, else in a file without a name, which goes with the process."""

    bytes_at_once = 0
    lock = threading.Lock()  # threads close what the event loop has read

    def __init__(self) -> None:
        super().__init__(MAX_BYTES_IN_MEMORY, dir=str(temporary_root()))
        self.size_bytes = 0

    async def append(self, chunk: bytes) -> None:
        """Raises GenerationError when there is too much of it, and OSError."""
        self.size_bytes += len(chunk)
        with Body.lock:
            Body.bytes_at_once += len(chunk)
        if refusal := refuse_size(self.size_bytes):
            raise refusal
        if Body.bytes_at_once > MAX_BYTES_AT_ONCE:
            raise GenerationError(ErrorCode.SERVER_BUSY, "Too much is being uploaded at once.")
        if self.size_bytes - len(chunk) <= MAX_BYTES_IN_MEMORY < self.size_bytes:
            require_free_space()
        if self.size_bytes <= MAX_BYTES_IN_MEMORY:
            self.write(chunk)
        else:  # a disk that is slow is not to keep everybody
            await asyncio.to_thread(self.write, chunk)

    def close(self) -> None:
        with Body.lock:
            Body.bytes_at_once -= self.size_bytes
            self.size_bytes = 0
        super().close()


async def read_body(receive: Receive) -> Body:
    """The whole body, rewound. Raises ClientLeftError, OSError, and GenerationError for a fault of the sender."""
    loop = asyncio.get_running_loop()
    started_at, body = loop.time(), Body()
    try:
        while True:
            allowed_seconds = min(GRACE_SECONDS + body.size_bytes / MIN_BYTES_PER_SECOND, MAX_SECONDS)
            async with asyncio.timeout_at(started_at + allowed_seconds):
                message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientLeftError
            await body.append(message.get("body", b""))
            if not message.get("more_body", False):
                body.seek(0)
                return body
    except TimeoutError as error:
        body.close()
        raise GenerationError(ErrorCode.REQUEST_TIMEOUT, "The request came too slowly.") from error
    except BaseException:
        body.close()
        raise


async def discard_body(receive: Receive) -> None:
    """Takes for a while what a refused client still sends: else it sees a broken connection and no answer."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while (message := await receive())["type"] == "http.request" and message.get("more_body"):
                pass
    except TimeoutError:
        pass
