"""All that is spoken of a book as one M4B: made when somebody asks for it, kept as long as nothing of it changes."""

import dataclasses
import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from cloning import audio
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import encodings, signing
from cloning.jobs.books import generations_of
from cloning.jobs.cleanup import delete_stored
from cloning.models import Book, Generation, book_file
from cloning.storage.space import require_free_space
from cloning.storage.temporary import temporary_folder

MAX_PART_SECONDS = 600.0
MAX_BINDING_SECONDS = 600.0


def list_spoken(book: Book) -> list[Generation]:
    """Chapters that have a file, in their order."""
    rows = generations_of(book).kept().select_related("chapter").defer("peaks", "text", "chapter__text")
    return [each for each in rows.order_by("chapter__index") if each.has_file]


def identify(spoken: Sequence[Generation], book: Book) -> str:
    names = [each.audio.name or "" for each in spoken]
    return hashlib.sha256("\n".join([book.title, book.author, *names]).encode()).hexdigest()


def find(book: Book) -> FieldFile | None:
    """The file, where there is one of what is spoken now."""
    is_current = book.audio and book.audio_source == identify(list_spoken(book), book)
    return book.audio if is_current else None


def make(book: Book) -> None:
    """Makes and keeps it, unless the book is gone by then. One chapter after another. Raises GenerationError."""
    require_free_space()
    if not (spoken := list_spoken(book)):
        raise GenerationError(ErrorCode.FILE_UNKNOWN, "No chapter is spoken yet.")
    with temporary_folder() as folder:
        encoded, unsigned, bound = (folder / name for name in ("book.aac", "unsigned.m4b", "book.m4b"))
        marks = encode_all(spoken, folder, encoded)
        origin = dataclasses.replace(
            signing.origin_of(spoken[0]), made_at=timezone.now(), identifier=book.pk.urn
        )
        titles = {"title": book.title, "album": book.title, "artist": book.author, "genre": "Audiobook"}
        is_signable = signing.is_signable(bound.suffix)
        audio.bind(
            encoded,
            marks,
            unsigned if is_signable else bound,
            tags=origin.tags() | titles,
            cover=fetch_cover(book, folder),
            timeout_seconds=MAX_BINDING_SECONDS,
        )
        if is_signable:
            signing.sign_file(unsigned, bound, origin)
        with bound.open("rb") as file:
            name = default_storage.save(book_file(book, ""), File(file))
    accept(book, name, identify(spoken, book))


def encode_all(spoken: Sequence[Generation], folder: Path, encoded: Path) -> list[audio.Mark]:
    marks: list[audio.Mark] = []
    position, number = 0.0, None
    for generation in spoken:
        chapter = generation.chapter
        assert chapter is not None
        if chapter.due_seconds and (wait := chapter.due_seconds - position) > 0:
            position += audio.append_silence(wait, encoded, timeout_seconds=MAX_PART_SECONDS)
        with temporary_folder() as inner:
            try:
                source = encodings.fetch_source(generation, inner).path
            except FileNotFoundError as error:
                raise GenerationError(
                    ErrorCode.FILE_UNKNOWN, "A chapter is gone from the storage."
                ) from error
            end = position + audio.append_encoded(source, encoded, timeout_seconds=MAX_PART_SECONDS)
        if chapter.number == number:  # another part of it
            marks[-1] = audio.Mark(marks[-1].title, marks[-1].start_seconds, end)
        else:
            marks.append(audio.Mark(chapter.title or str(chapter.number), position, end))
        position, number = end, chapter.number
    return marks


def fetch_cover(book: Book, folder: Path) -> Path | None:
    if not book.cover:
        return None
    path = folder / "cover.jpg"
    try:
        with book.cover.open("rb") as stored, path.open("wb") as copy:
            shutil.copyfileobj(stored, copy)
    except FileNotFoundError:
        return None
    return path


def accept(book: Book, name: str, source: str) -> None:
    """Two that are made at once are as good as each other: the last stays."""
    before = Book.objects.filter(pk=book.pk).values_list("audio", flat=True).first()
    still_spoken = identify(list_spoken(book), book) == source
    kept = Book.objects.kept().filter(pk=book.pk, audio=before or "")
    if still_spoken and kept.update(audio=name, audio_source=source):
        if before:
            delete_stored(before)
    else:
        delete_stored(name)
