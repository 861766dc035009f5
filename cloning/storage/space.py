"""Room on the disk of STORAGE_ROOT: uploads are refused before it is used up, and a reserve is kept to delete with."""

import logging
import os
import shutil
from pathlib import Path

from django.conf import settings

from cloning.errors import ErrorCode, GenerationError
from cloning.storage.temporary import temporary_folder

logger = logging.getLogger(__name__)

RESERVE_NAME = ".reserve"
RESERVE_BYTES = 4 * 1024**2
"""What a deletion needs: SQLite writes the pages that it changes to its log first."""


def free_bytes() -> int:
    return shutil.disk_usage(settings.STORAGE_ROOT).free


def require_free_space() -> None:
    """Raises GenerationError (STORAGE_FULL) when less than `MIN_FREE_MB` is free."""
    if free_bytes() < settings.MIN_FREE_MB * 1024**2:
        raise GenerationError(ErrorCode.STORAGE_FULL, "The server's disk is nearly full.")


def keep_reserve() -> None:
    """Sets the reserve aside, where it is not and four times as much is free."""
    reserve = reserve_path()
    if reserve.exists() or free_bytes() < 4 * RESERVE_BYTES:
        return
    try:
        with temporary_folder() as folder, (folder / "reserve").open("wb") as file:
            file.write(bytes(RESERVE_BYTES))  # written, as a file with holes would take no room
            os.fsync(file.fileno())
            (folder / "reserve").replace(reserve)
    except OSError as error:
        logger.warning("No reserve for a full disk could be set aside: %s", error)


def release_reserve() -> bool:
    """Whether there was one to give back."""
    try:
        reserve_path().unlink()
    except FileNotFoundError:
        return False
    logger.warning("The disk is full: the reserve was given back, so that something can be deleted.")
    return True


def reserve_path() -> Path:
    return Path(settings.STORAGE_ROOT) / RESERVE_NAME
