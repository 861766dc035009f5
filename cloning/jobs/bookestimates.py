"""How long a book will take, by what this machine took before."""

from django.db.models import Sum
from django.db.models.functions import Length

from cloning.jobs.books import generations_of
from cloning.jobs.estimates import estimate_draft
from cloning.models import Book


def count_chars_left(book: Book) -> int:
    unmade = book.chapters.filter(generation=None).aggregate(sum=Sum(Length("text")))["sum"] or 0
    begun = generations_of(book).active().aggregate(sum=Sum("unspoken_chars"))["sum"] or 0
    return int(unmade + begun)


def estimate_seconds_left(book: Book) -> float | None:
    """None where nothing is known of the past, or the book does not run."""
    latest = generations_of(book).order_by("-chapter__index").only("language").first()
    if not book.is_active or latest is None:
        return None
    return estimate_draft(count_chars_left(book), latest.language, None)
