"""Levels measured piece by piece against the same arithmetic on the whole clip."""

import numpy as np
import pytest

from cloning.audio.levels import LevelMeter, find_sounding_part, format_seconds
from cloning.tests.audio.clips import speech_samples, tone

SPEECH_SAMPLES = speech_samples()
CLIPS = {
    "mono": SPEECH_SAMPLES[None],
    "offset": SPEECH_SAMPLES[None] / 2 + 0.3,
    "stereo": np.stack([SPEECH_SAMPLES, np.roll(SPEECH_SAMPLES, 40) / 2 + 0.1]),
    "opposite": np.stack([SPEECH_SAMPLES / 2, -SPEECH_SAMPLES]),
    "right": np.stack([0 * SPEECH_SAMPLES, SPEECH_SAMPLES]),
    "short": tone(0.1234)[None],
}


def mix_down(channels: np.ndarray) -> np.ndarray:
    centred = channels - channels.mean(axis=1, keepdims=True)
    mean = centred.mean(axis=0)
    powers = np.square(centred).mean(axis=1)
    return centred[powers.argmax()] if np.square(mean).mean() < 0.36 * powers.max() else mean


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("piece", [1, 7, 160, 1_000, 10**9])
def test_pieces_give_the_levels_of_the_whole(name, piece):
    channels = CLIPS[name][:, : 20_000 if piece < 100 else None]
    meter = LevelMeter(16_000)
    for start in range(0, channels.shape[1], piece):
        meter.update(channels[:, start : start + piece].astype("f4"))
    levels = meter.measure()

    mono = mix_down(channels.astype(float))
    blocks = mono[: mono.size // 160 * 160].reshape(-1, 160)
    assert levels.sample_count == mono.size
    assert levels.peak == pytest.approx(np.abs(channels).max())
    assert levels.downmix_peak == pytest.approx(np.abs(mono).max(), rel=1e-5)
    assert levels.block_powers == pytest.approx(np.square(blocks).mean(axis=1), rel=1e-4, abs=1e-11)
    assert np.abs(levels.mix_down(channels.astype("f4")) - mono).max() < 1e-6


def test_a_meter_that_saw_nothing_measures_silence():
    levels = LevelMeter(16_000).measure()
    assert (levels.sample_count, levels.peak, levels.block_powers.size) == (0, 0, 0)


def test_the_sounding_part_ends_with_the_clip():
    meter = LevelMeter(16_000)
    meter.update(np.concatenate([np.zeros(16_000, "f4"), tone(1.005)])[None])  # half a block too long
    start, end = find_sounding_part(meter.measure())
    assert (start / 16_000, end / 16_000) == (pytest.approx(0.92, abs=0.03), 32_079 / 16_000)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.999, "0.99 s"), (2.96, "2.9 s"), (300.0, "300 s"), (0.2, "0.2 s")]
)
def test_seconds_are_rounded_down(seconds, words):
    assert format_seconds(seconds) == words
