"""What the coach says of the clips of voices, measured once, by a worker, and kept with the row of the clip."""

import logging
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from cloning.audio.ffmpeg import NICENESS
from cloning.coach import ClipReport, Part, check_clip
from cloning.coach.measures import MAX_PART_SECONDS
from cloning.errors import GenerationError
from cloning.models import Reference
from cloning.storage.temporary import temporary_folder

logger = logging.getLogger(__name__)

WHOLE_TOLERANCE_SECONDS = 0.5
"""So little more than is used at most is not worth a choice."""


def find_unmeasured() -> QuerySet[Reference]:
    return Reference.objects.filter(report__isnull=True, voices__isnull=False, voices__deleted_at=None)


def measure_next() -> bool:
    """Whether there was a clip of a voice to be measured."""
    reference = find_unmeasured().first()
    if reference is None:
        return False
    with temporary_folder() as folder:
        path = folder / "clip"
        try:
            with reference.file.open("rb") as source:
                path.write_bytes(source.read())
        except FileNotFoundError:
            keep(reference, {})
            return True
        measure(reference, path)
    return True


def measure(reference: Reference, path: Path) -> ClipReport | None:
    """Of the clip, whose file is at `path`; None where it can't be measured."""
    part = Part(*reference.ends) if reference.ends else None
    try:
        report = check_clip(path, max_seconds=settings.MAX_REFERENCE_SECONDS, part=part, niceness=NICENESS)
    except GenerationError as error:
        logger.warning("Reference %s is not measured: %s", reference.pk, error)
        keep(reference, {})
        return None
    keep(reference, report.dump())
    return report


def keep(reference: Reference, report: dict[str, object]) -> None:
    Reference.objects.filter(pk=reference.pk, report__isnull=True).update(report=report)


def load_report(reference: Reference) -> ClipReport | None:
    """None where there is none, or one of another version."""
    try:
        return ClipReport.load(reference.report) if reference.report else None
    except (KeyError, TypeError, ValueError):
        return None


def find_ends(reference: Reference, path: Path) -> tuple[float, float] | None:
    """From where to where the clip is used: as somebody said, or the best part of one that is too long.

    None is all of it. `path` is the clip's file.
    """
    if reference.ends or reference.duration_seconds <= MAX_PART_SECONDS + WHOLE_TOLERANCE_SECONDS:
        return reference.ends
    report = load_report(reference) or (measure(reference, path) if reference.report is None else None)
    return (report.part.start_seconds, report.part.end_seconds) if report else None
