"""What was encoded so far, kept for all who listen, however late they come."""

import os
import tempfile
import threading

from cloning.storage.space import require_free_space
from cloning.storage.temporary import temporary_root

BYTES_BETWEEN_LOOKS = 1024**2


class Recording:
    """In a file without a name, which goes with the process. For any thread; once closed, it is empty."""

    def __init__(self) -> None:
        root = temporary_root()
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        require_free_space()
        self._file = tempfile.TemporaryFile(dir=root, buffering=0)  # noqa: SIM115 - closed by `close`
        self._lock = threading.Lock()  # a number of a closed file soon belongs to another
        self._size_bytes = 0

    def append(self, piece: bytes) -> None:
        """Raises GenerationError (STORAGE_FULL) while there is some room left, and OSError."""
        with self._lock:
            if self._file.closed:
                return
            if (
                self._size_bytes + len(piece)
            ) // BYTES_BETWEEN_LOOKS > self._size_bytes // BYTES_BETWEEN_LOOKS:
                require_free_space()
            rest = memoryview(piece)
            while rest:
                written = os.pwrite(self._file.fileno(), rest, self._size_bytes)
                self._size_bytes += written
                rest = rest[written:]

    def read(self, offset: int, max_bytes: int) -> bytes:
        with self._lock:
            return b"" if self._file.closed else os.pread(self._file.fileno(), max_bytes, offset)

    def close(self) -> None:
        with self._lock:
            self._file.close()
