"""What is for the owner alone: the secret key, and the permissions of everything in the storage."""

import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from django.core.management.utils import get_random_secret_key
from environs.exceptions import EnvError

SECRET_KEY_BYTES = 50  # of Django's get_random_secret_key
OTHERS = 0o077
FOLDERS = ("incoming", "normalized", "conditioning", "consents", "generated", "temporary")


def tighten(paths: Iterable[Path]) -> None:
    """Takes group's and others' permissions away: earlier versions gave some. Of what is there, and ours."""
    for path in paths:
        with suppress(FileNotFoundError, PermissionError):
            if path.stat().st_mode & OTHERS:
                path.chmod(0o700 if path.is_dir() else 0o600)


def sqlite_files(database: Path) -> list[Path]:
    """The -wal and -shm, too: new ones take the database's permissions, those that a crash left have their own."""
    return [database, *(database.with_name(database.name + suffix) for suffix in ("-wal", "-shm"))]


def kept_secret_key(file: Path) -> str:
    """The key made on the first run, for its owner alone; made again where there is none or a part of one.

    The file appears whole. Of processes that start together the first makes it, behind a lock on the folder. Raises
    EnvError where it can't be kept: on a full disk, say.
    """
    try:
        if not is_whole(file):
            make_secret_key(file)
        return file.read_text()
    except OSError as error:
        raise EnvError(
            f"The secret key can't be kept in {file} ({error.strerror}). Make room or let this user write there, "
            "or set SECRET_KEY."
        ) from error


def is_whole(secret_key: Path) -> bool:
    return secret_key.exists() and secret_key.stat().st_size >= SECRET_KEY_BYTES


def make_secret_key(file: Path) -> None:
    lock = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_whole(file):
            write_secret_key(file)
            os.fsync(lock)
    finally:
        os.close(lock)


def write_secret_key(file: Path) -> None:
    beside = file.with_name(".secret_key.part")
    beside.unlink(missing_ok=True)
    try:
        beside.touch(0o600)
        with beside.open("w") as new:
            new.write(get_random_secret_key())
            new.flush()
            os.fsync(new.fileno())
        beside.replace(file)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
