"""Finds what crashes leave: files without rows, rows that nothing uses, empty folders. Every worker calls `sweep`."""

import logging
import time
from collections.abc import Iterator
from datetime import timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from cloning.jobs.cleanup import delete_stored, release_references
from cloning.models import Generation, Reference, StoredConditioning, Take
from cloning.storage.temporary import delete_abandoned_folders

logger = logging.getLogger(__name__)

FOLDERS = ("incoming", "normalized", "conditioning", "generated")
LISTING_SECONDS = 3600.0
"""Between two listings of all files, of which there may be many, in a bucket."""
MIN_AGE = timedelta(hours=1)
"""A file is stored before its row is written."""
MAX_UNUSED = timedelta(days=1)

_list_at = 0.0


def sweep() -> None:
    """Cheap in most calls. Raises DatabaseError and OSError."""
    global _list_at
    delete_abandoned_folders()
    if time.monotonic() >= _list_at:
        _list_at = time.monotonic() + LISTING_SECONDS
        delete_unused_rows()
        delete_orphaned_files()


def delete_unused_rows() -> None:
    """References that nothing has used for a day, and conditioning of sets that nothing has."""
    old = Reference.objects.unused().filter(created_at__lt=timezone.now() - MAX_UNUSED)
    for reference_id in old.values_list("pk", flat=True):
        with transaction.atomic():
            Reference.objects.filter(pk=reference_id).lock()
            release_references([reference_id])
    for conditioning in StoredConditioning.objects.all():
        if not conditioning.is_used():
            with transaction.atomic():
                release_references([each.pk for each in conditioning.references.all().lock()])
            if not conditioning.references.exists():
                conditioning.delete()


def delete_orphaned_files() -> int:
    """Files of which no row knows, an hour old at least; returns how many."""
    orphans = find_orphans()
    for name in orphans:
        logger.warning("%s belongs to nothing and is deleted", name)
        delete_stored(name)
    return len(orphans)


def find_orphans() -> list[str]:
    names = {
        name for folder in FOLDERS for name in walk(folder)
    }  # before the rows: who stores a file now has one then
    for rows, field in (
        (Reference.objects, "file"),
        (Reference.objects, "normalized"),
        (StoredConditioning.objects, "file"),
        (Generation.objects, "audio"),
        (Take.objects, "audio"),
    ):
        names.difference_update(rows.values_list(field, flat=True).iterator())
    return sorted(name for name in names if is_old(name))


def walk(folder: str) -> Iterator[str]:
    """Names of files, and of folders below that are empty."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{file}" for file in files)
    for each in folders:
        inner = list(walk(f"{folder}/{each}"))
        yield from inner or [f"{folder}/{each}"]


def is_old(name: str) -> bool:
    try:
        return default_storage.get_modified_time(name) < timezone.now() - MIN_AGE
    except FileNotFoundError:  # deleted meanwhile
        return False
