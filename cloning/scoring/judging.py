"""In a word how alike, what is wrong, and which of several takes is the best."""

from collections.abc import Callable
from enum import StrEnum

from cloning.scoring.scores import TakeScores

VERY_LIKE, LIKE = 0.80, 0.72
MAX_CLIPPED_SHARE = 0.003
MAX_SILENCE_SECONDS = 1.5
MIN_PACE, MAX_PACE = 0.5, 2.2
MIN_UNDERSTOOD = 0.9


class Likeness(StrEnum):
    """How much a take sounds like its reference."""

    VERY_LIKE = "very like"
    LIKE = "like"
    HARDLY_LIKE = "hardly like"


class Fault(StrEnum):
    """Why a take is below the bar."""

    SPEAKER = "speaker"
    CLIPPED = "clipped"
    SILENCE = "silence"
    PACE = "pace"
    WORDS = "words"


def find_likeness(similarity: float) -> Likeness:
    if similarity >= VERY_LIKE:
        return Likeness.VERY_LIKE
    return Likeness.LIKE if similarity >= LIKE else Likeness.HARDLY_LIKE


IS_FAULTY: dict[Fault, Callable[[TakeScores], bool]] = {
    Fault.WORDS: lambda of: of.heard is not None and of.heard.understood < MIN_UNDERSTOOD,
    Fault.SPEAKER: lambda of: of.similarity is not None and of.similarity < LIKE,
    Fault.SILENCE: lambda of: of.longest_silence_seconds > MAX_SILENCE_SECONDS,
    Fault.CLIPPED: lambda of: of.clipped_share > MAX_CLIPPED_SHARE,
    Fault.PACE: lambda of: not MIN_PACE <= of.pace <= MAX_PACE,
}


def find_faults(scores: TakeScores, *, is_clone: bool) -> tuple[Fault, ...]:
    """What is below the bar. What does not clone is not asked to sound like the reference."""
    return tuple(
        fault
        for fault, is_faulty in IS_FAULTY.items()
        if is_faulty(scores) and (is_clone or fault != Fault.SPEAKER)
    )


def rank(scores: TakeScores) -> tuple[float, ...]:
    """Greater is better: fewest faults, then what is understood, in steps that are heard, then likeness.

    What was not recognised, or has no reference, counts as neither good nor bad: all takes of a sentence share that.
    """
    understood = scores.heard.understood if scores.heard else 1.0
    return (-len(scores.faults), round(understood, 2), scores.similarity or 0.0)
