"""How long it will take, by what it took before on this machine. No figure where there is no past."""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

import numpy as np
from django.db.models import Max
from django.utils import timezone

from cloning.jobs.scheduling import NOT_SPEAKING_YET
from cloning.jobs.speaking import find_engine
from cloning.models import Generation, Reference, Status, StoredConditioning, Take, identify_set

REMEMBERED_TAKES = 60
LOOKED_THROUGH_TAKES = 1000
"""Of the newest, for those of a language or precision, which may be rare among very many."""
REMEMBERED_VOICES = 9
REMEMBERED_JOINS = 5
MIN_TAKES = 3
"""In the past, below which nothing is said of the future."""
KNOWN_SECONDS = 2.0  # for which a pace is not computed anew

MAX_SHARE_LEARNT = 0.95  # what takes longer than usual is never said to be done
USUAL_FILL = 0.7  # of a segment's limit, in texts of sentences

MIN_DIFFERENCE_CHARS = 20
"""Between two takes from which it is told how much time goes with their length."""


@dataclass(frozen=True)
class Pace:
    """What speaking takes, with as much spoken side by side as is usual here."""

    take_seconds: float  # however short it is
    char_seconds: float

    def seconds_for(self, takes: int, chars: float) -> float:
        return takes * self.take_seconds + chars * self.char_seconds


_paces: dict[tuple[str, str, str], tuple[float, Pace | None]] = {}


def find_position(generation: Generation) -> int | None:
    """1 for the one whose first sentence is spoken next; None for one that has begun or ended."""
    if generation.status != Status.QUEUED:
        return None
    before = Generation.objects.filter(status=Status.QUEUED, created_at__lt=generation.created_at)
    return before.filter(is_held=False).count() + 1


def estimate_seconds_left(generation: Generation) -> float | None:
    """Until the joined file is there: what is left of it, and what others have spoken meanwhile."""
    if not generation.is_active:
        return None
    if (learning_seconds := estimate_learning(generation)) is None:
        return None
    takes = generation.segments_total - generation.segments_done
    return add_up(generation, learning_seconds, takes, count_chars_left(generation))


def estimate_draft(
    chars: int, language: str, references: Sequence[Reference] | None, *, is_awaited: bool = False
) -> float | None:
    """As much for a text that is not sent yet: with the voice of saved clips, of a clip that is new (no references),
    or with a stock voice (None). However fast it is to be spoken: engines stretch what they have said."""
    takes = math.ceil(chars / (USUAL_FILL * find_engine().segment_limits[language]))
    draft = Generation(language=language, segments_total=takes, unspoken_chars=chars)
    draft.awaited_until = timezone.now() + timedelta(minutes=1) if is_awaited else None
    learning_seconds = 0.0 if references is None else expect_learning(references)
    return None if learning_seconds is None else add_up(draft, learning_seconds, takes, chars)


def add_up(generation: Generation, learning_seconds: float, takes: int, chars: float) -> float | None:
    engine = generation.engine or find_engine().name
    pace = known_pace(engine, generation.precision, generation.language)
    if pace is None:
        return None
    others = Generation.objects.active().exclude(pk=generation.pk)
    for other in others.only("segments_total", "segments_done", "unspoken_chars", "awaited_until"):
        share = share_spoken_before(other, generation)
        chars += share * other.unspoken_chars
        takes += round(share * (other.segments_total - other.segments_done))
    return round(learning_seconds + pace.seconds_for(takes, chars) + measure_joining(), 1)


def share_spoken_before(other: Generation, generation: Generation) -> float:
    """How much of what is left of the other is spoken before this one ends, 0 to 1.

    Sentences take turns: of a longer text as much is spoken meanwhile as of this one, of a shorter one all.
    """
    if other.is_awaited != generation.is_awaited:
        return float(other.is_awaited)
    return min(1.0, generation.unspoken_chars / max(1, other.unspoken_chars))


def count_chars_left(generation: Generation) -> float:
    running = Take.objects.filter(
        segment__generation=generation, segment__chosen_take=None, status=Status.RUNNING
    )
    begun = sum(len(text) * share for text, share in running.values_list("text", "spoken_share"))
    return max(0.0, generation.unspoken_chars - begun)


def known_pace(engine: str, precision: str, language: str) -> Pace | None:
    """By `measure_pace`; of the engine's other languages where this one has no past."""
    key = (engine, precision, language)
    known_until, pace = _paces.get(key, (0.0, None))
    if time.monotonic() >= known_until:
        pace = read_pace(key) or read_pace((engine, precision, ""))
        _paces[key] = time.monotonic() + KNOWN_SECONDS, pace
    return pace


