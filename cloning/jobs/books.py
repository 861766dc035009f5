"""What happens to a book: it is added, begun, stopped, continued, deleted; and its chapters are made generations.

One chapter waits or runs at a time, so that a book takes one place in the queue and one turn among the others; the next
is queued when the last sentence of the one before is in a worker's hand. That is done by workers (`advance_all`), and
everything it needs stands in the rows: a restart loses nothing.
"""

import logging
import time
import uuid
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Length
from django.utils import timezone

from cloning import audio
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import idempotency, limits, state, submission
from cloning.jobs.acting import Actor, acting
from cloning.jobs.cleanup import delete_generation, with_reserve
from cloning.jobs.clips import ReferenceUpload
from cloning.jobs.dispatching import call_worker
from cloning.jobs.notices import add_notice
from cloning.models import Book, BookStatus, Chapter, Charge, Generation, Reference, Status, Take
from cloning.models.generation import GenerationQuerySet
from cloning.reading import Cover, Cue, Document
from cloning.storage.space import require_free_space
from cloning.storage.temporary import temporary_folder
from cloning.text import Segment, WrongPause
from cloning.text.dialogue import Turn
from cloning.text.pauses import find_passages, without_pauses

if TYPE_CHECKING:
    from django.contrib.auth.models import User

logger = logging.getLogger(__name__)

MAX_DRAFTS = 20
"""Of one owner; the oldest go."""
KEEP_DRAFTS = timedelta(days=1)
AT_ONCE = 100
COMMON = (
    *("owner", "requested_via", "voice", "stock_voice", "language", "speed", "temperature", "seed"),
    *("audio_format", "agreement", "notice"),
)
"""What all chapters of a book have the same of."""


def add(document: Document, owner: "User | None", source_name: str, *, is_result: bool = True) -> Book:
    """A draft with all chapters of the document. `is_result`: it is what was asked for, and is not begun at once.

    Raises GenerationError, OSError, DatabaseError.
    """
    require_free_space()
    limits.require_storage()
    stem = source_name.rpartition(".")[0] or source_name
    book = Book(
        owner=owner,
        title=(document.title or stem)[:200] or "—",
        author=document.author[:200],
        language=document.language,
        source_name=source_name[-255:],
    )
    if document.cover:
        store_cover(book, document.cover)
    try:
        with transaction.atomic():
            book.save(force_insert=True)
            Chapter.objects.bulk_create(cut_chapters(book, document), batch_size=AT_ONCE)
            if is_result:
                idempotency.complete(book)
    except BaseException:
        if book.cover:
            book.cover.delete(save=False)
        raise
    drafts = Book.objects.filter(owner=owner, status=BookStatus.DRAFT).order_by("-created_at")
    for pk in list(drafts.values_list("pk", flat=True)[MAX_DRAFTS:]):
        delete_row(pk)
    return book


def store_cover(book: Book, cover: Cover) -> None:
    """One that can't be read is left out."""
    with temporary_folder() as folder:
        source, target = folder / "cover", folder / "cover.jpg"
        source.write_bytes(cover.content)
        try:
            audio.shrink_cover(source, cover.suffix, target)
        except GenerationError as error:
            logger.info("A cover was left out: %s", error)
            return
        book.cover.save("", ContentFile(target.read_bytes()), save=False)


def cut_chapters(book: Book, document: Document) -> Iterator[Chapter]:
    index = 0
    for number, chapter in enumerate(document.chapters, 1):
        if chapter.cues:
            for part, cues in enumerate(cut_cues(chapter.cues, settings.MAX_TEXT_CHARS), 1):
                yield time_chapter(Chapter(book=book, index=index, number=number, part=part), cues)
                index += 1
            continue
        for part, text in enumerate(cut_text(chapter.text, settings.MAX_TEXT_CHARS), 1):
            yield Chapter(
                book=book,
                index=index,
                number=number,
                part=part,
                title=chapter.title,
                text=settle_pauses(text),
            )
            index += 1


