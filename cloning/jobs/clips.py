"""Uploaded clips become references, together with the row that uses them or not at all."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction

from cloning.coach.measures import Part
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import limits
from cloning.jobs.cleanup import delete_stored
from cloning.models import Reference

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_REFERENCES = 5
"""Of one voice, and of one generation."""
MAX_TRIES = 20
"""Each is made vain only by another request for one of the same clips that ends in the same moment."""

Key = tuple[str, tuple[float, float] | None]
"""The SHA-256 of a clip, and the part of it."""


@dataclass(frozen=True)
class ReferenceUpload:
    """An upload that was found usable. A clip is known by the SHA-256 of its bytes."""

    upload: "UploadedFile[bytes]"
    sha256: str
    suffix: str
    format_name: str
    duration_seconds: float
    part: Part | None = None  # None: all of it

    @property
    def ends(self) -> tuple[float, float] | None:
        return (self.part.start_seconds, self.part.end_seconds) if self.part else None

    @property
    def key(self) -> Key:
        return self.sha256, self.ends

    def describe(self, owner: "User | None") -> Reference:
        """An unsaved row."""
        return Reference(
            owner=owner,
            sha256=self.sha256,
            start_seconds=self.part.start_seconds if self.part else None,
            end_seconds=self.part.end_seconds if self.part else None,
            original_name=(self.upload.name or "")[:255],
            suffix=self.suffix,
            format_name=self.format_name[:64],
            duration_seconds=self.duration_seconds,
            size_bytes=self.upload.size or 0,
        )


def use_clips(
    uploads: Sequence[ReferenceUpload],
    owner: "User | None",
    use: Callable[[list[Reference]], object],
    prepare: Callable[[], object] = lambda: None,
) -> None:
    """Calls `use` with the owner's rows of the clips, locked, in a transaction that begins with `prepare`.

    Raises what they raise, and GenerationError (DATABASE_BUSY), OSError and DatabaseError, and keeps nothing then.
    """
    limits.require_storage()
    distinct = {upload.key: upload for upload in uploads}
    for _ in range(MAX_TRIES):
        if try_to_use(distinct, owner, use, prepare):
            return
    raise GenerationError(ErrorCode.DATABASE_BUSY, "The same clip is being sent and deleted all the time.")


def try_to_use(
    uploads: dict[Key, ReferenceUpload],
    owner: "User | None",
    use: Callable[[list[Reference]], object],
    prepare: Callable[[], object],
) -> bool:
    """False when one of the clips was deleted, or stored by another request, in the middle of it."""
    stored: dict[str, Reference] = {}
    kept_names: set[str | None] = set()
    try:
        # Before the transaction, which on SQLite keeps all others from writing.
        for upload in find_missing(uploads.values()):
            stored[upload.sha256] = store_file(upload, owner)
        with transaction.atomic():
            prepare()
            references = link(uploads, owner, stored)
            use(references)
        kept_names = {reference.file.name for reference in references}
    except IntegrityError:
        return False
    finally:
        for name in {reference.file.name for reference in stored.values()} - kept_names:
            delete_stored(name or "")
    return True


def find_missing(uploads: Collection[ReferenceUpload]) -> list[ReferenceUpload]:
    """One of each clip that is not stored, or whose stored file is lost."""
    by_clip = {upload.sha256: upload for upload in uploads}
    known = Reference.objects.filter(sha256__in=by_clip)
    present = {each.sha256 for each in known if is_present(each)}
    return [upload for sha256, upload in by_clip.items() if sha256 not in present]


def is_present(reference: Reference) -> bool:
    return default_storage.exists(reference.file.name or "")


def store_file(upload: ReferenceUpload, owner: "User | None") -> Reference:
    """An unsaved row whose file is stored."""
    reference = upload.describe(owner)
    upload.upload.seek(0)
    reference.file.save("", File(upload.upload), save=False)
    return reference


def link(
    uploads: dict[Key, ReferenceUpload], owner: "User | None", stored: dict[str, Reference]
) -> list[Reference]:
    """The owner's rows of the clips, locked; those that are new are inserted, with a file that others may have, too.

    Raises IntegrityError where one was deleted.
    """
    rows = Reference.objects.filter(sha256__in={upload.sha256 for upload in uploads.values()}).lock()
    files = {sha256: reference.file.name or "" for sha256, reference in stored.items()}
    for row in rows:
        if row.sha256 not in stored or is_present(row):
            files[row.sha256] = row.file.name or ""
    known: dict[Key, Reference] = {
        (row.sha256, row.ends): row for row in rows if row.owner_id == (owner and owner.pk)
    }
    for key in sorted(uploads.keys() - known.keys(), key=str):  # in one order, as they lock each other
        if key[0] not in files:
            raise IntegrityError("A clip was deleted in this moment.")
        own = stored.get(key[0])
        known[key] = own if own and own.ends == key[1] else uploads[key].describe(owner)
        known[key].file.name = files[key[0]]
        known[key].save(force_insert=True)
    for row in rows:
        if row.sha256 in stored and not is_present(row):
            row.file.name = files[row.sha256]
            row.save(update_fields=["file"])
    return [known[key] for key in uploads]
