"""The calls around books, as the OpenAPI document describes them."""

from typing import Any

from django.conf import settings

from cloning.api.book_serializers import BOOK, BOOK_SUMMARY, BOOKS, CHAPTER
from cloning.api.openapi_generate import request_schema
from cloning.api.openapi_voices import UPLOAD
from cloning.api.operations import (
    DOWNLOAD,
    FOREIGN_ORIGIN,
    IDEMPOTENCY_KEY,
    IF_NONE_MATCH,
    NOT_FOUND,
    PAGE,
    RANGE,
    json_of,
    operation,
    path_parameter,
    ranged,
    read,
)
from cloning.api.serializers import UUID, Schema
from cloning.formats import AudioFormat
from cloning.models import MAX_BOOK_TITLE_CHARS

BOOK_FILE = "book.txt"
STOPPED = {"200": json_of("Book"), "403": FOREIGN_ORIGIN, "404": NOT_FOUND}
STARTED = json_of("Error", "It was begun already")
OF_TEXTS = ("text", "dialogue", "cast", "stream", "on_disconnect")


def paths() -> dict[str, Any]:
    book = [path_parameter("id", UUID)]
    one = "/api/v1/books/{id}"
    return {
        "/api/v1/books": {**read(listing()), "post": addition()},
        one: {
            "parameters": book,
            **read(operation("One book, and its chapters", {"200": json_of("Book"), "404": NOT_FOUND})),
            "delete": operation(
                "Stop and delete a book, with all that is spoken of it",
                {"204": {"description": "Gone"}, "403": FOREIGN_ORIGIN, "404": NOT_FOUND},
            ),
        },
        f"{one}/start": {"parameters": book, "post": start()},
        f"{one}/cancel": {
            "parameters": book,
            "post": operation(
                "Stop the book: what is spoken stays, and what has ended stays as it is", STOPPED
            ),
        },
        f"{one}/resume": {
            "parameters": book,
            "post": operation(
                "Go on with a book that was cancelled or has failed: what is spoken is not spoken again",
                {
                    "202": json_of("Book"),
                    "403": FOREIGN_ORIGIN,
                    "404": NOT_FOUND,
                    "409": json_of("Error", "It runs, has succeeded, or its voice is gone"),
                },
            ),
        },
        f"{one}/book.m4b": {"parameters": book, **read(one_file())},
        f"{one}/chapters.zip": {"parameters": book, **read(archive())},
        f"{one}/cover.jpg": {
            "parameters": book,
            **read(
                operation(
                    "Its cover, where the file has one",
                    ranged({"image/jpeg"}),
                    parameters=[RANGE, IF_NONE_MATCH],
                )
            ),
        },
    }


def listing() -> dict[str, Any]:
    return operation(
        "Books, newest first",
        {"200": json_of("Books"), "403": FOREIGN_ORIGIN, "404": NOT_FOUND},
        parameters=[PAGE],
    )


def addition() -> dict[str, Any]:
    return operation(
        "Have a book read out, chapter by chapter",
        {
            "201": json_of("Book", "A draft, to be begun"),
            "202": json_of("Book", "Accepted; the work goes on"),
            "409": json_of("Error", "It was begun already, or the Idempotency-Key was used"),
            **UPLOAD,
        },
        description="Its chapters take turns with other generations as one of them does. All of its characters count "
        "when it is begun. A draft that nobody begins is deleted after a day.",
        parameters=[IDEMPOTENCY_KEY],
        requestBody={
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": book_request(),
                    "example": {"file": BOOK_FILE, "voice": "VOICE_ID", "language": "en"},
                }
            },
        },
    )


def start() -> dict[str, Any]:
    schema = book_request()
    properties = {name: each for name, each in schema["properties"].items() if name not in ("file", "draft")}
    return operation(
        "Begin a draft, with the chapters that are chosen",
        {"202": json_of("Book", "Accepted; the work goes on"), "404": NOT_FOUND, "409": STARTED, **UPLOAD},
        requestBody={
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {"type": "object", "properties": properties},
                    "example": {"voice": "VOICE_ID", "chapters": "0"},
                }
            },
        },
    )


def one_file() -> dict[str, Any]:
    return operation(
        "All that is spoken of a book as one M4B, with chapter marks and cover",
        ranged({"audio/mp4"}),
        description="Made at the first call, and kept as long as nothing of it changes.",
        parameters=[RANGE, IF_NONE_MATCH, DOWNLOAD],
    )


def archive() -> dict[str, Any]:
    content = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
    return operation(
        "What is spoken of a book as a ZIP of its chapters",
        {"200": {"description": "Sent while it is packed", "content": content}, "404": NOT_FOUND},
    )


def book_request() -> dict[str, Any]:
    shared = {name: each for name, each in request_schema()["properties"].items() if name not in OF_TEXTS}
    title = {
        "type": "string",
        "maxLength": MAX_BOOK_TITLE_CHARS,
        "description": "That of the file where it is left out",
    }
    return {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {
                "type": "string",
                "format": "binary",
                "description": "An EPUB without copy protection, Markdown, plain text or subtitles (SRT), by the "
                f"ending of its name, of at most {settings.MAX_BOOK_CHARS:,} characters",
            },
            **shared,
            "format": {
                "enum": list(AudioFormat),
                "default": "mp3",
                "description": "Of the files of its chapters",
            },
            "title": title,
            "author": title,
            "chapters": {
                "type": "string",
                "description": "Indexes of chapters, with commas; all where it is left out",
                "examples": ["0,2"],
            },
            "draft": {
                "type": "boolean",
                "default": False,
                "description": "Answer 201 with the chapters that were found, and begin nothing",
            },
        },
    }


def schemas() -> dict[str, Schema]:
    return {
        "Book": BOOK.schema(),
        "BookSummary": BOOK_SUMMARY.schema(),
        "Books": BOOKS.schema(),
        "Chapter": CHAPTER.schema(),
    }