def cut_text(text: str, most: int) -> Iterator[str]:
    """Between paragraphs, else sentences, else words, where it is longer than a generation may be."""
    while len(text) > most:
        found = ((text.rfind(mark, most // 2, most), mark) for mark in ("\n\n", "\n", ". ", " "))
        end = next((place + len(mark) for place, mark in found if place > 0), most)
        if any(map(str.isalnum, text[:end])):
            yield text[:end].strip()
        text = text[end:].strip()
    if any(map(str.isalnum, text)):
        yield text


def cut_cues(cues: Sequence[Cue], most: int) -> Iterator[list[tuple[Cue, float | None]]]:
    """Each with the seconds until the next begins."""
    part: list[tuple[Cue, float | None]] = []
    chars = 0
    for cue, following in zip(cues, [*cues[1:], None], strict=True):
        if part and chars + len(cue.text) + 2 > most:
            yield part
            part, chars = [], 0
        part.append((cue, following.start_seconds - cue.start_seconds if following else None))
        chars += len(cue.text) + 2
    yield part


def time_chapter(chapter: Chapter, cues: Sequence[tuple[Cue, float | None]]) -> Chapter:
    """The first part begins with the film, each other with its first cue."""
    chapter.due_seconds = start = 0.0 if chapter.part == 1 else cues[0][0].start_seconds
    chapter.text = "\n\n".join(without_pauses(cue.text) for cue, _room in cues)
    chapter.cues = [[cue.start_seconds - start, room, without_pauses(cue.text)] for cue, room in cues]
    return chapter


def split_chapter(
    chapter: Chapter, generation: Generation, *, is_first: bool, is_last: bool
) -> list[Segment]:
    """Listeners are told once that a computer reads: at the beginning or end of the book. Raises GenerationError."""
    cues = chapter.cues
    pieces = submission.split_cues(generation, cues) if cues else submission.split_text(generation)
    return add_notice(generation, pieces, is_first=is_first, is_last=is_last)


def settle_pauses(text: str) -> str:
    """Without tags of pauses where one of them can't be made."""
    try:
        find_passages([Turn(text)])
    except WrongPause:
        return without_pauses(text)
    return text


def start(
    book: Book,
    chosen: Collection[int],
    first: Generation,
    uploads: Sequence[ReferenceUpload] = (),
) -> None:
    """Begins a draft with its chapters of these indexes; `first` is the unsaved generation of the first of them.

    All characters count from now on. Raises what `submit` raises, and GenerationError (BOOK_STARTED).
    """
    submission.require_room()
    limits.require_storage()
    rows = book.chapters.filter(index__in=chosen).order_by("index")
    first.chapter = rows[0]
    pieces = split_chapter(rows[0], first, is_first=True, is_last=len(rows) == 1)
    chars = rows.aggregate(sum=Sum(Length("text")))["sum"] or 0

    def queue(references: Sequence[Reference]) -> None:
        draft = Book.objects.kept().filter(pk=book.pk, status=BookStatus.DRAFT)
        changes = {"title": book.title, "author": book.author, "status": BookStatus.RUNNING}
        if not draft.update(**changes, created_at=timezone.now(), charged=limits.find_charged()):
            raise begun_already()
        book.chapters.exclude(index__in=chosen).delete()
        submission.insert(first, pieces)
        idempotency.complete(book)
        first.references.set(references)

    submission.take_references(first, uploads, queue, partial(submission.take_place, first, chars))
    call_worker(Generation.objects.filter(pk=first.pk))
    book.refresh_from_db()
    logger.info("Book %s begun: %d characters", book.pk, chars)


def require_draft(book: Book) -> None:
    """Raises GenerationError."""
    if not book.is_draft:
        raise begun_already()


def begun_already() -> GenerationError:
    return GenerationError(ErrorCode.BOOK_STARTED, "This book was begun already, or is deleted.")


def generations_of(book: Book) -> GenerationQuerySet:
    return Generation.objects.filter(chapter__book=book)


def advance_all() -> None:
    """Of every book that runs: the next chapter is queued where it is time, or the book has ended."""
    for book in Book.objects.kept().filter(status=BookStatus.RUNNING).order_by("created_at"):
        try:
            advance(book)
        except GenerationError as error:
            if error.code.status == 503:  # a full disk, say, which may be over soon
                continue
            end(book, BookStatus.FAILED, error.code, str(error))
        except IntegrityError:
            logger.info("Book %s is advanced by another worker", book.pk)


def advance(book: Book) -> None:
    """Raises GenerationError where its next chapter can't be queued."""
    made = generations_of(book)
    stopped = made.filter(status__in=[Status.FAILED, Status.CANCELLED]).order_by("chapter__index").first()
    is_active = made.active().exists()
    if stopped:
        if not is_active:
            is_failed = stopped.status == Status.FAILED
            status = BookStatus.FAILED if is_failed else BookStatus.CANCELLED
            end(book, status, stopped.error_code, stopped.error_message)
        return
    if Take.objects.filter(status=Status.QUEUED, segment__generation__in=made.active()).exists():
        return
    if following := book.chapters.filter(generation=None).order_by("index").first():
        queue_chapter(book, following)
    elif not is_active:
        end(book, BookStatus.SUCCEEDED)


def end(book: Book, status: BookStatus, code: str = "", message: str = "") -> None:
    running = Book.objects.filter(pk=book.pk, status=BookStatus.RUNNING)
    running.update(status=status, error_code=code, error_message=message)


def queue_chapter(book: Book, chapter: Chapter) -> None:
    """As the chapter before was: in its voice, with its settings."""
    require_free_space()
    before = generations_of(book).order_by("-chapter__index").first()
    if before is None:
        raise GenerationError(ErrorCode.VOICE_GONE, "The voice of this book is deleted.")
    common = {name: getattr(before, name) for name in COMMON}
    generation = Generation(chapter=chapter, text=chapter.text, **common)
    is_last = not book.chapters.filter(index__gt=chapter.index).exists()
    pieces = split_chapter(chapter, generation, is_first=False, is_last=is_last)
    with transaction.atomic(), acting(Actor(user=book.owner)):
        submission.lock_queue()
        running = Book.objects.kept().filter(pk=book.pk, status=BookStatus.RUNNING)
        if not running.select_for_update(of=("self",)).first():
            return
        submission.require_to_go_on(before)
        references = Reference.objects.filter(generations=before).lock()
        if not (references or before.stock_voice):
            raise GenerationError(ErrorCode.VOICE_GONE, "The clips of this book's voice are deleted.")
        submission.insert(generation, pieces)
        generation.references.set(references)
        rows = [Charge(generation=generation, subject=subject) for subject in book.charged]
        Charge.objects.bulk_create(rows, ignore_conflicts=True)
    call_worker(Generation.objects.filter(pk=generation.pk))
    logger.info("Chapter %d of book %s queued", chapter.index + 1, book.pk)


def cancel(book: Book) -> bool:
    """Stops what runs: what is spoken stays."""
    is_stopped = Book.objects.filter(pk=book.pk, status=BookStatus.RUNNING).update(
        status=BookStatus.CANCELLED
    )
    for generation in generations_of(book).active():
        state.cancel(generation)
    book.refresh_from_db()
    return bool(is_stopped)


def resume(book: Book) -> bool:
    """Goes on with one that was stopped or has failed: what was spoken is not spoken again. Raises GenerationError."""
    if not book.can_resume:
        return False
    submission.require_room()
    for generation in generations_of(book).filter(status__in=[Status.FAILED, Status.CANCELLED]):
        state.resume(generation)
    stopped = Book.objects.kept().filter(pk=book.pk, status__in=[BookStatus.FAILED, BookStatus.CANCELLED])
    is_resumed = stopped.update(status=BookStatus.RUNNING, error_code="", error_message="")
    book.refresh_from_db()
    return bool(is_resumed)


def discard(book: Book, seconds: float = 2.0) -> None:
    """Hides it with all its chapters at once, and deletes them for as long as may be; the sweep deletes the rest."""
    now = timezone.now()

    def hide() -> int:
        return Book.objects.filter(pk=book.pk, deleted_at=None).update(deleted_at=now)

    with_reserve(hide)
    for generation in generations_of(book).active():
        state.cancel(generation)
    with_reserve(lambda: generations_of(book).filter(deleted_at=None).update(deleted_at=now))
    purge(book.pk, seconds)


def purge(pk: uuid.UUID, seconds: float | None = None) -> bool:
    """A chapter at a time. Whether all of it is gone."""
    give_up_at = None if seconds is None else time.monotonic() + seconds
    while ids := list(Generation.objects.filter(chapter__book=pk).values_list("pk", flat=True)[:AT_ONCE]):
        for generation_id in ids:
            delete_generation(generation_id)
            if give_up_at is not None and time.monotonic() >= give_up_at:
                return False
    return delete_row(pk)


def delete_row(pk: uuid.UUID) -> bool:
    return bool(with_reserve(lambda: Book.objects.filter(pk=pk).delete()[0]))


def find_overdue() -> QuerySet[Book]:
    """What was deleted, drafts that nobody began, and what is older than the settings have it kept."""
    old = Q(status=BookStatus.DRAFT, created_at__lt=timezone.now() - KEEP_DRAFTS)
    if days := settings.KEEP_GENERATIONS_DAYS:
        ended = Q(created_at__lt=timezone.now() - timedelta(days=days))
        old |= ended & ~Q(status__in=[BookStatus.RUNNING, BookStatus.DRAFT])
    return Book.objects.filter(Q(deleted_at__isnull=False) | old)


def purge_overdue() -> None:
    """Cheap where there is nothing."""
    for pk in find_overdue().values_list("pk", flat=True):
        purge(pk)
