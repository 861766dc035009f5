"""Files that live no longer than the work they are for. They hold voices, so they stay under STORAGE_ROOT.

Each piece of work has a folder in `temporary/` and holds a lock on it. The system lets go of the lock however a
process ends, so a folder with a free lock belongs to nobody and can go, whoever notices.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

UNLOCKABLE_SECONDS = 24 * 3600.0
"""How long a folder is left alone where the file system knows no locks."""


def temporary_root() -> Path:
    """Always on this machine, also where the stored files are in a bucket."""
    return Path(settings.STORAGE_ROOT) / "temporary"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """An empty folder for this process alone, removed with all that is in it. Raises OSError."""
    folder, lock = create_locked_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def create_locked_folder() -> tuple[Path, int]:
    """A new folder and the descriptor that holds its lock until it is closed."""
    root = temporary_root()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        folder = Path(tempfile.mkdtemp(dir=root))
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # taken for abandoned before it was locked
            continue
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder, lock
        os.close(lock)


def delete_abandoned_folders() -> int:
    """Removes what processes that were killed have left; returns how many folders."""
    return sum(delete_if_abandoned(folder) for folder in list_folders())


def list_folders() -> list[Path]:
    try:
        return list(temporary_root().iterdir())
    except FileNotFoundError:
        return []


def delete_if_abandoned(folder: Path) -> bool:
    with locking_abandoned(folder) as is_ours:
        if is_ours:
            shutil.rmtree(folder, ignore_errors=True)
        return is_ours and not folder.exists()


def find_abandoned_folders() -> Iterator[Path]:
    for folder in list_folders():
        with locking_abandoned(folder) as is_ours:
            pass
        if is_ours:
            yield folder


@contextmanager
def locking_abandoned(folder: Path) -> Iterator[bool]:
    """Gives whether nobody had its lock; then it is ours while the context lasts."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        yield False
        return
    try:
        yield is_abandoned(lock)
    finally:
        os.close(lock)


def is_abandoned(lock: int) -> bool:
    """Whether nobody holds the lock of the folder; the caller does then."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return time.time() - os.fstat(lock).st_mtime > UNLOCKABLE_SECONDS
    return True
