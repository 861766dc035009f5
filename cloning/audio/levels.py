"""Arithmetic on samples: levels, downmix, and where in a clip the sound is."""

import math

import numpy as np
from numpy.typing import NDArray

from cloning.errors import ErrorCode, GenerationError

SILENCE_PEAK_DBFS = -60.0

Samples = NDArray[np.float32]


def format_seconds(duration_seconds: float) -> str:
    """Rounded down, so that a clip just too short does not read as long enough."""
    steps = 100 if duration_seconds < 1 else 10
    return f"{math.floor(round(duration_seconds * steps, 6)) / steps:g} s"


def measure_peak(samples: Samples) -> float:
    return float(np.max(np.abs(samples), initial=0))


def to_decibels(amplitude: float) -> float:
    return 20 * math.log10(max(amplitude, 1e-10))


def mix_down(channels: Samples) -> Samples:
    """Mean of the channels, without offset; the louder one where the mean would cancel or halve it."""
    centred = channels - channels.mean(axis=1, keepdims=True)
    mean: Samples = centred.mean(axis=0)
    powers = np.square(centred).mean(axis=1)
    if np.square(mean).mean() < 0.36 * powers.max():
        loudest: Samples = centred[powers.argmax()]
        return loudest
    return mean


def find_sounding_part(samples: Samples, sample_rate_hz: int) -> tuple[int, int]:
    """First and last sample of what stands out from the background, 80 ms before and after included.

    The threshold lies 8 dB above the background (10th percentile of the level in 30 ms) but 12 to 40 dB below
    the speech (the level reached for half a second), so steady noise does not pass for speech and a clip
    without any pause stays whole. What is shorter than 60 ms is a click, not the start of speech.
    Raises GenerationError (REFERENCE_SILENT).
    """
    hop = sample_rate_hz // 100
    blocks = samples[: samples.size // hop * hop].reshape(-1, hop)
    power = np.convolve(np.square(blocks, dtype=np.float64).mean(axis=1), np.ones(3) / 3, "same")
    levels_db = 10 * np.log10(power + 1e-10)
    if to_decibels(measure_peak(samples)) < SILENCE_PEAK_DBFS or not levels_db.size:
        raise GenerationError(ErrorCode.REFERENCE_SILENT, "The clip is silent.")
    speech_db = np.sort(levels_db)[-min(50, levels_db.size)]
    if speech_db < SILENCE_PEAK_DBFS - 10:
        raise GenerationError(
            ErrorCode.REFERENCE_SILENT, "The clip is silent but for less than half a second."
        )
    background_db = np.percentile(levels_db, 10)
    threshold_db = min(max(background_db + 8, speech_db - 40), speech_db - 12)
    sustained = np.flatnonzero(np.convolve(levels_db > threshold_db, np.ones(6), "valid") == 6)
    if not sustained.size:
        return 0, samples.size
    margin = 8
    first, last = int(sustained[0]), int(sustained[-1]) + 6
    return max(0, first - margin) * hop, min(samples.size, (last + margin) * hop)
