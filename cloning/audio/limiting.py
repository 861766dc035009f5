"""A limiter for true peaks that hears a little ahead, for sound that comes in chunks."""

import numpy as np
from numpy.typing import NDArray

from cloning.audio.levels import Samples
from cloning.audio.loudness import HALF_TAPS, TRUE_PEAK_DBTP, find_true_peaks

LOOK_AHEAD_SECONDS = 0.005
RELEASE_SECONDS = 0.17  # from silence to full gain, in a straight line: a pitch of 80 Hz is hardly modulated
# Below the limit, as a gain that moves lifts what lies between samples a little, and meters interpolate differently.
MARGIN_DB = 0.5

Gains = NDArray[np.float64]


class Limiter:
    """Brings peaks below −1 dBTP and leaves the rest untouched, bit by bit.

    The output is as long as the input once `flush` has been called, and does not depend on how it was cut. Memory is
    that of a chunk and some 10 ms.

    Gains are made in three steps, each of which can only lower them where they count: the least gain that is needed
    within the look-ahead, a rise no faster than the release, and the mean of the last few, which smooths both ways.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self.limit = 10 ** ((TRUE_PEAK_DBTP - MARGIN_DB) / 20)
        # Powers of two: windows are then combined by halves, and the release is exact in binary.
        self._half_window = 1 << round(np.log2(LOOK_AHEAD_SECONDS * sample_rate_hz / 2))
        self._rise = 2.0 ** -round(np.log2(RELEASE_SECONDS * sample_rate_hz))
        self._heard = np.zeros(HALF_TAPS - 1, np.float32)
        self._waiting = np.zeros(0, np.float32)
        self._needed: Gains = np.ones(2 * self._half_window - 2)  # before the first sample too
        self._released: Gains = np.ones(0)
        self._lowest = np.inf
        self._position = 0

    def process(self, samples: Samples) -> Samples:
        self._waiting = np.concatenate([self._waiting, samples])
        return self._apply(self._measure(samples))

    def flush(self) -> Samples:
        """What is still held back; nothing comes after it."""
        needed = self._measure(np.zeros(HALF_TAPS, np.float32))
        return self._apply(np.concatenate([needed, np.ones(2 * self._half_window - 1)]))

    def _measure(self, samples: Samples) -> Gains:
        """The gain that each sample needs, once those after it are known."""
        heard = np.concatenate([self._heard, samples])
        self._heard = heard[-(2 * HALF_TAPS - 1) :]
        if heard.size < 2 * HALF_TAPS:
            return np.ones(0)
        peaks = find_true_peaks(heard, self.limit).astype(np.float64)
        return self.limit / np.maximum(peaks, self.limit)

    def _apply(self, needed: Gains) -> Samples:
        window = 2 * self._half_window
        needed = np.concatenate([self._needed, needed])
        self._needed = needed[max(0, needed.size - window + 1) :]
        if needed.size < window:
            return np.zeros(0, np.float32)
        released = np.concatenate([self._released, self._release(slide(np.minimum, needed, window))])
        self._released = released[-(window - 2) :]
        smooth = slide(np.add, slide(np.add, released, self._half_window), self._half_window)
        gains = smooth / self._half_window**2
        ready, self._waiting = self._waiting[: gains.size], self._waiting[gains.size :]
        limited: Samples = (ready * gains).astype(np.float32)
        return limited

    def _release(self, gains: Gains) -> Gains:
        """Each gain, or the one before and a little: the least over all before, in coordinates that rise along."""
        line = self._rise * np.arange(self._position, self._position + gains.size)
        lowest = np.minimum.accumulate(np.append(self._lowest, gains - line))[1:]
        self._lowest = lowest[-1]
        self._position += gains.size
        released: Gains = lowest + line
        return released


def slide(combine: np.ufunc, values: Gains, window: int) -> Gains:
    """`combine` over each `window` (a power of two) of neighbours, always in the same order."""
    width = 1
    while width < window:
        values = combine(values[:-width], values[width:])
        width *= 2
    return values
