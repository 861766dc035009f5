"""What is measured of real speech, whole and with faults put into it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from cloning.audio.levels import Samples
from cloning.scoring import Fault, TakeScores, find_faults
from cloning.scoring.measuring import embed_clips, measure_take
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP

SAID = "I really was very much afraid of showing him how much shocked I was at some parts of what he said."
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def speech() -> Samples:
    return soundfile.read(MALE_CLIP, dtype="float32")[0]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The speaker, by the first half of the clip."""
    path: Path = tmp_path_factory.mktemp("reference") / "clip.wav"
    samples = soundfile.read(MALE_CLIP, dtype="float32")[0]
    soundfile.write(path, samples[: samples.size // 2], RATE_HZ)
    return embed_clips([path])


def measure(samples: Samples, reference=None, speed: float = 1.0) -> TakeScores:
    return measure_take(samples, RATE_HZ, SAID, "en", speed, reference)


def faults(scores: TakeScores) -> tuple[Fault, ...]:
    return find_faults(scores, is_clone=True)


def test_good_speech_has_no_fault_and_sounds_like_its_speaker(speech, reference):
    scores = measure(speech[speech.size // 2 :], reference)
    assert scores.similarity > 0.72
    # Half of the text's sound: spoken twice as fast as it should have been, if that were all of it.
    assert Fault.SPEAKER not in faults(scores)
    assert faults(measure(speech)) == ()


def test_another_speaker_is_heard(reference):
    other = soundfile.read(FEMALE_CLIP, dtype="float32")[0]
    scores = measure(other, reference)
    assert 0 <= scores.similarity < 0.72
    assert Fault.SPEAKER in faults(scores)
    assert Fault.SPEAKER not in find_faults(scores, is_clone=False)


def test_who_has_no_reference_has_no_likeness(speech):
    assert measure(speech).similarity is None


def test_a_silence_inside_is_measured_and_none_around(speech):
    middle, hole = speech.size // 2, np.zeros(2 * RATE_HZ, np.float32)
    inside = measure(np.concatenate([speech[:middle], hole, speech[middle:]]))
    assert 1.9 <= inside.longest_silence_seconds < 2.6
    assert faults(inside) == (Fault.SILENCE,)
    around = measure(np.concatenate([hole, speech, hole]))
    assert around.longest_silence_seconds == measure(speech).longest_silence_seconds < 1


def test_cut_peaks_are_measured(speech):
    loud = np.clip(speech * 8, -np.abs(speech).max(), np.abs(speech).max())
    assert faults(measure(loud)) == (Fault.CLIPPED,)


def test_pace_is_that_of_the_text_at_its_speed(speech):
    assert 0.6 < measure(speech).pace < 1.6
    assert faults(measure(speech[: speech.size // 4])) == (Fault.PACE,)
    run_on = measure(np.tile(speech, 3))
    assert faults(run_on) == (Fault.PACE,)
    assert measure(speech, speed=2.0).pace == pytest.approx(measure(speech).pace / 2, rel=0.01)


def test_a_word_may_be_said_slowly(speech):
    assert faults(measure_take(speech[RATE_HZ : RATE_HZ * 3 // 2], RATE_HZ, "Yes.", "en", 1.0, None)) == ()


@pytest.mark.parametrize("size", [0, 1, 200, 8000])
def test_what_is_no_speech_is_measured_too(size, reference):
    scores = measure(np.zeros(size, np.float32), reference)
    assert (scores.similarity, scores.clipped_share, scores.longest_silence_seconds) == (None, 0.0, 0.0)
    assert faults(scores) == (Fault.PACE,)
