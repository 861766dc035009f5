"""References and a generation, stored together or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction

from cloning import text
from cloning.engines import registry
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.cleanup import delete_stored
from cloning.jobs.notifications import WORK, notify
from cloning.models import Channel, Generation, Reference, Segment, Take, Voice
from cloning.storage.space import require_free_space

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


def require_room() -> None:
    """Raises GenerationError when as many wait as `MAX_QUEUED` allows, or less is free than `MIN_FREE_MB`."""
    require_free_space()
    if Generation.objects.active().count() >= settings.MAX_QUEUED:
        raise GenerationError(ErrorCode.QUEUE_FULL, "Too many generations are waiting.")


def submit(generation: Generation, uploads: Sequence[ReferenceUpload] = ()) -> None:
    """Queues an unsaved generation with the references of its voice, else with the uploads.

    Raises GenerationError (QUEUE_FULL, VOICE_UNKNOWN, TEXT_UNSPEAKABLE, DATABASE_BUSY), OSError and DatabaseError, and
    keeps nothing then.
    """
    require_room()
    pieces = split_text(generation)
    distinct = {upload.sha256: upload for upload in uploads}
    for _ in range(MAX_TRIES):
        if try_to_submit(generation, pieces, distinct):
            notify(WORK)
            return
    raise GenerationError(ErrorCode.DATABASE_BUSY, "The same clip is being sent and deleted all the time.")


def split_text(generation: Generation) -> list[text.Segment]:
    """In pieces that the engine takes which would speak now. Of what is listened to the first is short."""
    is_listened_to = generation.is_streamed or generation.requested_via == Channel.PAGE
    entry, language = registry.selected(), generation.language
    first_chars = entry.first_segment_limits[language] if is_listened_to else None
    try:
        return text.split(generation.text, language, entry.segment_limits[language], first_chars)
    except text.UnspeakableText as error:
        raise GenerationError(ErrorCode.TEXT_UNSPEAKABLE, str(error)) from error


def insert(generation: Generation, pieces: Sequence[text.Segment]) -> None:
    """With a first take of each segment, to be spoken."""
    count_pieces(generation, pieces)
    generation.save(force_insert=True)
    add_segments(generation, pieces)


def count_pieces(generation: Generation, pieces: Sequence[text.Segment]) -> None:
    generation.segments_total = len(pieces)
    generation.unspoken_chars = sum(len(piece.text) for piece in pieces)


def add_segments(generation: Generation, pieces: Sequence[text.Segment]) -> None:
    segments = Segment.objects.bulk_create(
        Segment(generation=generation, index=index, text=piece.text, pause_seconds=piece.pause_seconds)
        for index, piece in enumerate(pieces)
    )
    Take.objects.bulk_create(
        Take(segment=segment, text=segment.text, seed=(generation.seed + segment.index) % 2**32)
        for segment in segments
    )


def try_to_submit(
    generation: Generation, pieces: Sequence[text.Segment], uploads: dict[str, ReferenceUpload]
) -> bool:
    """False when one of the clips was deleted, or stored by another request, in the middle of it."""
    stored: dict[str, Reference] = {}
    kept_names: set[str | None] = set()
    try:
        # Before the transaction, which on SQLite keeps all others from writing.
        for upload in find_missing(uploads):
            stored[upload.sha256] = store_file(upload)
        with transaction.atomic():
            require_room()
            references = lock_voice(generation.voice) if generation.voice else link(uploads, stored)
            insert(generation, pieces)
            generation.references.set(references)
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


def lock_voice(voice: Voice) -> list[Reference]:
    """Its references, none of which is deleted before the end of the transaction. Raises GenerationError."""
    Voice.objects.select_for_update().filter(pk=voice.pk).first()
    references = Reference.objects.filter(voices=voice).lock()
    if not references:
        raise GenerationError(
            ErrorCode.VOICE_UNKNOWN, "There is no such voice; it may have been deleted in this moment."
        )
    return references


def save_voice(generation: Generation, name: str) -> Voice:
    """A voice of this name with the references of a generation."""
    with transaction.atomic():
        references = Reference.objects.filter(generations=generation).lock()
        voice = Voice.objects.create(name=name)
        voice.references.set(references)
    return voice
