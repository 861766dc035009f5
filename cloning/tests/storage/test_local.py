import errno
import os
import sqlite3

import psycopg
import pytest
from django.core.files.base import ContentFile, File
from django.db import DatabaseError, InterfaceError, OperationalError

from cloning.models import Worker
from cloning.storage.local import AtomicFileSystemStorage, explain_unavailable


class Failing(ContentFile):  # type: ignore[type-arg]  # generic to mypy alone
    """Gives some bytes, then the error that a full disk gives."""

    def chunks(self, chunk_size=None):
        yield b"half"
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_failed_write_leaves_no_file_at_all(tmp_path):
    storage = AtomicFileSystemStorage(location=tmp_path)
    with pytest.raises(OSError, match="No space left"):
        storage.save("generated/a.wav", Failing(b"x"))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_name_that_is_taken_is_not_overwritten(tmp_path):
    storage = AtomicFileSystemStorage(location=tmp_path)
    first = storage.save("generated/a.wav", ContentFile(b"first"))
    second = storage.save("generated/a.wav", ContentFile(b"second"))
    assert first != second
    assert (tmp_path / first).read_bytes() == b"first"
    assert (tmp_path / second).read_bytes() == b"second"


def test_files_on_disk_are_stored_under_the_name_and_the_source_stays(tmp_path):
    source = tmp_path / "source.wav"
    source.write_bytes(b"speech")
    storage = AtomicFileSystemStorage(location=tmp_path / "storage")
    with source.open("rb") as file:
        name = storage.save("generated/b.wav", File(file))
    assert (tmp_path / "storage" / name).read_bytes() == b"speech"


def explained(error: BaseException) -> str | None:
    known = explain_unavailable(error)
    return known.code if known else None


def caused_by(error: Exception) -> OperationalError:
    """As Django passes on what a database driver raised."""
    try:
        raise OperationalError(str(error)) from error
    except OperationalError as wrapped:
        return wrapped


def test_sqlite_that_is_full_is_a_full_disk(fill_database):
    fill_database("INSERT", "cloning_worker")
    with pytest.raises(OperationalError, match="full") as raised:
        Worker.objects.create(host="here", pid=1)
    assert explained(raised.value) == "storage_full"


def test_sqlite_that_is_locked_is_busy(lock_database):
    lock_database()
    with pytest.raises(OperationalError, match="locked") as raised:
        Worker.objects.create(host="here", pid=1)
    assert explained(raised.value) == "database_busy"


def test_postgresql_out_of_reach_is_busy():
    with pytest.raises(psycopg.OperationalError) as raised:
        psycopg.connect("host=127.0.0.1 port=1 connect_timeout=5")
    assert explained(caused_by(raised.value)) == "database_busy"


@pytest.mark.parametrize(
    "error, code",
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "storage_full"),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), "storage_full"),
        (OSError(errno.EACCES, os.strerror(errno.EACCES)), None),
        (caused_by(psycopg.errors.DiskFull()), "storage_full"),
        (caused_by(psycopg.errors.LockNotAvailable()), "database_busy"),
        (caused_by(psycopg.errors.DeadlockDetected()), "database_busy"),
        (caused_by(psycopg.errors.TooManyConnections()), "database_busy"),
        (caused_by(psycopg.errors.CannotConnectNow()), "database_busy"),
        (caused_by(psycopg.errors.UndefinedTable()), None),
        (caused_by(sqlite3.OperationalError("no such table")), None),
        (InterfaceError("connection already closed"), "database_busy"),
        (DatabaseError("anything"), None),
        (OperationalError("anything"), None),
        (ValueError("anything"), None),
    ],
)
def test_only_what_may_pass_is_explained(error: Exception, code: str | None):
    assert explained(error) == code


def test_file_and_its_folder_are_on_the_disk_before_they_count(tmp_path, monkeypatch):
    """Checked by order: what is synced, and that the name appears between the two."""
    synced, fsync = [], os.fsync
    target = tmp_path / "generated" / "a.wav"

    def record(descriptor):
        synced.append((os.fstat(descriptor).st_ino, target.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    AtomicFileSystemStorage(location=tmp_path).save("generated/a.wav", ContentFile(b"speech"))
    assert synced == [
        (target.stat().st_ino, False),
        (target.parent.stat().st_ino, True),
        (tmp_path.stat().st_ino, True),
    ]


def test_folders_are_private(tmp_path):
    AtomicFileSystemStorage(location=tmp_path / "storage").save("generated/a.wav", ContentFile(b"speech"))
    assert (tmp_path / "storage" / "generated").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "storage" / "generated" / "a.wav").stat().st_mode & 0o777 == 0o600
