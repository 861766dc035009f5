"""What waits and who works, over all machines, as the database has it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Min, Sum
from django.utils import timezone

from cloning.models import Generation, Status, Take, Worker


@dataclass(frozen=True)
class Backlog:
    generations: dict[str, int]  # by status, of those that wait or run
    sentences_waiting: int
    unspoken_chars: int
    longest_wait_seconds: float  # of a generation nothing of which was begun
    workers: dict[str, int]  # by the engine that they have loaded


def read_backlog() -> Backlog:
    """Three queries over what is active, however many generations there are."""
    rows = Generation.objects.active().order_by().values("status")
    found = {
        row["status"]: row
        for row in rows.annotate(count=Count("pk"), chars=Sum("unspoken_chars"), oldest=Min("created_at"))
    }
    oldest = found[Status.QUEUED]["oldest"] if Status.QUEUED in found else None
    return Backlog(
        generations={
            status: found[status]["count"] if status in found else 0 for status in active_statuses()
        },
        sentences_waiting=Take.objects.filter(status=Status.QUEUED).count(),
        unspoken_chars=sum(row["chars"] or 0 for row in found.values()),
        longest_wait_seconds=max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0.0,
        workers=dict(Counter(Worker.alive().order_by().values_list("engine", flat=True))),
    )


def active_statuses() -> Iterator[str]:
    yield from (Status.QUEUED, Status.RUNNING)
