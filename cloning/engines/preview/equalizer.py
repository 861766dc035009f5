"""Moves one long-term spectrum toward another with a linear-phase filter."""

import numpy as np
from numpy.typing import NDArray

from cloning.engines.base import Reals, Waveform
from cloning.engines.preview.measure import band_centres_hz

LIMIT_DB = 12.0  # more turns a recording's noise and room into the voice's
TAPS = 1023  # odd: the delay is a whole number of samples
# How much of the correction applies: none where there is no speech, less above what a 16 kHz reference holds.
STRENGTH_HZ = (0, 60, 120, 7000, 9000, 12000)
STRENGTH = (0.0, 0.3, 1.0, 1.0, 0.7, 0.4)


def gains_db(base_db: Reals, wanted_db: Reals) -> NDArray[np.float64]:
    """Gain per band that brings `base_db` to `wanted_db`, within ±LIMIT_DB."""
    difference = np.convolve(np.pad(wanted_db - base_db, 1, mode="edge"), (0.25, 0.5, 0.25), "valid")
    return LIMIT_DB * np.tanh(difference / LIMIT_DB)


def equalize(samples: Waveform, band_gains_db: Reals, sample_rate_hz: int) -> Waveform:
    """Applies the gains, interpolated over frequency; as long as `samples` and in step with it."""
    equalizer = Equalizer(band_gains_db, sample_rate_hz)
    return np.concatenate([equalizer.process(samples), equalizer.flush()])


class Equalizer:
    """The same for sound that comes in pieces. The output comes half of TAPS behind, and ends with `flush`."""

    def __init__(self, band_gains_db: Reals, sample_rate_hz: int) -> None:
        self._taps = make_taps(band_gains_db, sample_rate_hz)
        self._context = np.zeros(TAPS - 1, np.float32)
        self._early_size = TAPS // 2  # of what precedes the sound
        self._is_empty = True

    def process(self, samples: Waveform) -> Waveform:
        if not samples.size:
            return samples
        self._is_empty = False
        joined = np.concatenate([self._context, samples])
        self._context = joined[-(TAPS - 1) :]
        filtered = np.convolve(joined, self._taps, "valid").astype(np.float32)
        early = min(self._early_size, filtered.size)
        self._early_size -= early
        return filtered[early:]

    def flush(self) -> Waveform:
        if self._is_empty:
            return np.zeros(0, np.float32)
        return self.process(np.zeros(TAPS // 2, np.float32))


def make_taps(band_gains_db: Reals, sample_rate_hz: int) -> Reals:
    frequencies_hz = np.fft.rfftfreq(2 * TAPS, 1 / sample_rate_hz)
    gain_db = np.interp(frequencies_hz, band_centres_hz(), band_gains_db)
    gain_db *= np.interp(frequencies_hz, STRENGTH_HZ, STRENGTH)
    impulse = np.fft.fftshift(np.fft.irfft(10 ** (gain_db / 20)))
    middle = impulse.size // 2
    taps: Reals = impulse[middle - TAPS // 2 : middle + TAPS // 2 + 1] * np.hanning(TAPS)
    return taps
