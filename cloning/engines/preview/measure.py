"""What is measured of a voice: pitch and long-term spectrum, of references and of espeak-ng alike.

F0 estimators are WORLD's (M. Morise, F. Yokomori, K. Ozawa, 2016), through pyworld.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyworld
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cloning.engines.base import Floats, Reals

ANALYSIS_RATE_HZ = 16_000
HOP_SECONDS = 0.005  # WORLD's frame period
WINDOW_SAMPLES = 512  # 32 ms: coarse enough not to resolve the harmonics of high voices
F0_FLOOR_HZ, F0_CEILING_HZ = 55.0, 700.0
WIDE_SEARCH_SECONDS = 4.0
BAND_LOWEST_HZ, BAND_HIGHEST_HZ, BAND_COUNT = 80.0, 7600.0, 28

QUIETEST_SPEECH_DB = -60.0  # re full scale; references arrive levelled, so less than this is silence
LOUD_RANGE_DB = 25.0  # frames this near the loudest ones count for the spectrum
ACTIVE_RANGE_DB = 40.0  # frames further below the loudest ones are pauses
# Speech has 0.4 to 0.7 voiced frames and, even with noise at 0 dB, a range of 8 dB from its quiet to its loud
# frames; white noise has 0.1 and 2 dB, a held chord no voiced frames.
MIN_VOICED_SHARE = 0.2
MIN_VOICED_SECONDS = 0.2
MIN_ENERGY_RANGE_DB = 5.0

F0Estimator = Callable[[NDArray[np.float64]], NDArray[np.float64]]


class NoVoiceError(Exception):
    """The samples hold no measurable voice."""


@dataclass(frozen=True)
class VoiceStatistics:
    median_f0_hz: float
    log_f0_spread: float  # robust standard deviation of ln F0
    spectrum_db: Floats  # (BAND_COUNT,) mean level of voiced frames per band, mean removed


def measure(samples: Reals, estimate_f0: F0Estimator) -> VoiceStatistics:
    """`samples` are mono at ANALYSIS_RATE_HZ. Raises NoVoiceError for silence, noise and held tones."""
    signal = np.ascontiguousarray(samples, dtype=np.float64)
    if signal.size < WINDOW_SAMPLES:
        raise NoVoiceError
    power = _band_power(signal)
    energy_db = decibels(power.mean(axis=1))
    loudest_db = np.percentile(energy_db, 95)
    if loudest_db < QUIETEST_SPEECH_DB or _range_db(energy_db) < MIN_ENERGY_RANGE_DB:
        raise NoVoiceError
    f0_hz = estimate_f0(signal)[: len(power)]
    voiced = f0_hz > 0
    active = energy_db > loudest_db - ACTIVE_RANGE_DB
    if voiced.sum() * HOP_SECONDS < MIN_VOICED_SECONDS or voiced[active].mean() < MIN_VOICED_SHARE:
        raise NoVoiceError

    log_f0 = np.log(f0_hz[voiced])
    spectrum_db = decibels(power[voiced & (energy_db > loudest_db - LOUD_RANGE_DB)]).mean(axis=0)
    return VoiceStatistics(
        median_f0_hz=float(np.exp(np.median(log_f0))),
        log_f0_spread=float(np.clip(1.4826 * np.median(np.abs(log_f0 - np.median(log_f0))), 0.05, 0.45)),
        spectrum_db=(spectrum_db - spectrum_db.mean()).astype(np.float32),
    )


def energy_range_db(samples: Reals) -> float:
    """From the quiet (10th percentile) to the loud frames (95th)."""
    return _range_db(decibels(_band_power(samples).mean(axis=1)))


def _range_db(energy_db: NDArray[np.float64]) -> float:
    return float(np.percentile(energy_db, 95) - np.percentile(energy_db, 10))


def recorded_f0(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """F0 in Hz per frame, 0 where unvoiced, of a recording: Harvest twice, the second time about the median.

    The second, narrower search removes octave errors; for the first one, which takes twice as long, a part will do.
    DIO is ten times faster and fails on telephone audio.
    """
    half = int(WIDE_SEARCH_SECONDS / 2 * ANALYSIS_RATE_HZ)
    middle = samples[max(0, len(samples) // 2 - half) : len(samples) // 2 + half]
    first = _harvest(middle)
    if not first.any() and len(middle) < len(samples):
        first = _harvest(samples)
    if not first.any():
        return np.zeros(len(samples) // int(HOP_SECONDS * ANALYSIS_RATE_HZ) + 1)
    median = np.median(first[first > 0])
    floor, ceiling = max(F0_FLOOR_HZ, 0.55 * median), min(F0_CEILING_HZ, 2.0 * median)
    second, times = pyworld.harvest(samples, ANALYSIS_RATE_HZ, f0_floor=floor, f0_ceil=ceiling)
    return pyworld.stonemask(samples, second, times, ANALYSIS_RATE_HZ)


def _harvest(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    f0_hz, _ = pyworld.harvest(samples, ANALYSIS_RATE_HZ, f0_floor=F0_FLOOR_HZ, f0_ceil=F0_CEILING_HZ)
    return f0_hz


def synthetic_f0(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same for clean synthetic speech, by DIO."""
    f0_hz, times = pyworld.dio(samples, ANALYSIS_RATE_HZ, f0_floor=F0_FLOOR_HZ, f0_ceil=F0_CEILING_HZ)
    return pyworld.stonemask(samples, f0_hz, times, ANALYSIS_RATE_HZ)


def band_centres_hz() -> NDArray[np.float64]:
    return _band_edges_hz()[1:-1]


def _band_edges_hz() -> NDArray[np.float64]:
    """Edges of triangular bands, evenly spaced on O'Shaughnessy's mel scale."""
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in (BAND_LOWEST_HZ, BAND_HIGHEST_HZ))
    return 700 * (10 ** (np.linspace(lowest, highest, BAND_COUNT + 2) / 2595) - 1)


def _band_power(samples: Reals) -> NDArray[np.float64]:
    """Power per 5 ms frame and band, shape (frames, BAND_COUNT), frames centred as WORLD's are."""
    hop = int(HOP_SECONDS * ANALYSIS_RATE_HZ)
    padded = np.pad(samples, WINDOW_SAMPLES // 2)
    frames = sliding_window_view(padded, WINDOW_SAMPLES)[::hop] * np.hanning(WINDOW_SAMPLES)
    power = np.abs(np.fft.rfft(frames)) ** 2 / WINDOW_SAMPLES
    bins_hz = np.fft.rfftfreq(WINDOW_SAMPLES, 1 / ANALYSIS_RATE_HZ)
    edges_hz = _band_edges_hz()
    weights = np.array(
        [np.interp(bins_hz, edges_hz[band : band + 3], [0, 1, 0]) for band in range(BAND_COUNT)]
    )
    in_bands: NDArray[np.float64] = power @ (weights / weights.sum(axis=1, keepdims=True)).T
    return in_bands


def decibels(power: NDArray[np.float64]) -> NDArray[np.float64]:
    return 10 * np.log10(power + 1e-12)
