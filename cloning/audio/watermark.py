"""A mark in speech that is not heard and that whoever has its key can find.

Spread spectrum on the levels of the short-time spectrum: time and frequency are divided into cells of 32 ms by 62.5 Hz,
and each cell is made a little louder or quieter, as a pattern of the key has it. Two cells that follow each other in
time are changed in opposite directions, so that what is looked for are differences, in which most of the speech itself
cancels out. The pattern comes again every 0.5 s; where it began is searched, so a piece of any part is enough.

What was changed in proportion to the sound stays below it: silence stays silent, and each change is masked by the
sound that it changes. Without the key the pattern is noise. The layout is that of "patchwork" marks: Bender et al.,
Techniques for data hiding, IBM Systems Journal 35 (1996); Kirovski and Malvar, Spread-spectrum watermarking of audio
signals, IEEE Transactions on Signal Processing 51 (2003). `benchmarks/trust.py` measures it; ADR 42 has the choice.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloning.audio.levels import Samples

STRENGTH_DB = 1.25
FORMANT_STRENGTH_DB = 1.75
"""For formant synthesis: between the harmonics of its even tone there is nothing that could hold a mark."""
HOP_SECONDS = 0.016
HOPS_IN_CELL = 2
CELLS_IN_PERIOD = 16
BINS_IN_BAND = 2  # of 31.25 Hz
LOWEST_BIN = 10  # 312 Hz; below lie the fundamentals, where a change is heard most
BANDS = 111  # up to 7.25 kHz: what remains of 16 kHz

SEARCH_RATE_HZ = 24_000
"""What is searched is brought to this first."""
SEARCHES_IN_HOP = 2
WINDOW_SECONDS = (3.0, 6.0)
"""Stretches that are searched each by itself: the pattern begins anew with each sentence."""
MIN_SECONDS = 0.25
MAX_DIFFERENCE_DB = 8.0
SMOOTHED_BANDS = 9
NOISE_PERCENTILE = 5
SILENCE = 1e-9

Spectrum = NDArray[np.complex64]
Levels = NDArray[np.float32]


@dataclass(frozen=True)
class Finding:
    """What a search found. `score` is in standard deviations of what is found where nothing is."""

    score: float
    false_alarm: float  # how probable so high a score would be without the mark, 0 to 1

    @property
    def is_found(self) -> bool:
        return self.false_alarm < MAX_FALSE_ALARM


MAX_FALSE_ALARM = 1e-4


def derive_pattern(key: bytes) -> Levels:
    """Of −1 and 1, for each cell of a period and each band; neighbours in time are opposites."""
    pairs = CELLS_IN_PERIOD // 2
    drawn = np.frombuffer(hashlib.shake_256(key).digest(pairs * BANDS), np.uint8).reshape(pairs, BANDS)
    signs = np.where(drawn & 1, np.float32(1), np.float32(-1))
    return np.stack([signs, -signs], axis=1).reshape(CELLS_IN_PERIOD, BANDS)


def make_window(hop: int) -> Samples:
    """Of two hops; squared and added to itself a hop later it is 1."""
    return np.sin(np.pi * (np.arange(2 * hop) + 0.5) / (2 * hop)).astype(np.float32)


class Watermarker:
    """Marks speech while it comes. What comes out is as long as what went in, and does not depend on how it was cut.

    It comes two hops, 32 ms, behind, and ends with `flush`.
    """

    def __init__(self, sample_rate_hz: int, key: bytes, strength_db: float = STRENGTH_DB) -> None:
        self._hop = round(HOP_SECONDS * sample_rate_hz)
        self._window = make_window(self._hop)
        gains = np.ones((CELLS_IN_PERIOD, self._hop + 1), np.float32)
        bands = np.repeat(derive_pattern(key), BINS_IN_BAND, axis=1)
        gains[:, LOWEST_BIN : LOWEST_BIN + bands.shape[1]] = 10 ** (strength_db / 20 * bands)
        self._gains = np.repeat(gains, HOPS_IN_CELL, axis=0)  # for each hop of a period
        self._waiting = np.zeros(self._hop, np.float32)  # before the first sample
        self._overlap = np.zeros(self._hop, np.float32)
        self._hops = 0
        self._received = self._returned = 0

    def process(self, samples: Samples) -> Samples:
        self._received += samples.size
        self._waiting = np.concatenate([self._waiting, samples.astype(np.float32)])
        count = self._waiting.size // self._hop - 1
        if count < 1:
            return np.zeros(0, np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(self._waiting, 2 * self._hop)[:: self._hop][:count]
        spectrum = np.fft.rfft(frames * self._window, axis=1)
        spectrum *= self._gains[(self._hops + np.arange(count)) % len(self._gains)]
        marked = np.fft.irfft(spectrum, 2 * self._hop, axis=1).astype(np.float32) * self._window
        heads = marked[:, : self._hop]
        heads[1:] += marked[:-1, self._hop :]
        heads[0] += self._overlap
        self._overlap = marked[-1, self._hop :].copy()
        self._waiting = self._waiting[count * self._hop :]
        made = heads.reshape(-1)
        if self._hops == 0:
            made = made[self._hop :]  # of what was before the first sample
        self._hops += count
        self._returned += made.size
        return made

    def flush(self) -> Samples:
        """What is still held back; nothing comes after it."""
        missing = self._received - self._returned
        received = self._received
        rest = self.process(np.zeros(2 * self._hop, np.float32))[:missing]
        self._received = received
        return rest


def mark(samples: Samples, sample_rate_hz: int, key: bytes, strength_db: float = STRENGTH_DB) -> Samples:
    """Mono samples with the mark of `key`, as many of them, at the same place."""
    marker = Watermarker(sample_rate_hz, key, strength_db)
    return np.concatenate([marker.process(samples), marker.flush()])


class Search:
    """Speech, mono at SEARCH_RATE_HZ, in which marks of several keys can be looked for.

    Takes some 20 ms and 2 MB for each second of it. Of less than MIN_SECONDS nothing is found.
    """

    def __init__(self, samples: Samples) -> None:
        self._hop = round(HOP_SECONDS * SEARCH_RATE_HZ) // SEARCHES_IN_HOP
        self._cell = HOPS_IN_CELL * SEARCHES_IN_HOP  # in searched hops
        self._differences = measure_differences(samples, self._hop, self._cell)

    def find(self, key: bytes) -> Finding:
        """The highest score of any stretch."""
        products = self._differences @ derive_pattern(key)[::2].T
        powers = np.square(self._differences).sum(axis=1)
        best, searched = 0.0, 0
        for stretch in self._stretches():
            scores = self._score(products[stretch], powers[stretch])
            best, searched = max(best, float(scores.max())), searched + scores.size
        tail = math.erfc(best / math.sqrt(2)) / 2
        return Finding(best, min(1.0, searched * tail) if searched else 1.0)

    def _stretches(self) -> Iterator[slice]:
        size = len(self._differences)
        if size * self._hop < MIN_SECONDS * SEARCH_RATE_HZ:
            return
        lengths = [round(seconds * SEARCH_RATE_HZ) // self._hop for seconds in WINDOW_SECONDS]
        for length in lengths:
            for start in range(0, max(1, size - length // 2), length // 2):
                yield slice(start, min(size, start + length))
            if size <= length:
                return

    def _score(self, products: Levels, powers: Levels) -> Levels:
        """For each place in the period where the stretch may begin."""
        pair = 2 * self._cell
        pairs = products.shape[1]
        scores = np.zeros(pair * pairs, np.float32)
        for begin in range(pair):
            steps = products[begin::pair]
            power = float(powers[begin::pair].sum())
            for turn in range(pairs):
                turns = (np.arange(len(steps)) + turn) % pairs
                agreement = float(steps[np.arange(len(steps)), turns].sum())
                scores[begin * pairs + turn] = agreement / math.sqrt(power + SILENCE)
        return scores


def measure_differences(samples: Samples, hop: int, cell: int) -> Levels:
    """By how many dB each cell is louder than the next in time, at every hop and band; less what its neighbours in
    frequency share, and weighted by how far it stands above the noise.
    """
    bins = slice(LOWEST_BIN, LOWEST_BIN + BANDS * BINS_IN_BAND)
    size = 2 * round(HOP_SECONDS * SEARCH_RATE_HZ)
    if samples.size < size + 2 * cell * hop:
        return np.zeros((0, BANDS), np.float32)
    level = math.sqrt(float(np.mean(np.square(samples, dtype=np.float64)))) + SILENCE
    window = make_window(size // 2) / np.float32(10 * level)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    powers = np.empty((len(frames), BANDS), np.float32)
    for start in range(0, len(frames), 512):  # of ten minutes the spectrum would take a gigabyte
        spectrum = np.fft.rfft(frames[start : start + 512] * window, axis=1)[:, bins]
        squared = np.square(np.abs(spectrum)).astype(np.float32)
        powers[start : start + 512] = squared.reshape(len(squared), BANDS, BINS_IN_BAND).sum(axis=2)
    powers += SILENCE
    loudness = average(10 * np.log10(powers), cell)
    mean = average(powers, cell)
    noise = smooth(np.percentile(mean, NOISE_PERCENTILE, axis=0)[None])
    weights = np.clip(1 - noise / mean, 0, 1).astype(np.float32)
    weights = np.minimum(weights[:-cell], weights[cell:])
    differences = loudness[:-cell] - loudness[cell:]
    differences -= smooth(differences * weights) / (smooth(weights) + np.float32(1e-6))
    differences = np.clip(differences, -MAX_DIFFERENCE_DB, MAX_DIFFERENCE_DB)
    return np.asarray(differences * weights, np.float32)


def average(values: Levels, count: int) -> Levels:
    """Of each value and those after it, `count` in all, along time."""
    sums = np.cumsum(np.vstack([np.zeros((1, values.shape[1])), values]), axis=0)
    return np.asarray((sums[count:] - sums[:-count]) / count, np.float32)


def smooth(values: Levels) -> Levels:
    """The mean over SMOOTHED_BANDS along frequency; at the edges over those that there are."""
    half = SMOOTHED_BANDS // 2
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    ends = np.minimum(np.arange(values.shape[1]) + half + 1, values.shape[1])
    starts = np.maximum(np.arange(values.shape[1]) - half, 0)
    return np.asarray((sums[:, ends] - sums[:, starts]) / (ends - starts), np.float32)
