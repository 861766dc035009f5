"""Levels of a clip, measured as it is decoded: downmix, peak, and where in it the sound is.

A clip of five minutes takes 38 MB as samples and 2 MB as levels, so the web process holds levels only.
"""

import math
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Levels:
    """Of a whole clip; `weights`, one a channel, and `offset` make its downmix."""

    sample_count: int
    peak: float  # of any channel
    weights: Samples
    offset: float
    downmix_peak: float
    block_powers: NDArray[np.float64]  # of the downmix, in each whole block
    block_size: int

    def mix_down(self, channels: Samples) -> Samples:
        """Mono samples, without offset, from shape (channels, samples)."""
        mono: Samples = self.weights @ channels - np.float32(self.offset)
        return mono


class LevelMeter:
    """Takes a clip in pieces of any length, shape (channels, samples), and knows its Levels at the end.

    The downmix is the mean of the channels, or the louder one where the mean would cancel or halve it. Which of them
    and what their offset is shows at the end, so sums and squares are kept of each channel and of the mean.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self.block_size = sample_rate_hz // 100
        self._sample_count = 0
        self._low = self._high = np.zeros(1)
        self._rest = np.zeros((1, 0))
        self._sums: list[NDArray[np.float64]] = []  # of each block; shape (channels and mean, blocks)
        self._squares: list[NDArray[np.float64]] = []

    def update(self, channels: Samples) -> None:
        channel_count, sample_count = channels.shape
        signals = np.empty((channel_count + (channel_count > 1), sample_count))
        signals[:channel_count] = channels
        if channel_count > 1:
            signals[:channel_count].mean(axis=0, out=signals[channel_count])
        if self._sample_count:
            self._low = np.minimum(self._low, signals.min(axis=1))
            self._high = np.maximum(self._high, signals.max(axis=1))
        else:
            self._low, self._high = signals.min(axis=1), signals.max(axis=1)
        self._sample_count += sample_count
        if self._rest.size:
            signals = np.hstack([self._rest, signals])
        whole = signals.shape[1] // self.block_size * self.block_size
        blocks = signals[:, :whole].reshape(len(signals), -1, self.block_size)
        self._sums.append(blocks.sum(axis=2))
        self._squares.append(np.einsum("sbn,sbn->sb", blocks, blocks))
        self._rest = signals[:, whole:].copy()

    def measure(self) -> Levels:
        if not self._sample_count:
            return Levels(0, 0.0, np.ones(1, np.float32), 0.0, 0.0, np.zeros(0), self.block_size)
        sums, squares = np.hstack(self._sums), np.hstack(self._squares)
        offsets = (sums.sum(axis=1) + self._rest.sum(axis=1)) / self._sample_count
        powers = (squares.sum(axis=1) + np.square(self._rest).sum(axis=1)) / self._sample_count - offsets**2
        channel_count = max(1, len(powers) - 1)
        signal = len(powers) - 1
        weights = np.full(channel_count, 1 / channel_count, np.float32)
        if powers[signal] < 0.36 * powers[:channel_count].max():
            signal = int(powers[:channel_count].argmax())
            weights = np.eye(channel_count, dtype=np.float32)[signal]
        offset = float(offsets[signal])
        centred = squares[signal] - 2 * offset * sums[signal]
        return Levels(
            sample_count=self._sample_count,
            peak=float(np.maximum(self._high, -self._low)[:channel_count].max()),
            weights=weights,
            offset=offset,
            downmix_peak=float(max(self._high[signal] - offset, offset - self._low[signal])),
            block_powers=np.maximum(centred / self.block_size + offset**2, 0),
            block_size=self.block_size,
        )


def find_sounding_part(levels: Levels) -> tuple[int, int]:
    """First and last sample of what stands out from the background, 80 ms before and after included.

    The threshold lies 8 dB above the background (10th percentile of the level in 30 ms) but 12 to 40 dB below
    the speech (the level reached for half a second), so steady noise does not pass for speech and a clip
    without any pause stays whole. What is shorter than 60 ms is a click, not the start of speech.
    Raises GenerationError (REFERENCE_SILENT).
    """
    if to_decibels(levels.downmix_peak) < SILENCE_PEAK_DBFS or not levels.block_powers.size:
        raise GenerationError(ErrorCode.REFERENCE_SILENT, "The clip is silent.")
    power = np.convolve(levels.block_powers, np.ones(3) / 3, "same")
    levels_db = 10 * np.log10(power + 1e-10)
    speech_db = np.sort(levels_db)[-min(50, levels_db.size)]
    if speech_db < SILENCE_PEAK_DBFS - 10:
        raise GenerationError(
            ErrorCode.REFERENCE_SILENT, "The clip is silent but for less than half a second."
        )
    background_db = np.percentile(levels_db, 10)
    threshold_db = min(max(background_db + 8, speech_db - 40), speech_db - 12)
    sustained = np.flatnonzero(np.convolve(levels_db > threshold_db, np.ones(6), "valid") == 6)
    if not sustained.size:
        return 0, levels.sample_count
    margin = 8
    first, last = int(sustained[0]), int(sustained[-1]) + 6
    hop = levels.block_size
    return max(0, first - margin) * hop, min(levels.sample_count, (last + margin) * hop)
