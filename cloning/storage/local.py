"""Local storage that never shows a half-written file. (`s3.py` has the other storage.)"""

import errno
import os
import sqlite3
import uuid
from pathlib import Path

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import InterfaceError, OperationalError

from cloning.errors import ErrorCode, GenerationError

# https://www.sqlite.org/rescode.html; a quota that is used up is a write error to SQLite, not a full disk.
SQLITE_DISK_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}
SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
# https://www.postgresql.org/docs/current/errcodes-appendix.html
POSTGRESQL_DISK_FULL = "53100"
POSTGRESQL_BUSY = ("08", "40", "53", "55P03", "57P0")
"""Beginnings: connection, serialization and deadlock, resources, lock timeout, shutting down."""


class StorageUnavailable(OSError):
    """A storage on another machine that does not answer, or not as it should."""


HEALTH_FOLDER = "health"
"""Of its own, as a kill may leave a file in it: the sweep knows where to look."""


def is_disk_full(error: BaseException) -> bool:
    """Whether a disk or a quota is used up, as the operating system or the database says it."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    cause = error.__cause__ if isinstance(error, OperationalError) else None
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) in SQLITE_DISK_FULL
    return getattr(cause, "sqlstate", None) == POSTGRESQL_DISK_FULL


def is_database_busy(error: BaseException) -> bool:
    """Whether the database can't do it now and may a little later: locked, overloaded or out of reach."""
    if isinstance(error, InterfaceError):  # the connection broke
        return True
    if not isinstance(error, OperationalError) or is_disk_full(error):
        return False
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in SQLITE_BUSY
    state = getattr(cause, "sqlstate", "")
    return state is None or state.startswith(POSTGRESQL_BUSY)  # None: no server was there to say it


def explain_unavailable(error: BaseException) -> GenerationError | None:
    """A full disk, a storage or a database that can't answer now as the error to report; None for any other error."""
    if is_disk_full(error):
        return GenerationError(ErrorCode.STORAGE_FULL, "The server's disk is full.")
    if isinstance(error, StorageUnavailable):
        return GenerationError(ErrorCode.STORAGE_UNAVAILABLE, "The server's storage does not answer.")
    if is_database_busy(error):
        return GenerationError(ErrorCode.DATABASE_BUSY, "The server's database is busy.")
    return None


def check_storage() -> None:
    """Writes and deletes a file. Raises OSError where that can't be done."""
    default_storage.delete(default_storage.save(f"{HEALTH_FOLDER}/check", ContentFile(b"ok")))


def fsync(path: Path) -> None:
    """Once this returns, the file, or the names in the folder, outlive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class AtomicFileSystemStorage(FileSystemStorage):
    """Writes beside the target and renames: a full disk or a killed process leaves no part of a file under a name.

    Two processes that save under one name at the same moment get two names, as with Django's own storage.
    """

    def _save(self, name: str, content: "File[bytes]") -> str:
        beside = Path(name).with_name(f".{uuid.uuid4().hex}.part").as_posix()
        try:
            super()._save(beside, content)  # type: ignore[misc]  # the stubs leave it out
            written = Path(self.path(beside))
            fsync(written)
            name = self._taken(name)
            written.replace(self.path(name))
            fsync(written.parent)  # with its name
            fsync(written.parent.parent)  # the folder may be new
        except BaseException:
            self.delete(beside)
            raise
        return name

    def _taken(self, name: str) -> str:
        """A name that is now ours: the one given, or another when it was taken since it was chosen."""
        while True:
            try:
                Path(self.path(name)).touch(exist_ok=False)
            except FileExistsError:
                name = self.get_available_name(name)
            else:
                return name
