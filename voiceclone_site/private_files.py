"""What is for the owner alone: the keys of this server, and the permissions of everything in the storage."""

import fcntl
import os
from collections.abc import Callable, Iterable
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
    """Made on the first run. Raises EnvError where it can't be kept: on a full disk, say."""
    try:
        return keep_one(file, is_secret_key, lambda: get_random_secret_key().encode()).decode()
    except OSError as error:
        raise EnvError(
            f"The secret key can't be kept in {file} ({error.strerror}). Make room or let this user write there, "
            "or set SECRET_KEY."
        ) from error


def is_secret_key(content: bytes) -> bool:
    return len(content) >= SECRET_KEY_BYTES


def keep_credentials(file: Path) -> None:
    """The certificate that files are signed with, and its key; made on the first run. Raises EnvError as above."""
    try:
        keep_one(file, are_credentials, make_credentials)
    except OSError as error:
        raise EnvError(
            f"The certificate can't be kept in {file} ({error.strerror}). Make room or let this user write there, "
            "or set C2PA_CERTIFICATE and C2PA_PRIVATE_KEY, or C2PA=false."
        ) from error


def are_credentials(content: bytes) -> bool:
    return content.endswith(b"-----END CERTIFICATE-----\n")


def make_credentials() -> bytes:
    from voiceclone_site import certificates  # 50 ms, on the first run alone

    return certificates.make_credentials()


def keep_one(file: Path, is_whole: Callable[[bytes], bool], make: Callable[[], bytes]) -> bytes:
    """What is in the file, for its owner alone; made where there is nothing or a part of it.

    The file appears whole. Of processes that start together the first makes it, behind a lock on the folder.
    """
    if not (file.exists() and is_whole(file.read_bytes())):
        lock = os.open(file.parent, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (file.exists() and is_whole(file.read_bytes())):
                write_whole(file, make())
                os.fsync(lock)
        finally:
            os.close(lock)
    return file.read_bytes()


def write_whole(file: Path, content: bytes) -> None:
    beside = file.with_name(f".{file.name}.part")
    beside.unlink(missing_ok=True)
    try:
        beside.touch(0o600)
        with beside.open("wb") as new:
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
        beside.replace(file)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
