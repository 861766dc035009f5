"""Finds what crashes and lost disks leave, and mends it. Every worker calls `sweep`; `manage.py sweep` shows it.

Files without rows, rows that nothing uses and empty folders go. Of rows without files, what can be made again is
forgotten; what can't stays, and says what is lost: a generation is marked as failed, and succeeds again if its
audio comes back, as it does when a disk was only not mounted.
"""

import logging
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.utils import timezone

from cloning.errors import ErrorCode
from cloning.jobs import (
    audit,
    books,
    departures,
    idempotency,
    limits,
    listening,
    revoking,
    tries,
    xtts_settings,
)
from cloning.jobs.batches.ending import complete_all
from cloning.jobs.cleanup import delete_generation, delete_stored, delete_voice, release_references
from cloning.jobs.discarding import find_overdue
from cloning.jobs.takes import forget_sound
from cloning.jobs.voices import find_deleted, purge_deleted
from cloning.jobs.webhooks import outbox
from cloning.models import (
    Book,
    BookStatus,
    Encoding,
    Generation,
    Reference,
    Status,
    StoredConditioning,
    Take,
    VoiceConsent,
)
from cloning.storage.local import HEALTH_FOLDER
from cloning.storage.temporary import delete_abandoned_folders, delete_if_abandoned, find_abandoned_folders

logger = logging.getLogger(__name__)

FOLDERS = ("incoming", "normalized", "conditioning", "consents", "generated", HEALTH_FOLDER)
LISTING_SECONDS = 3600.0
"""Between two listings of all files, of which there may be many, in a bucket."""
MIN_AGE = timedelta(hours=1)
"""A file is stored before its row is written."""
MAX_UNUSED = timedelta(days=1)
AUDIO_LOST = (
    "The audio is gone from the server's storage. Its text and settings are kept: it can be spoken again."
)

_list_at = 0.0


@dataclass(frozen=True)
class Finding:
    what: str
    remedy: str  # what becomes of it, as in "deleted"; empty where nothing can be done
    mend: Callable[[], object]
    """Looks again: what it was found to be may be over."""

    def describe(self, *, is_mended: bool) -> str:
        return f"{self.what}: {'' if is_mended else 'to be '}{self.remedy}" if self.remedy else self.what


def sweep() -> None:
    """Cheap in most calls. Raises DatabaseError and OSError."""
    global _list_at
    delete_abandoned_folders()
    revoking.finish_all()
    purge_deleted()
    books.purge_overdue()
    departures.finish_all()
    limits.forget_old()
    listening.forget_old()
    tries.forget_old()
    audit.forget_old()
    idempotency.forget_old()
    xtts_settings.forget_old()
    outbox.forget_old()
    complete_all()
    for finding in (*find_discarded(), *find_expired()):
        finding.mend()
    if time.monotonic() >= _list_at:
        _list_at = time.monotonic() + LISTING_SECONDS
        forget_sessions()
        for finding in find_all():
            logger.warning("%s", finding.describe(is_mended=True))
            finding.mend()


