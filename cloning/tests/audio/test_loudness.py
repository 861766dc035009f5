"""Loudness and true peak by our own arithmetic, against FFmpeg's."""

import numpy as np
import pytest

from cloning.audio.loudness import (
    Stretch,
    integrate_loudness,
    measure_loudness,
    measure_loudness_blocks,
    measure_true_peak,
)
from cloning.tests.audio.clips import (
    OTHER_SPEECH,
    SPEECH,
    measure_with_ffmpeg,
    peaky_samples,
    speech_samples,
    tone,
)


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 48_000])
@pytest.mark.parametrize("clip", [SPEECH, OTHER_SPEECH])
def test_speech_measures_as_with_ffmpeg(clip, rate_hz):
    samples = speech_samples(clip, rate_hz)
    loudness_lufs, true_peak_dbtp = measure_with_ffmpeg(samples, rate_hz)
    assert measure_loudness(samples, rate_hz) == pytest.approx(loudness_lufs, abs=0.15)
    assert measure_true_peak(samples) == pytest.approx(true_peak_dbtp, abs=0.2)


def test_a_tone_has_the_loudness_that_the_standard_gives_it():
    """BS.1770: a full-scale sine of 997 Hz in one channel is −3.01 LUFS."""
    samples = np.sin(2 * np.pi * 997 * np.arange(24_000 * 5) / 24_000).astype("f4")
    assert measure_loudness(samples, 24_000) == pytest.approx(-3.01, abs=0.05)
    assert measure_true_peak(samples) == pytest.approx(0, abs=0.05)


def test_peaks_between_samples_are_found():
    """A quarter of the rate, sampled beside its peaks."""
    samples = (0.5 * np.sin(np.pi / 2 * np.arange(24_000) + np.pi / 4) * np.hanning(24_000)).astype("f4")
    assert np.abs(samples).max() == pytest.approx(0.354, abs=0.001)
    assert measure_true_peak(samples) == pytest.approx(-6.02, abs=0.1)
    assert measure_true_peak(peaky_samples()) == pytest.approx(
        measure_with_ffmpeg(peaky_samples())[1], abs=0.2
    )


@pytest.mark.parametrize("amplitude", [1e-3, 1.0])
@pytest.mark.parametrize("seconds", [0.05, 0.25, 0.4, 1.33])
def test_short_sound_is_measured_as_if_repeated(seconds, amplitude):
    samples = tone(seconds, amplitude, 24_000)
    expected = measure_loudness(tone(10, amplitude, 24_000), 24_000)
    assert measure_loudness(samples, 24_000) == pytest.approx(expected, abs=0.6)


@pytest.mark.parametrize("pause_seconds", [0.0, 0.04, 0.35, 2.0])
def test_loudness_of_what_is_joined_follows_from_its_parts(pause_seconds):
    parts = [
        speech_samples(SPEECH, 24_000),
        speech_samples(OTHER_SPEECH, 24_000) / 3,
        tone(1.234, 0.02, 24_000),
    ]
    joined = np.concatenate([np.append(part, np.zeros(int(pause_seconds * 24_000), "f4")) for part in parts])
    stretches = [
        Stretch(measure_loudness_blocks(part, 24_000), part.size / 24_000, pause_seconds) for part in parts
    ]
    assert integrate_loudness(stretches) == pytest.approx(measure_with_ffmpeg(joined)[0], abs=0.15)


def test_silence_and_nothing_are_no_error():
    assert measure_loudness(np.zeros(24_000, "f4"), 24_000) == -70
    assert measure_loudness(np.zeros(0, "f4"), 24_000) == -70
    assert integrate_loudness([]) == -70
    assert integrate_loudness([Stretch([], 0.0, 5.0)]) == -70
    assert measure_true_peak(np.zeros(0, "f4")) == -200
