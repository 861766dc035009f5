"""Books as the API answers with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse

from cloning.api.serializers import (
    ERROR_DETAIL,
    NUMBER,
    STRING,
    TIME,
    UUID,
    ErrorDetail,
    Field,
    Serializer,
    format_rfc3339,
    list_of,
    nullable,
    offered_url,
    schema_named,
    status_url,
)
from cloning.errors import ErrorCode
from cloning.jobs import bookestimates
from cloning.models import Book, BookStatus, Chapter, Generation, Status


@dataclass(frozen=True)
class ChapterState:
    chapter: Chapter
    generation: Generation | None

    @property
    def status(self) -> str:
        return self.generation.status if self.generation else Status.QUEUED


class BookState:
    """A book with its chapters, read once."""

    def __init__(self, book: Book) -> None:
        self.book = book

    @cached_property
    def chapters(self) -> list[ChapterState]:
        rows = (
            Generation.objects.kept()
            .filter(chapter__book=self.book)
            .with_begun_share()
            .defer("peaks", "text")
        )
        made = {row.chapter_id: row for row in rows}
        return [
            ChapterState(chapter, made.get(chapter.pk))
            for chapter in self.book.chapters.defer("text").order_by("index")
        ]

    @property
    def progress(self) -> float:
        shares = [each.generation.progress if each.generation else 0.0 for each in self.chapters]
        return sum(shares) / max(1, len(shares))

    @property
    def percent(self) -> int:
        return int(100 * self.progress)

    @property
    def duration_seconds(self) -> float:
        return sum(each.generation.duration_seconds or 0.0 for each in self.chapters if each.generation)

    @property
    def has_files(self) -> bool:
        return any(each.generation and each.generation.has_file for each in self.chapters)

    @property
    def seconds_left(self) -> float | None:
        return bookestimates.estimate_seconds_left(self.book)

    def url(self, name: str) -> str | None:
        return reverse(name, args=[self.book.pk]) if self.has_files else None


def error_of(book: Book) -> ErrorDetail | None:
    if book.status != BookStatus.FAILED or not book.error_code:
        return None
    code = ErrorCode(book.error_code)
    return ErrorDetail(code, book.error_message, code.field)


CHAPTER = Serializer[ChapterState](
    Field("index", {"type": "integer", "minimum": 0}, lambda each, _: each.chapter.index),
    Field(
        "number",
        {"type": "integer", "description": "Of the chapter; the parts of a long one have the same"},
        lambda each, _: each.chapter.number,
    ),
    Field("part", {"type": "integer", "minimum": 1}, lambda each, _: each.chapter.part),
    Field("title", STRING, lambda each, _: each.chapter.title),
    Field("status", {"enum": Status.values}, lambda each, _: each.status),
    Field(
        "progress",
        {**NUMBER, "minimum": 0, "maximum": 1},
        lambda each, _: round(each.generation.progress, 4) if each.generation else 0.0,
    ),
    Field(
        "duration_seconds",
        nullable(NUMBER),
        lambda each, _: each.generation and each.generation.duration_seconds,
    ),
    Field(
        "generation_url",
        {**nullable(STRING), "description": "Its sentences, takes and streams; null until its turn comes"},
        lambda each, _: status_url(each.generation) if each.generation else None,
    ),
    Field("download_url", nullable(STRING), lambda each, _: each.generation and offered_url(each.generation)),
)

BOOK_SUMMARY = Serializer[BookState](
    Field("id", UUID, lambda state, _: str(state.book.pk)),
    Field("status", {"enum": BookStatus.values}, lambda state, _: state.book.status),
    Field("title", STRING, lambda state, _: state.book.title),
    Field("author", STRING, lambda state, _: state.book.author),
    Field("created_at", TIME, lambda state, _: format_rfc3339(state.book.created_at)),
    Field("status_url", STRING, lambda state, _: reverse("api-book", args=[state.book.pk])),
)

BOOK = Serializer[BookState](
    *BOOK_SUMMARY.fields,
    Field("progress", {**NUMBER, "minimum": 0, "maximum": 1}, lambda state, _: round(state.progress, 4)),
    Field("duration_seconds", NUMBER, lambda state, _: round(state.duration_seconds, 3)),
    Field(
        "estimated_seconds_left",
        {**nullable(NUMBER), "description": "By what this machine took before; null while that is not known"},
        lambda state, _: state.seconds_left,
    ),
    Field(
        "chapters",
        list_of(schema_named("Chapter")),
        lambda state, request: [CHAPTER.serialize(each, request) for each in state.chapters],
    ),
    Field(
        "download_url",
        {**nullable(STRING), "description": "All that is spoken as one M4B"},
        lambda state, _: state.url("api-book-file"),
    ),
    Field(
        "chapters_url",
        {**nullable(STRING), "description": "What is spoken as a ZIP of its chapters"},
        lambda state, _: state.url("api-book-zip"),
    ),
    Field(
        "cover_url",
        nullable(STRING),
        lambda state, _: reverse("api-book-cover", args=[state.book.pk]) if state.book.cover else None,
    ),
    Field(
        "error",
        {"oneOf": [{"type": "null"}, schema_named("ErrorDetail")]},
        lambda state, request: (error := error_of(state.book)) and ERROR_DETAIL.serialize(error, request),
    ),
)


@dataclass(frozen=True)
class BooksPage:
    books: Sequence[Book]
    next_number: int | None


BOOKS = Serializer[BooksPage](
    Field(
        "results",
        list_of(schema_named("BookSummary")),
        lambda page, request: [BOOK_SUMMARY.serialize(BookState(each), request) for each in page.books],
    ),
    Field(
        "next",
        nullable(STRING),
        lambda page, _: f"{reverse('api-books')}?page={page.next_number}" if page.next_number else None,
    ),
)
