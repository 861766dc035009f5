"""How long it will take, by what it took before on this machine. No figure where there is no past."""

import time
from collections.abc import Iterable
from statistics import median

from cloning.engines import registry
from cloning.jobs.scheduling import NOT_SPEAKING_YET
from cloning.models import Generation, Status, StoredConditioning, Take, identify_set

REMEMBERED_TAKES = 60
REMEMBERED_VOICES = 9
MIN_CHARS = 40
"""Of speech in the past, below which nothing is said of the future."""
KNOWN_SECONDS = 5.0  # for which a speed is not computed anew

_speeds: dict[tuple[str, str, str], tuple[float, float | None]] = {}


def find_position(generation: Generation) -> int | None:
    """1 for the one whose first sentence is spoken next; None for one that has begun or ended."""
    if generation.status != Status.QUEUED:
        return None
    return Generation.objects.filter(status=Status.QUEUED, created_at__lt=generation.created_at).count() + 1


def estimate_seconds_left(generation: Generation) -> float | None:
    """Until the joined file is there: what is left of it, and what others have spoken meanwhile."""
    if not generation.is_active:
        return None
    engine = generation.engine or registry.selected().name
    speed = known_speed(engine, generation.precision, generation.language)
    learning_seconds = estimate_learning(generation)
    if speed is None or learning_seconds is None:
        return None
    chars = count_chars_left(generation)
    others = Generation.objects.active().exclude(pk=generation.pk).values_list("unspoken_chars", flat=True)
    # Sentences take turns: of a longer text as much is spoken meanwhile as of this one, of a shorter one all.
    ahead = sum(min(theirs, chars) for theirs in others)
    return round(learning_seconds + (chars + ahead) / speed, 1)


def count_chars_left(generation: Generation) -> float:
    running = Take.objects.filter(
        segment__generation=generation, segment__chosen_take=None, status=Status.RUNNING
    )
    begun = sum(len(text) * share for text, share in running.values_list("text", "spoken_share"))
    return max(0.0, generation.unspoken_chars - begun)


def known_speed(engine: str, precision: str, language: str) -> float | None:
    """Characters a second by `measure_speed`; of the engine's other languages where this one has no past."""
    key = (engine, precision, language)
    known_until, speed = _speeds.get(key, (0.0, None))
    if time.monotonic() >= known_until:
        speed = read_speed(key) or read_speed((engine, precision, ""))
        _speeds[key] = time.monotonic() + KNOWN_SECONDS, speed
    return speed


def read_speed(key: tuple[str, str, str]) -> float | None:
    engine, precision, language = key
    past = Take.objects.filter(engine=engine, status=Status.SUCCEEDED).exclude(finished_at=None)
    if precision:
        past = past.filter(precision=precision)
    if language:
        past = past.filter(segment__generation__language=language)
    newest = past.order_by("-finished_at").only("text", "spoken_seconds", "finished_at")
    return measure_speed(newest[:REMEMBERED_TAKES])


def measure_speed(takes: Iterable[Take]) -> float | None:
    """Characters a second while something was spoken, the newest first. Time in which several were is counted once."""
    chars, busy_seconds = 0, 0.0
    begun_at: float | None = None  # of the work that is counted
    for take in takes:
        assert take.finished_at is not None
        end = take.finished_at.timestamp()
        start = end - (take.spoken_seconds or 0.0)
        if begun_at is not None:
            end = min(end, begun_at)
        busy_seconds += max(0.0, end - start)
        begun_at = start if begun_at is None else min(start, begun_at)
        chars += len(take.text)
    return chars / busy_seconds if chars >= MIN_CHARS and busy_seconds else None


def estimate_learning(generation: Generation) -> float | None:
    """Seconds until its voice is known: 0 where it is; None where no voice was ever learnt here."""
    if generation.stage not in ("", *NOT_SPEAKING_YET):
        return 0.0
    references = list(generation.references.all())
    if StoredConditioning.objects.filter(set_id=identify_set(references)).exists():
        return 0.0
    past = StoredConditioning.objects.exclude(learning_seconds=None).order_by("-created_at")
    newest = [each.learning_seconds or 0.0 for each in past[:REMEMBERED_VOICES]]
    return median(newest) if newest else None
