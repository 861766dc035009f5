"""What is known of a take once it was measured, and of all takes of a text; kept as JSON."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self


class Unheard(StrEnum):
    """Why nothing was recognised."""

    OFF = "off"
    """CHECK_SPEECH is off, or was."""
    LANGUAGE = "language"
    """The recogniser does badly in this language itself."""
    MISSING = "recogniser_missing"
    FAILED = "recogniser_failed"


@dataclass(frozen=True)
class Heard:
    """What a recogniser made of a take."""

    text: str
    understood: float  # 0 to 1: see `recognition.share_understood`


@dataclass(frozen=True)
class TakeScores:
    similarity: float | None
    """Of the speaker to that of the reference, cosine, 0 to 1; None of a stock voice, which has no reference."""
    clipped_share: float  # 0 to 1: samples that stand at the peak
    longest_silence_seconds: float  # between its first sound and its last
    pace: float  # how many times as fast as the language is usually spoken, at the speed that was asked for
    heard: Heard | None = None
    unheard: Unheard | None = Unheard.OFF
    """Why `heard` is None."""
    attempts: int = 1  # that were spoken, of which this is the best
    loudness_lufs: float | None = None  # as it is heard
    faults: tuple[str, ...] = ()  # values of `judging.Fault`, as they were judged then

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def load(cls, values: dict[str, Any]) -> Self | None:
        """None for what `dump` never gave, or gave before there was a member that has to be known."""
        try:
            known = {field.name: values[field.name] for field in fields(cls)}
            heard, unheard = known.pop("heard"), known.pop("unheard")
            return cls(
                **{**known, "faults": tuple(known["faults"])},
                heard=Heard(**heard) if heard else None,
                unheard=Unheard(unheard) if unheard else None,
            )
        except (KeyError, TypeError, ValueError):
            return None


@dataclass(frozen=True)
class GenerationScores:
    """Of the takes that a file is joined of, longer ones counting for more."""

    similarity: float | None
    understood: float | None  # of what was checked
    unheard: Unheard | None  # why something of it was not
    bad_takes: int

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def load(cls, values: dict[str, Any]) -> Self | None:
        """None for what `dump` never gave."""
        try:
            known = {field.name: values[field.name] for field in fields(cls)}
            unheard = known.pop("unheard")
            return cls(**known, unheard=Unheard(unheard) if unheard else None)
        except (KeyError, TypeError, ValueError):
            return None


def sum_up(takes: Collection[tuple[TakeScores, float]]) -> GenerationScores | None:
    """Of the scores of takes, each with its length in seconds; None where none has any."""
    if not takes:
        return None
    heard = [(each.heard.understood, seconds) for each, seconds in takes if each.heard]
    like = [(each.similarity, seconds) for each, seconds in takes if each.similarity is not None]
    return GenerationScores(
        similarity=weigh(like),
        understood=weigh(heard),
        unheard=next((each.unheard for each, _ in takes if each.unheard), None),
        bad_takes=sum(bool(each.faults) for each, _ in takes),
    )


def weigh(values: Sequence[tuple[float, float]]) -> float | None:
    """The mean of values, each with its weight."""
    total = sum(weight for _, weight in values)
    return round(sum(value * weight for value, weight in values) / total, 4) if total else None
