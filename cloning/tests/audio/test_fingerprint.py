"""What speech is known again by."""

import numpy as np
import pytest

from cloning.audio.fingerprint import (
    LIMITS,
    MAX_ASKED_FRAMES,
    TRIED_BITS,
    Fingerprint,
    compare,
    take_fingerprint,
    take_question,
)
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.tests.transcoding import read_mono, transcode

RATE_HZ = 24_000
MOST_KEYS = MAX_ASKED_FRAMES * 2**TRIED_BITS


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return read_mono(MALE_CLIP, RATE_HZ)


@pytest.fixture(scope="module")
def stored(speech) -> Fingerprint:
    return take_fingerprint(speech, RATE_HZ)


def find(stored: Fingerprint, samples: np.ndarray) -> float | None:
    """As the database does, the lowest share of bits that differ."""
    question = take_question(samples, RATE_HZ)
    found = [
        compare(stored.words, question.words, int(place), int(asked_place))
        for key, place in zip(stored.keys, stored.places, strict=True)
        for asked_place in question.places[question.keys == key]
    ]
    return min((each for each in found if each is not None), default=None)


@pytest.mark.parametrize(
    ("suffix", "arguments"),
    [
        ("mp3", ("-b:a", "64k")),
        ("opus", ("-c:a", "libopus", "-b:a", "24k")),
        ("wav", ("-ar", "8000")),
        ("wav", ("-af", "atempo=1.1")),
        ("wav", ("-af", "volume=-20dB")),
    ],
)
def test_it_survives(suffix, arguments, stored, speech, tmp_path) -> None:
    changed = transcode(speech, RATE_HZ, tmp_path / f"changed.{suffix}", arguments)
    found = find(stored, changed)
    assert found is not None
    assert found < 0.2
    assert find(stored, changed[2 * RATE_HZ : 4 * RATE_HZ]) is not None


def test_noise_does_not_hide_it(stored, speech) -> None:
    noise = np.random.default_rng(0).standard_normal(speech.size) * np.sqrt(np.mean(speech**2)) / 10
    assert find(stored, (speech + noise).astype(np.float32)) is not None


def test_other_speech_is_not_taken_for_it(stored) -> None:
    assert find(stored, read_mono(FEMALE_CLIP, RATE_HZ)) is None


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(0, np.float32),
        np.zeros(5 * RATE_HZ, np.float32),
        np.ones(5 * RATE_HZ, np.float32),
        np.full(100, 0.5, np.float32),
        np.random.default_rng(0).standard_normal(RATE_HZ // 3).astype(np.float32),
    ],
)
def test_what_is_no_speech_costs_nothing_and_is_nothing(samples, stored) -> None:
    assert take_fingerprint(samples, RATE_HZ).words.size <= 5 / 0.032
    assert find(stored, samples) is None


def test_silence_is_not_asked_for() -> None:
    samples = np.zeros(10 * RATE_HZ, np.float32)
    assert take_question(samples, RATE_HZ).keys.size == 0
    assert take_fingerprint(samples, RATE_HZ).keys.size == 0


@pytest.mark.parametrize("seconds", [1, 60])
def test_however_much_is_asked_about_the_keys_are_bounded(seconds) -> None:
    noise = np.random.default_rng(0).standard_normal(seconds * RATE_HZ).astype(np.float32)
    assert 0 < take_question(noise, RATE_HZ).keys.size <= MOST_KEYS


def test_a_stored_second_has_few_keys(stored, speech) -> None:
    assert 4 < stored.keys.size / (speech.size / RATE_HZ) < 8
    assert max(most for _, most, _ in LIMITS) < 100
