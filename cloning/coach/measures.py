"""What is known of a clip once it was measured, and how that is kept as JSON."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

MIN_PART_SECONDS = 1.0
MAX_PART_SECONDS = 30.0
"""XTTS v2 learns from no more of a clip."""
BEST_MIN_SECONDS = 6.0


@dataclass(frozen=True)
class Part:
    """From where to where a clip is used."""

    start_seconds: float
    end_seconds: float

    @property
    def duration_seconds(self) -> float:
        return self.end_seconds - self.start_seconds


@dataclass(frozen=True)
class ClipMeasures:
    """Of the part of a clip that is used."""

    speech_seconds: float
    silence_share: float  # 0 to 1: what is no speech
    level_dbfs: float  # of the speech
    noise_db: float  # the speech above what is heard in its pauses
    fall_db: float  # how far the loud falls within 80 ms, at the end of syllables: little where a room echoes
    clipped_share: float  # 0 to 1: samples of the speech that stand at the limit
    bandwidth_hz: float  # up to where there is speech, of at most half the rate
    steady_tones: float  # how many sound on at a time, as they do in music
    voice_likeness: float  # of the two most different groups of moments: 1 is one voice

    @classmethod
    def load(cls, values: dict[str, Any]) -> Self:
        return cls(**{field.name: float(values[field.name]) for field in fields(cls)})


@dataclass(frozen=True)
class ClipReport:
    duration_seconds: float
    part: Part  # that was measured
    measures: ClipMeasures
    peaks: list[float]  # outline of the whole clip, 0 to 1

    def dump(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def load(cls, values: dict[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError for what `dump` never gave."""
        part = values["part"]
        return cls(
            duration_seconds=float(values["duration_seconds"]),
            part=Part(float(part["start_seconds"]), float(part["end_seconds"])),
            measures=ClipMeasures.load(values["measures"]),
            peaks=[float(peak) for peak in values["peaks"]],
        )
