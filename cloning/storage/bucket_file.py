"""A file of a bucket that is read where it is needed, and never fetched as a whole."""

import io
from collections.abc import Callable
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File

Fetch = Callable[[int], IO[bytes]]
"""Opens what is stored from a byte on."""

BUFFER_BYTES = 64 * 1024
MAX_SKIP_BYTES = 256 * 1024
"""As far as this one reads on; from farther on it is asked for anew."""
READ_ERRORS = (BotoCoreError, ClientError, OSError)


class BucketReader(io.RawIOBase):
    """Seekable. A connection that breaks off, as when a listener made a long pause, is made anew once."""

    def __init__(self, fetch: Fetch, size_bytes: int) -> None:
        self._fetch, self._size_bytes = fetch, size_bytes
        self._position = 0
        self._body: IO[bytes] | None = None
        self._body_position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size_bytes - self._position)
        if wanted <= 0:
            return 0
        try:
            received = self._read(wanted)
        except READ_ERRORS:
            self._drop_body()
            received = self._read(wanted)
        buffer[: len(received)] = received
        self._position += len(received)
        return len(received)

    def close(self) -> None:
        self._drop_body()
        super().close()

    def _read(self, wanted: int) -> bytes:
        ahead = self._position - self._body_position
        if self._body is None or not 0 <= ahead <= MAX_SKIP_BYTES:
            self._drop_body()
            self._body, self._body_position, ahead = self._fetch(self._position), self._position, 0
        while ahead:
            ahead -= len(self._receive(min(ahead, BUFFER_BYTES)))
        return self._receive(wanted)

    def _receive(self, wanted: int) -> bytes:
        assert self._body is not None
        received = self._body.read(wanted)
        if not received:
            raise ConnectionError("The bucket's answer ended too early.")
        self._body_position += len(received)
        return received

    def _drop_body(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


def open_reader(fetch: Fetch, size_bytes: int) -> "io.BufferedReader[BucketReader]":
    return io.BufferedReader(BucketReader(fetch, size_bytes), BUFFER_BYTES)


class BucketFile(File):  # type: ignore[type-arg]
    """Django's file on such a reader."""

    def __init__(self, name: str, size_bytes: int, fetch: Fetch) -> None:
        self._fetch = fetch
        super().__init__(open_reader(fetch, size_bytes), name)
        self.size = size_bytes

    def open(self, mode: str | None = None, *args: Any, **kwargs: Any) -> "BucketFile":
        if self.closed:
            self.file = open_reader(self._fetch, self.size)
        else:
            self.seek(0)
        return self
