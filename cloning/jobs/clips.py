"""Uploaded clips become references, together with the row that uses them or not at all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.cleanup import delete_stored
from cloning.models import Reference

MAX_REFERENCES = 5
"""Of one voice, and of one generation."""
MAX_TRIES = 20
"""Each is made vain only by another request for one of the same clips that ends in the same moment."""


@dataclass(frozen=True)
class ReferenceUpload:
    """An upload that was found usable. A clip is known by the SHA-256 of its bytes."""

    upload: "UploadedFile[bytes]"
    sha256: str
    suffix: str
    format_name: str
    duration_seconds: float

    def describe(self) -> Reference:
        """An unsaved row."""
        return Reference(
            sha256=self.sha256,
            original_name=(self.upload.name or "")[:255],
            suffix=self.suffix,
            format_name=self.format_name[:64],
            duration_seconds=self.duration_seconds,
            size_bytes=self.upload.size or 0,
        )


def use_clips(
    uploads: Sequence[ReferenceUpload],
    use: Callable[[list[Reference]], object],
    prepare: Callable[[], object] = lambda: None,
) -> None:
    """Calls `use` with the rows of the clips, locked, in a transaction that begins with `prepare`.

    Raises what they raise, and GenerationError (DATABASE_BUSY), OSError and DatabaseError, and keeps nothing then.
    """
    distinct = {upload.sha256: upload for upload in uploads}
    for _ in range(MAX_TRIES):
        if try_to_use(distinct, use, prepare):
            return
    raise GenerationError(ErrorCode.DATABASE_BUSY, "The same clip is being sent and deleted all the time.")


def try_to_use(
    uploads: dict[str, ReferenceUpload],
    use: Callable[[list[Reference]], object],
    prepare: Callable[[], object],
) -> bool:
    """False when one of the clips was deleted, or stored by another request, in the middle of it."""
    stored: dict[str, Reference] = {}
    kept_names: set[str | None] = set()
    try:
        # Before the transaction, which on SQLite keeps all others from writing.
        for upload in find_missing(uploads):
            stored[upload.sha256] = store_file(upload)
        with transaction.atomic():
            prepare()
            references = link(uploads, stored)
            use(references)
        kept_names = {reference.file.name for reference in references}
    except IntegrityError:
        return False
    finally:
        for name in {reference.file.name for reference in stored.values()} - kept_names:
            delete_stored(name or "")
    return True


def find_missing(uploads: dict[str, ReferenceUpload]) -> list[ReferenceUpload]:
    """Those that are not stored, or whose stored file is lost."""
    known = Reference.objects.filter(sha256__in=uploads)
    present = {each.sha256 for each in known if default_storage.exists(each.file.name or "")}
    return [upload for sha256, upload in uploads.items() if sha256 not in present]


def store_file(upload: ReferenceUpload) -> Reference:
    """An unsaved row whose file is stored."""
    reference = upload.describe()
    upload.upload.seek(0)
    reference.file.save("", File(upload.upload), save=False)
    return reference


def link(uploads: dict[str, ReferenceUpload], stored: dict[str, Reference]) -> list[Reference]:
    """The rows of the clips, locked; those that are new are inserted. Raises IntegrityError where one was deleted."""
    known = {reference.sha256: reference for reference in Reference.objects.filter(sha256__in=uploads).lock()}
    for sha256 in sorted(uploads.keys() - known.keys()):  # in one order, as they lock each other
        if sha256 not in stored:
            raise IntegrityError("A clip was deleted in this moment.")
        stored[sha256].save(force_insert=True)
        known[sha256] = stored[sha256]
    for sha256 in stored:
        if not default_storage.exists(known[sha256].file.name or ""):
            known[sha256].file = stored[sha256].file
            known[sha256].save(update_fields=["file"])
    return [known[sha256] for sha256 in uploads]
