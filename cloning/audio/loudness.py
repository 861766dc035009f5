"""Programme loudness and true peak as ITU-R BS.1770 defines them, computed here, without a process.

Loudness is kept as the level of each 100 ms. From these the loudness of any number of takes, joined with pauses,
follows by arithmetic (gating is a matter of the whole, so it is done then), and no sample has to be read again.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cloning.audio.levels import Samples, to_decibels

SPEECH_LOUDNESS_LUFS = -19.0
TRUE_PEAK_DBTP = -1.0

BLOCK_SECONDS = 0.1
GATED_BLOCKS = 4  # BS.1770 gates stretches of 400 ms, one each 100 ms
SILENT_BLOCK = -1200
"""The level of a block without sound, in tenths of LUFS."""
MIN_MEASURED_SECONDS = 3.0
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
CALIBRATION_LU = -0.691
WEIGHTING = (  # numerators and denominators of the two filters, at WEIGHTING_RATE_HZ
    ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1, -1.69065929318241, 0.73248077421585)),
    ((1, -2, 1), (1, -1.99004745483398, 0.99007225036621)),
)
WEIGHTING_RATE_HZ = 48_000
DECAY_SECONDS = 0.2  # after which nothing is left of the filters' response

OVERSAMPLING = 4
HALF_TAPS = 12
"""How many samples on each side an intermediate value is computed from."""


@dataclass(frozen=True)
class Stretch:
    """Speech, of which only the levels are known, and the silence after it."""

    loudness_blocks: Sequence[int]  # tenths of LUFS, one for each 100 ms begun
    duration_seconds: float
    pause_seconds: float = 0.0


def measure_loudness_blocks(samples: Samples, sample_rate_hz: int) -> list[int]:
    """The level of each 100 ms, in tenths of LUFS; the last may be shorter and is measured as long as it is."""
    size = round(BLOCK_SECONDS * sample_rate_hz)
    squares = np.square(weight(samples, sample_rate_hz))
    starts = np.arange(0, samples.size, size)
    powers = np.add.reduceat(squares, starts) / np.diff(np.append(starts, samples.size))
    levels = 10 * (CALIBRATION_LU + 10 * np.log10(np.maximum(powers, 1e-30)))
    return [int(level) for level in np.maximum(np.round(levels), SILENT_BLOCK)]


def weight(samples: Samples, sample_rate_hz: int) -> NDArray[np.float64]:
    """The K-weighting: both filters at once, in the spectrum, so that rates other than theirs need no others."""
    length = 1 << (samples.size + round(DECAY_SECONDS * sample_rate_hz)).bit_length()
    spectrum = np.fft.rfft(samples.astype(np.float64), length) * compute_weighting(length, sample_rate_hz)
    weighted: NDArray[np.float64] = np.fft.irfft(spectrum, length)[: samples.size]
    return weighted


@lru_cache(maxsize=4)
def compute_weighting(length: int, sample_rate_hz: int) -> NDArray[np.complex128]:
    delay = np.exp(-2j * np.pi * np.fft.rfftfreq(length, 1 / sample_rate_hz) / WEIGHTING_RATE_HZ)
    response = np.ones(delay.size, np.complex128)
    for (b0, b1, b2), (a0, a1, a2) in WEIGHTING:
        response *= (b0 + delay * (b1 + delay * b2)) / (a0 + delay * (a1 + delay * a2))
    return response


def integrate_loudness(stretches: Iterable[Stretch]) -> float:
    """The gated loudness of the stretches one after another, in LUFS; −70 where nothing passes the gate.

    What is shorter than 3 s is measured as if it were repeated.
    """
    lengths, powers = lay_out(stretches)
    total_seconds = float(lengths.sum())
    if not total_seconds:
        return ABSOLUTE_GATE_LUFS
    repeats = math.ceil(MIN_MEASURED_SECONDS / total_seconds)
    lengths, powers = np.tile(lengths, repeats), np.tile(powers, repeats)
    edges = np.append(0, np.cumsum(lengths))
    energies = np.append(0, np.cumsum(lengths * powers))
    grid = np.interp(np.arange(0, edges[-1] + 1e-9, BLOCK_SECONDS), edges, energies)
    return gate((grid[GATED_BLOCKS:] - grid[:-GATED_BLOCKS]) / (GATED_BLOCKS * BLOCK_SECONDS))


def lay_out(stretches: Iterable[Stretch]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds and mean power of each block and pause, one after another."""
    lengths: list[NDArray[np.float64]] = []
    powers: list[NDArray[np.float64]] = []
    for stretch in stretches:
        levels = np.asarray(stretch.loudness_blocks, np.float64) / 10 - CALIBRATION_LU
        whole = np.full(levels.size, BLOCK_SECONDS)
        whole[-1:] = max(0.0, stretch.duration_seconds - BLOCK_SECONDS * (levels.size - 1))
        lengths += [whole, np.array([max(0.0, stretch.pause_seconds)])]
        powers += [10 ** (levels / 10), np.zeros(1)]
    return np.concatenate([np.zeros(0), *lengths]), np.concatenate([np.zeros(0), *powers])