def forget_sessions() -> None:
    """Those that have expired, which Django leaves where they are."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


def find_all() -> Iterator[Finding]:
    """Each is to be mended before the next is asked for, or none: what is mended leaves more to find."""
    for folder in find_abandoned_folders():
        what = f"temporary/{folder.name} is of a process that was killed"
        yield Finding(what, "deleted", partial(delete_if_abandoned, folder))
    yield from find_discarded()
    yield from find_expired()
    for pk in books.find_overdue().values_list("pk", flat=True):
        yield Finding(f"Book {pk} was deleted, or is too old", "deleted", partial(books.purge, pk))
    yield from find_unused_rows()
    stored = {
        name for folder in FOLDERS for name in walk(folder)
    }  # before the rows: who stores has a row then
    yield from find_lost_files(stored)
    yield from find_orphans(stored)


def find_discarded() -> Iterator[Finding]:
    """What somebody deleted and did not want back in time."""
    for pk in find_overdue().order_by().values_list("pk", flat=True):
        yield Finding(f"Generation {pk} was deleted by somebody", "deleted", partial(delete_generation, pk))


def find_expired() -> Iterator[Finding]:
    """What is older than the settings have it kept: results, starred ones too, and clips that belong to no voice."""
    statuses = [Status.SUCCEEDED, Status.FAILED, Status.CANCELLED]  # by the index of status and time
    ended = Generation.objects.filter(status__in=statuses, sample_of=None)
    if days := settings.KEEP_GENERATIONS_DAYS:
        old = ended.filter(chapter=None).filter(created_at__lt=timezone.now() - timedelta(days=days))
        for pk in old.order_by().values_list("pk", flat=True):
            what = f"Generation {pk} is older than {days} days"
            yield Finding(what, "deleted", partial(delete_generation, pk))
    if days := settings.KEEP_REFERENCES_DAYS:
        old = ended.filter(created_at__lt=timezone.now() - timedelta(days=days))
        unsaved = old.filter(references__isnull=False, references__voices=None)
        unsaved = unsaved.exclude(chapter__book__status=BookStatus.RUNNING)  # its next chapters need them
        for pk in unsaved.order_by().values_list("pk", flat=True).distinct():
            what = f"The clips of generation {pk} are older than {days} days"
            yield Finding(what, "released", partial(forget_clips, pk))


def forget_clips(pk: uuid.UUID) -> None:
    """Those of no saved voice. What was spoken stays; what nothing else uses is deleted, with all that was derived."""
    with transaction.atomic():
        generation = Generation.objects.select_for_update().filter(pk=pk).first()
        if generation is None or generation.is_active:
            return
        unsaved = list(generation.references.filter(voices=None))
        for speaker in generation.cast.all():
            speaker.references.remove(*unsaved)
        generation.references.remove(*unsaved)


def find_unused_rows() -> Iterator[Finding]:
    """Deleted voices, references that nothing has used for a day, and conditioning of sets that nothing has."""
    for voice in find_deleted():
        yield Finding(f"Voice {voice.pk} was deleted", "deleted for good", partial(delete_voice, voice.pk))
    old = Reference.objects.unused().filter(created_at__lt=timezone.now() - MAX_UNUSED)
    for pk in old.values_list("pk", flat=True):
        yield Finding(f"Reference {pk} is used by nothing", "deleted", partial(release_unused, [pk]))
    for conditioning in StoredConditioning.objects.all():
        if not conditioning.is_used():
            what = f"Conditioning {conditioning.pk} is of a set that nothing has"
            yield Finding(what, "deleted", partial(delete_unused, conditioning))


def release_unused(reference_ids: Collection[uuid.UUID]) -> None:
    with transaction.atomic():
        Reference.objects.filter(pk__in=reference_ids).lock()
        release_references(reference_ids)


def delete_unused(conditioning: StoredConditioning) -> None:
    release_unused([each.pk for each in conditioning.references.all()])
    if not conditioning.references.exists():
        conditioning.delete()


def find_orphans(stored: Collection[str]) -> Iterator[Finding]:
    """Files of which no row knows, and empty folders, an hour old at least."""
    names = set(stored)
    for rows, field in (
        (Reference.objects, "file"),
        (Reference.objects, "normalized"),
        (StoredConditioning.objects, "file"),
        (Generation.objects, "audio"),
        (Encoding.objects, "audio"),
        (Take.objects, "audio"),
        (VoiceConsent.objects, "recording"),
        (Book.objects, "audio"),
        (Book.objects, "cover"),
    ):
        names.difference_update(rows.values_list(field, flat=True).iterator())
    for name in sorted(names):
        if is_old(name):
            yield Finding(f"{name} belongs to nothing", "deleted", partial(delete_stored, name))


def find_lost_files(stored: Collection[str]) -> Iterator[Finding]:
    """Rows whose file is not there, and generations whose audio is there again."""
    generations = Generation.objects.all()
    for pk, name in find_rows(generations.filter(status=Status.SUCCEEDED), "audio"):
        if is_lost(name, stored):
            what = f"{name}, the audio of generation {pk}, is gone"
            yield Finding(what, "marked as failed", partial(mark_lost, pk, name))
    failed = generations.filter(status=Status.FAILED, error_code=ErrorCode.STORAGE_FAILED)
    for pk, name in find_rows(failed, "audio"):
        if name in stored:
            what = f"{name}, the audio of generation {pk}, is there again"
            yield Finding(what, "marked as succeeded", partial(mark_found, pk, name))
    for take in Take.objects.filter(status=Status.SUCCEEDED).only("audio", "segment").iterator():
        if is_lost(take.audio.name or "", stored):
            what = f"{take.audio.name} is gone and can be spoken again"
            yield Finding(what, "forgotten", partial(forget_sound, take))
    remade: tuple[tuple[models.Manager[Any], str], ...] = (
        (StoredConditioning.objects, "file"),
        (Encoding.objects, "audio"),
    )
    for kind, field in remade:
        for pk, name in find_rows(kind.all(), field):
            if is_lost(name, stored):
                forget = kind.filter(pk=pk, **{field: name}).delete
                yield Finding(f"{name} is gone and can be made again", "forgotten", forget)
    for pk, name in find_rows(Book.objects.all(), "audio"):
        if is_lost(name, stored):
            book = Book.objects.filter(pk=pk, audio=name)
            what = f"{name} is gone and can be made again"
            yield Finding(what, "forgotten", partial(book.update, audio="", audio_source=""))
    for pk, name in find_rows(Reference.objects.all(), "normalized"):
        if is_lost(name, stored):
            rows = Reference.objects.filter(pk=pk, normalized=name)
            what = f"{name} is gone and can be made again"
            yield Finding(what, "forgotten", partial(rows.update, normalized=""))
    for pk, name in find_rows(Reference.objects.all(), "file"):
        if is_lost(name, stored):
            what = (
                f"{name}, the clip of reference {pk}, is gone; it is there again once somebody sends it again"
            )
            yield Finding(what, "", lambda: None)
    for pk, name in find_rows(VoiceConsent.objects.all(), "recording"):
        if is_lost(name, stored):
            yield Finding(f"{name}, the recording of consent {pk}, is gone", "", lambda: None)


def find_rows(rows: models.QuerySet[Any], field: str) -> Iterator[tuple[uuid.UUID, str]]:
    """Key and file of those that have one."""
    return rows.exclude(**{field: ""}).order_by().values_list("pk", field).iterator()


def is_lost(name: str, stored: Collection[str]) -> bool:
    return name not in stored and not default_storage.exists(name)  # it may be newer than the listing


def mark_lost(pk: uuid.UUID, name: str) -> None:
    """Keeps the name: a file that comes back is no orphan, and the generation succeeds again."""
    Generation.objects.filter(pk=pk, status=Status.SUCCEEDED, audio=name).update(
        status=Status.FAILED, error_code=ErrorCode.STORAGE_FAILED, error_message=AUDIO_LOST
    )


def mark_found(pk: uuid.UUID, name: str) -> None:
    Generation.objects.filter(
        pk=pk, status=Status.FAILED, error_code=ErrorCode.STORAGE_FAILED, audio=name
    ).update(status=Status.SUCCEEDED, error_code="", error_message="")


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
