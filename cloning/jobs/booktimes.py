"""How subtitles came out: what is heard when it is due, and what was done for it."""

from dataclasses import dataclass

from cloning.jobs.books import generations_of
from cloning.jobs.timeline import read_timeline
from cloning.models import Book

IN_TIME_SECONDS = 0.3


@dataclass(frozen=True)
class Times:
    cues: int
    in_time: int
    hurried: int
    """Spoken faster than was asked for."""
    latest_seconds: float
    """By how much the one that is latest is late."""


def read_times(book: Book) -> Times | None:
    """Of what is spoken; None where it is no subtitles."""
    if not book.chapters.exclude(due_seconds=None).exists():
        return None
    delays, hurried = [], 0
    for generation in generations_of(book).kept().defer("text", "peaks").order_by("chapter__index"):
        for timed in read_timeline(generation):
            take, due = timed.chosen_take, timed.segment.due_seconds
            hurried += bool(take and take.tempo > 1)
            if take and due is not None and timed.start_seconds is not None:
                delays.append(max(0.0, timed.start_seconds - due))
    in_time = sum(each <= IN_TIME_SECONDS for each in delays)
    return Times(len(delays), in_time, hurried, max(delays, default=0.0))
