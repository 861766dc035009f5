"""What a reference holds: the statistics of one voice, or a reason, in words for its owner, why it can't be used.

The thresholds lie in gaps that were measured on clips of four speakers, clean and with noise, rooms, codecs and
acting, and on noise, music and whispering; docs/performance.md has the figures.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cloning.engines.base import EngineError, Floats, Reals
from cloning.engines.preview.measure import (
    ANALYSIS_RATE_HZ,
    LOUD_RANGE_DB,
    NoVoiceError,
    VoiceStatistics,
    band_centres_hz,
    decibels,
    energy_range_db,
    measure,
    recorded_f0,
)

# `tonality_db` is 3.4 to 8.7 dB in speech with little or no noise, up to 11.7 with music as loud, from 13.7 in music,
# up to 3.1 in whispering. The median step of ln F0 between voiced frames is 0.006 to 0.034 in speech; where there is
# no voice F0 is guessed and leaps: 0.042 and more in whispering and in noise that drowns speech.
MAX_TONALITY_DB = 12.0
MIN_TONALITY_OF_MUSIC_DB = 8.0  # where no voice was found
MIN_TONALITY_DB, MAX_F0_STEP = 4.0, 0.04  # beyond both there is no voice
MIN_RANGE_OF_WHISPER_DB = 20.0  # of quiet to loud frames; noise that stays has less
FRAME_SAMPLES, HOP_SAMPLES = 2048, 320  # 128 ms: resolves the partials of chords
SOUNDING_RANGE_DB = 30.0

EMPTY_DB = -40.0  # re the mean of 300 to 3000 Hz; recordings at 16 kHz hold at least -33 in each band
EDGE_BANDS = 2  # below the last that is filled: where the filter begins
FALL_DB_PER_OCTAVE = 8.0  # of speech above 3.6 kHz, the mean of four speakers
TELEPHONE_LOWEST_HZ = 350.0

ADVICE = "Please use a clip in which one person speaks aloud, without music and with little noise."


SILENCE = "The reference is silent."
NOISE = "We hear only noise in the reference, or noise so loud that the voice is lost in it."
MUSIC = "We hear music or tones in the reference, but no voice."
WHISPER = "We hear hardly any voice in the reference; it sounds whispered."


def measure_reference(samples: Reals) -> VoiceStatistics:
    """The statistics of the voice in `samples` (mono, ANALYSIS_RATE_HZ; some 10 s suffice).

    Raises EngineError with a reason where there is none.
    """
    f0_hz = recorded_f0(np.ascontiguousarray(samples, dtype=np.float64))
    tonality = tonality_db(samples)
    is_unvoiced = tonality < MIN_TONALITY_DB and _median_f0_step(f0_hz) > MAX_F0_STEP
    try:
        if is_unvoiced or tonality > MAX_TONALITY_DB:
            raise NoVoiceError
        statistics = measure(samples, lambda _: f0_hz)
    except NoVoiceError:
        raise EngineError(f"{_explain_absence(samples, tonality)} {ADVICE}") from None
    return replace(statistics, spectrum_db=_with_plausible_edges(statistics.spectrum_db))


def _explain_absence(samples: Reals, tonality: float) -> str:
    if not samples.any():
        return SILENCE
    if tonality > MIN_TONALITY_OF_MUSIC_DB:
        return MUSIC
    return WHISPER if energy_range_db(samples) > MIN_RANGE_OF_WHISPER_DB else NOISE


def _median_f0_step(f0_hz: NDArray[np.float64]) -> float:
    """Of ln F0, between successive voiced frames; endless where there are none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.abs(np.diff(np.log(f0_hz)))
    steps = steps[np.isfinite(steps)]
    return float(np.median(steps)) if steps.size else np.inf


def tonality_db(samples: Reals) -> float:
    """How far partials stand out: in third octaves of 150 Hz to 3.5 kHz, the level over the mean of the bins' levels.

    The mean over loud frames and the bands that sound in them. 2.5 dB in noise; more, the narrower the partials are.
    """
    padded = np.pad(samples, FRAME_SAMPLES // 2)
    frames = sliding_window_view(padded, FRAME_SAMPLES)[::HOP_SAMPLES] * np.hanning(FRAME_SAMPLES)
    power = np.abs(np.fft.rfft(frames)) ** 2 + 1e-12
    level_db = decibels(power.sum(axis=1))
    power = power[level_db > np.percentile(level_db, 95) - LOUD_RANGE_DB]
    bins = np.geomspace(150, 3500, 13) * FRAME_SAMPLES / ANALYSIS_RATE_HZ
    bands = [power[:, round(low) : round(high)] for low, high in pairwise(bins)]
    mean_db = np.stack([decibels(band.mean(axis=1)) for band in bands])
    peakedness_db = mean_db - np.stack([decibels(band).mean(axis=1) for band in bands])
    return float(peakedness_db[mean_db > mean_db.max(axis=0) - SOUNDING_RANGE_DB].mean())


def _with_plausible_edges(spectrum_db: Floats) -> Floats:
    """A telephone's band is no trait of the voice: what is missing above it goes on as speech does, and so below it."""
    centres_hz = band_centres_hz()
    middle_db = spectrum_db[(centres_hz > 300) & (centres_hz < 3000)].mean()
    (filled,) = np.nonzero(spectrum_db > middle_db + EMPTY_DB)
    last = filled[-1] - EDGE_BANDS
    if filled[-1] == len(spectrum_db) - 1:
        return spectrum_db
    octaves = np.log2(centres_hz[last:] / centres_hz[last])
    whole = spectrum_db.copy()
    whole[last:] = spectrum_db[last] - FALL_DB_PER_OCTAVE * octaves
    lows = centres_hz < TELEPHONE_LOWEST_HZ
    whole[lows] = np.maximum(whole[lows], whole[np.argmin(lows)])
    centred: Floats = whole - whole.mean()
    return centred
