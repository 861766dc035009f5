"""The recordings, and what is measured of speech."""

from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import soxr

from cloning.engines.base import Waveform
from cloning.engines.preview import espeak, search, speaker
from cloning.engines.preview.measure import (
    ANALYSIS_RATE_HZ,
    F0Estimator,
    VoiceStatistics,
    measure,
    recorded_f0,
    synthetic_f0,
)
from cloning.tests.clips import DATA, FEMALE_CLIP, MALE_CLIP

CLIPS = (MALE_CLIP.stem, FEMALE_CLIP.stem)


def speech(clip: str = CLIPS[0]) -> np.ndarray:
    return soundfile.read(DATA / f"{clip}.flac")[0]


def write(path: Path, samples: np.ndarray, sample_rate_hz: int = 16_000) -> Path:
    soundfile.write(path, samples, sample_rate_hz, subtype="PCM_16")
    return path


def resampled(samples: Waveform) -> np.ndarray:
    return soxr.resample(samples, espeak.SAMPLE_RATE_HZ, ANALYSIS_RATE_HZ)


def measured(samples: Waveform, estimate_f0: F0Estimator = synthetic_f0) -> VoiceStatistics:
    return measure(resampled(samples), estimate_f0)


@cache
def recording(name: str) -> VoiceStatistics:
    return measure(soundfile.read(DATA / f"{name}.flac")[0], recorded_f0)


def distance_db(one: VoiceStatistics, other: VoiceStatistics) -> float:
    return float(np.sqrt(np.mean((one.spectrum_db - other.spectrum_db) ** 2)))


def find_target(samples: np.ndarray, statistics: VoiceStatistics) -> search.Target:
    return search.Target(speaker.embed(samples), statistics.median_f0_hz, statistics.spectrum_db)
