"""Hints between the processes of one machine: each subscriber has a named pipe in `STORAGE_ROOT/notifications/`.

A pipe keeps some 64 kB for a subscriber that does not read; what comes then is dropped. A pipe whose reader has died
can't be opened for writing, so whoever sends removes it.
"""

import errno
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings

PIPE_BYTES = 64 * 1024  # Linux's capacity: one read takes all there is, and only whole lines
HIDDEN_SECONDS = 60.0
"""For which a pipe without a reader, under a name with a dot, may be one that is being made."""


def folder() -> Path:
    return Path(settings.STORAGE_ROOT) / "notifications"


def send(topic: str) -> None:
    """Raises OSError after all were tried, for the first to whom it could not be said."""
    line = topic.encode() + b"\n"  # far below PIPE_BUF: written whole or not at all
    errors = [error for name in list_names() if (error := try_to_write(folder() / name, line))]
    if errors:
        raise errors[0]


def list_names() -> list[str]:
    try:
        return [name for name in os.listdir(folder()) if not name.startswith(".")]  # noqa: PTH208 - twice as quick
    except FileNotFoundError:  # nobody has ever listened
        return []


def try_to_write(path: Path, line: bytes) -> OSError | None:
    """Nothing happens where nobody reads, but that the pipe is removed, and where the pipe is full."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno != errno.ENXIO:
            return error
        path.unlink(missing_ok=True)
        return None
    try:
        os.write(descriptor, line)
    except (BlockingIOError, BrokenPipeError):
        pass
    except OSError as error:
        return error
    finally:
        os.close(descriptor)
    return None


def remove_dead() -> None:
    """The pipes of processes that were killed."""
    for path in folder().iterdir():
        with suppress(FileNotFoundError):
            if not path.name.startswith(".") or time.time() - path.stat().st_mtime > HIDDEN_SECONDS:
                try_to_write(path, b"")


class FifoSource:
    """A pipe of its own. Raises OSError where the file system has none."""

    def __init__(self) -> None:
        folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        remove_dead()
        name = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._path, hidden = folder() / name, folder() / f".{name}"
        # Senders take a pipe without a reader for dead, so it gets its name when it has one.
        try:
            os.mkfifo(hidden, 0o600)
            # Open for writing too: without any writer it would be readable all the time.
            self._descriptor = os.open(hidden, os.O_RDWR | os.O_NONBLOCK)
        except OSError:
            hidden.unlink(missing_ok=True)
            raise
        hidden.rename(self._path)

    def fileno(self) -> int:
        return self._descriptor

    def read(self) -> set[str]:
        try:
            lines = os.read(self._descriptor, PIPE_BYTES)
        except BlockingIOError:
            return set()
        return set(lines.decode(errors="replace").splitlines())

    def is_reachable(self) -> bool:
        return self._path.exists()

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def abandon(self) -> None:
        os.close(self._descriptor)