def read_pace(key: tuple[str, str, str]) -> Pace | None:
    engine, precision, language = key
    newest_first = Take.objects.filter(engine=engine, finished_at__isnull=False).order_by("-finished_at")
    past = newest_first.filter(status=Status.SUCCEEDED)
    edge = newest_first.values_list("finished_at", flat=True)[LOOKED_THROUGH_TAKES : LOOKED_THROUGH_TAKES + 1]
    if oldest := edge.first():
        past = past.filter(finished_at__gt=oldest)
    if precision:
        past = past.filter(precision=precision)
    if language:
        past = past.filter(segment__generation__language=language)
    return measure_pace(list(past.only("text", "started_at", "finished_at")[:REMEMBERED_TAKES]))


def measure_pace(takes: Sequence[Take]) -> Pace | None:
    """Of takes, the newest first. A line through what they took, which single slow ones do not bend (Theil and Sen)."""
    chars = np.array([len(take.text) for take in takes], float)
    seconds = np.array([end - start for start, end in map(span, takes)])
    if len(takes) < MIN_TAKES or not seconds.any():
        return None
    chars_between, seconds_between = np.subtract.outer(chars, chars), np.subtract.outer(seconds, seconds)
    differ = chars_between >= MIN_DIFFERENCE_CHARS
    char_seconds = float(np.median(seconds_between[differ] / chars_between[differ])) if differ.any() else 0.0
    if char_seconds <= 0:  # of one length, or too few to tell
        char_seconds = float(np.median(seconds / chars))
    take_seconds = max(0.0, float(np.median(seconds - char_seconds * chars)))
    at_once = seconds.sum() / measure_busy_seconds(takes)
    return Pace(take_seconds / at_once, char_seconds / at_once)


def measure_busy_seconds(takes: Iterable[Take]) -> float:
    """Time in which something was spoken, counted once where several were. The newest come first."""
    busy_seconds, begun_at = 0.0, math.inf
    for start, end in map(span, takes):
        busy_seconds += max(0.0, min(end, begun_at) - start)
        begun_at = min(start, begun_at)
    return busy_seconds


def span(take: Take) -> tuple[float, float]:
    """From its claim until it was stored. One with which a voice was learnt stands out, and counts for little."""
    assert take.started_at is not None and take.finished_at is not None
    return take.started_at.timestamp(), take.finished_at.timestamp()


def measure_joining() -> float:
    """Seconds from the last take until the file was there, of the newest that were joined."""
    newest = Generation.objects.filter(status=Status.SUCCEEDED).order_by(
        "-created_at"
    )  # by the index of both
    ids = list(newest.values_list("pk", flat=True)[:REMEMBERED_JOINS])
    joined = Generation.objects.filter(pk__in=ids).order_by()
    times = joined.annotate(last_at=Max("segments__takes__finished_at")).values_list("finished_at", "last_at")
    seconds = [max(0.0, (end - start).total_seconds()) for end, start in times if start and end]
    return median(seconds) if seconds else 0.0


def estimate_learning(generation: Generation) -> float | None:
    """Seconds until its voices are known: 0 where they are; None where no voice was ever learnt here."""
    if generation.stock_voice or generation.stage not in ("", *NOT_SPEAKING_YET):
        return 0.0
    all_expected = [expect_learning(references) for references in read_sets(generation)]
    expected = None if None in all_expected else sum(filter(None, all_expected))
    return expected and expected * (1 - share_learnt(generation, expected))


def measure_learning(generation: Generation) -> float | None:
    """How much of its voice is learnt, as far as time tells; None where none is, or where there is no past.

    The voices of a dialogue are learnt one by one, between sentences.
    """
    is_learning = generation.status == Status.RUNNING and generation.stage in NOT_SPEAKING_YET
    if not is_learning or generation.stock_voice or generation.is_dialogue:
        return None
    expected = expect_learning(list(generation.references.all()))
    return share_learnt(generation, expected) if expected else None


def read_sets(generation: Generation) -> list[list[Reference]]:
    """The references of each voice that it is spoken with."""
    if not generation.is_dialogue:
        return [list(generation.references.all())]
    cast = generation.cast.filter(stock_voice="").prefetch_related("references")
    sets = {identify_set(each.references.all()): list(each.references.all()) for each in cast}
    return list(sets.values())


def share_learnt(generation: Generation, expected_seconds: float) -> float:
    if generation.status != Status.RUNNING or generation.started_at is None or not expected_seconds:
        return 0.0
    elapsed_seconds = (timezone.now() - generation.started_at).total_seconds()
    return min(MAX_SHARE_LEARNT, max(0.0, elapsed_seconds / expected_seconds))


def expect_learning(references: Sequence[Reference]) -> float | None:
    """Seconds that this voice takes to be learnt: 0 where it is known, None where no voice was ever learnt here."""
    if StoredConditioning.objects.filter(set_id=identify_set(references)).exists():
        return 0.0
    past = StoredConditioning.objects.exclude(learning_seconds=None).order_by("-created_at")
    newest = [each.learning_seconds or 0.0 for each in past[:REMEMBERED_VOICES]]
    return median(newest) if newest else None
