"""Which measures are well, and which are not. docs/coach.md has the clips by which the limits were found."""

from collections.abc import Callable
from enum import StrEnum

from cloning.coach.measures import ClipMeasures

GOOD_SPEECH_SECONDS, MIN_SPEECH_SECONDS = 6.0, 2.0
GOOD_NOISE_DB, MIN_NOISE_DB = 15.0, 8.0
GOOD_FALL_DB = 14.0  # where noise does not hide it
GOOD_LEVEL_DBFS, MIN_LEVEL_DBFS = -38.0, -50.0
MAX_CLIPPED_SHARE, HOPELESS_CLIPPED_SHARE = 0.01, 0.08
GOOD_BANDWIDTH_HZ = 5000.0
MAX_SILENCE_SHARE = 0.5
MAX_STEADY_TONES = 0.1
MIN_VOICE_LIKENESS = 0.8


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    REFUSE = "refuse"
    """It will hardly give a voice; it may be tried all the same."""


def judge(is_ok: bool, is_hopeless: bool = False) -> Verdict:
    return Verdict.OK if is_ok else Verdict.REFUSE if is_hopeless else Verdict.WARN


JUDGES: dict[str, Callable[[ClipMeasures], Verdict]] = {
    "speech": lambda of: judge(
        of.speech_seconds >= GOOD_SPEECH_SECONDS, of.speech_seconds < MIN_SPEECH_SECONDS
    ),
    "music": lambda of: judge(of.steady_tones <= MAX_STEADY_TONES),
    "speakers": lambda of: judge(of.voice_likeness >= MIN_VOICE_LIKENESS),
    "noise": lambda of: judge(of.noise_db >= GOOD_NOISE_DB, of.noise_db < MIN_NOISE_DB),
    "echo": lambda of: judge(of.fall_db >= GOOD_FALL_DB or of.noise_db < GOOD_NOISE_DB),
    "clipping": lambda of: judge(
        of.clipped_share <= MAX_CLIPPED_SHARE, of.clipped_share > HOPELESS_CLIPPED_SHARE
    ),
    "level": lambda of: judge(of.level_dbfs >= GOOD_LEVEL_DBFS, of.level_dbfs < MIN_LEVEL_DBFS),
    "bandwidth": lambda of: judge(of.bandwidth_hz >= GOOD_BANDWIDTH_HZ),
    "silence": lambda of: judge(of.silence_share <= MAX_SILENCE_SHARE),
}
"""What harms a voice most comes first."""


def judge_all(measures: ClipMeasures) -> dict[str, Verdict]:
    return {name: judge_one(measures) for name, judge_one in JUDGES.items()}


def count_faults(measures: ClipMeasures) -> int:
    """Hopeless ones count more."""
    costs = {Verdict.OK: 0, Verdict.WARN: 1, Verdict.REFUSE: 10}
    return sum(costs[verdict] for verdict in judge_all(measures).values())