def gate(powers: NDArray[np.float64]) -> float:
    loud = powers[powers > 10 ** ((ABSOLUTE_GATE_LUFS - CALIBRATION_LU) / 10)]
    if not loud.size:
        return ABSOLUTE_GATE_LUFS
    gated = loud[loud > loud.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
    return CALIBRATION_LU + 10 * math.log10(gated.mean())


def measure_loudness(samples: Samples, sample_rate_hz: int) -> float:
    """In LUFS, of mono samples at any level: gating is as if they peaked at full scale."""
    peak = float(np.max(np.abs(samples), initial=0))
    if not peak:
        return ABSOLUTE_GATE_LUFS
    blocks = measure_loudness_blocks(samples / np.float32(peak), sample_rate_hz)
    return integrate_loudness([Stretch(blocks, samples.size / sample_rate_hz)]) + to_decibels(peak)


def measure_true_peak(samples: Samples) -> float:
    """In dBTP."""
    around = np.zeros(HALF_TAPS, np.float32)
    padded = np.concatenate([around, samples, around])
    return to_decibels(float(np.max(find_true_peaks(padded, 0.0), initial=0)))


def find_true_peaks(samples: Samples, at_least: float) -> Samples:
    """How high the sound rises from each sample to the next, for all but the first 11 samples and the last 12.

    Between samples is looked only where something above `at_least` could be found. All arithmetic is element by
    element, so the same samples give the same bits wherever a signal was cut.
    """
    count = samples.size - 2 * HALF_TAPS + 1
    peaks: Samples = np.abs(samples[HALF_TAPS - 1 : HALF_TAPS - 1 + count])
    if np.max(np.abs(samples), initial=0) * MAX_RISE <= at_least:
        return peaks
    for taps in INTERPOLATION:
        between = np.zeros(count, np.float32)
        for offset, tap in enumerate(taps):
            between += samples[offset : offset + count] * tap
        np.maximum(peaks, np.abs(between), out=peaks)
    return peaks


def design_interpolation() -> Samples:
    """Windowed sinc, shape (OVERSAMPLING − 1, 2 · HALF_TAPS)."""
    fractions = np.arange(1, OVERSAMPLING)[:, None] / OVERSAMPLING
    distances = np.arange(1 - HALF_TAPS, HALF_TAPS + 1) - fractions
    window = np.i0(6 * np.sqrt(1 - (distances / HALF_TAPS) ** 2)) / np.i0(6)
    taps = np.sinc(distances) * window
    interpolation: Samples = (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)
    return interpolation


INTERPOLATION = design_interpolation()
MAX_RISE = float(np.abs(INTERPOLATION).sum(axis=1).max())
