"""What is heard in clips of which it is known what is wrong with them. `benchmarks/coach.py` has more voices."""

import numpy as np
import pytest

from cloning.coach import Part, advise
from cloning.coach.report import report
from cloning.coach.verdicts import Verdict, judge_all
from cloning.tests.coach.clips import (
    RATE_HZ,
    add_noise,
    as_by_telephone,
    cut_off,
    in_a_room,
    man,
    play_music,
    silence,
    twice,
    with_music,
    woman,
)

long_man = twice(man)


def find_faults(samples: np.ndarray) -> set[str]:
    verdicts = judge_all(report(samples.astype("f4")).measures)
    return {name for name, verdict in verdicts.items() if verdict != Verdict.OK}


@pytest.mark.parametrize(
    ("samples", "faults"),
    [
        (long_man, set()),
        (twice(twice(woman)), set()),
        (man[: 4 * RATE_HZ], {"speech"}),
        (add_noise(long_man, 10), {"noise"}),
        (in_a_room(twice(twice(woman))), {"echo"}),
        (cut_off(twice(twice(woman)), 5), {"clipping"}),
        (0.01 * long_man, {"level"}),
        (as_by_telephone(long_man), {"bandwidth"}),
        (with_music(twice(twice(woman)), 20), {"music"}),
        (np.concatenate([long_man, twice(woman)]), {"speakers"}),
        (np.concatenate([long_man, silence(16)]), {"silence"}),
    ],
    ids=[
        "man",
        "woman",
        "short",
        "noise",
        "echo",
        "loud",
        "quiet",
        "phone",
        "music",
        "two voices",
        "silence",
    ],
)
def test_what_is_wrong_is_heard_and_nothing_else(samples, faults) -> None:
    assert find_faults(samples) == faults


@pytest.mark.parametrize(
    "samples",
    [
        silence(5),
        0.1 * play_music(5),
        add_noise(silence(5) + 1e-3, 0),
        silence(0.001),
        np.ones(RATE_HZ, "f4"),
    ],
    ids=["silence", "music", "noise", "nothing", "a constant"],
)
def test_where_nobody_speaks_a_voice_is_not_promised(samples) -> None:
    advice = advise(report(samples).measures)
    assert (advice.verdict, advice.word) == (Verdict.REFUSE, "no speech")


def test_a_short_clip_is_used_as_a_whole() -> None:
    found = report(man)
    assert (found.part, len(found.peaks)) == (Part(0.0, 7.06), 160)
    assert max(found.peaks) == 1
    assert found.measures.speech_seconds == pytest.approx(6, abs=0.5)


def test_of_a_long_clip_the_clean_part_is_chosen() -> None:
    noisy = add_noise(long_man, 5)
    found = report(np.concatenate([noisy, noisy, long_man, noisy, noisy]))
    begin = 2 * noisy.size / RATE_HZ
    assert begin - 3 < found.part.start_seconds < found.part.end_seconds < begin + noisy.size / RATE_HZ + 3
    assert 6 <= found.part.duration_seconds <= 30
    assert advise(found.measures).is_ok


def test_of_two_people_one_is_chosen() -> None:
    found = report(np.concatenate([twice(twice(woman)), twice(long_man)]))
    change = 4 * woman.size / RATE_HZ
    assert found.part.start_seconds > change - 3 or found.part.end_seconds < change + 3
    assert advise(found.measures).is_ok


def test_a_long_silence_has_a_part_too() -> None:
    assert report(silence(40)).part == Part(0.0, 30.0)


def test_the_part_that_is_asked_for_is_measured() -> None:
    samples = np.concatenate([silence(10), long_man])
    found = report(samples, Part(10.0, 99.0))
    assert found.part == Part(10.0, round(samples.size / RATE_HZ, 2))
    assert found.measures.silence_share < 0.3
    assert report(samples, Part(50.0, 60.0)).measures.speech_seconds == 0
