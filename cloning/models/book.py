"""A book that is read out, chapter by chapter: each is a generation, made when its turn comes."""

import uuid

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cloning.models.ownership import OwnedQuerySet, owner_field

MAX_BOOK_TITLE_CHARS = 200


def cover_file(book: "Book", _filename: str) -> str:
    return f"generated/books/{book.pk}.jpg"


def book_file(book: "Book", _filename: str) -> str:
    return f"generated/books/{book.pk}-{uuid.uuid4()}.m4b"


class BookStatus(models.TextChoices):
    DRAFT = "draft", _("Not begun")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class BookQuerySet(OwnedQuerySet["Book"]):
    def kept(self) -> "BookQuerySet":
        """Those that nobody has deleted."""
        return self.filter(deleted_at=None)


class Book(models.Model):
    """Voice and settings stand on the generations of its chapters, of which the first is made when it is begun."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = owner_field()
    created_at = models.DateTimeField(default=timezone.now)
    title = models.CharField(max_length=MAX_BOOK_TITLE_CHARS)
    author = models.CharField(max_length=MAX_BOOK_TITLE_CHARS, blank=True)
    language = models.CharField(max_length=20, blank=True, help_text="As the file has it.")
    source_name = models.CharField("file", max_length=255, blank=True)
    cover = models.FileField(upload_to=cover_file, blank=True, editable=False)

    status = models.CharField(max_length=9, choices=BookStatus, default=BookStatus.DRAFT)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    charged = models.JSONField(
        default=list, blank=True, editable=False, help_text="Whose limits its speech counts for."
    )
    audio = models.FileField(
        upload_to=book_file, blank=True, editable=False, help_text="All chapters in one file."
    )
    audio_source = models.CharField(max_length=64, blank=True, editable=False)
    """A digest of the names of the files that it was made of."""
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = BookQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="books_of_an_owner"),
            models.Index(fields=["status", "created_at"], name="books_by_status"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("book", args=[self.pk])

    @property
    def is_draft(self) -> bool:
        return self.status == BookStatus.DRAFT

    @property
    def is_active(self) -> bool:
        return self.status == BookStatus.RUNNING

    @property
    def can_resume(self) -> bool:
        return self.status in (BookStatus.FAILED, BookStatus.CANCELLED)


class Chapter(models.Model):
    """A chapter, or a part of one that is longer than a generation may be."""

    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="chapters")
    index = models.PositiveIntegerField()
    number = models.PositiveIntegerField(help_text="Of the chapter, from 1; its parts have the same.")
    part = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=MAX_BOOK_TITLE_CHARS, blank=True)
    text = models.TextField()
    cues = models.JSONField(
        default=list, blank=True, help_text="Of subtitles: seconds from its beginning, seconds of room, text."
    )
    due_seconds = models.FloatField(
        null=True, blank=True, help_text="Of subtitles: when its beginning is to be heard in the whole."
    )

    class Meta:
        ordering = ["book", "index"]
        constraints = [models.UniqueConstraint(fields=["book", "index"], name="one_chapter_an_index")]

    def __str__(self) -> str:
        return f"{self.number}. {self.title}" if self.title else f"{self.number}."
