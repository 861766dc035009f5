"""What people and machines do to a recording, and what is none."""

import subprocess
from pathlib import Path

import numpy as np
import pyworld
import soundfile

from cloning.engines.preview.measure import (
    ANALYSIS_RATE_HZ,
)
from cloning.tests.engines.preview.hearing import (
    write,
)


def sines(*frequencies_hz: float, duration_seconds: float = 5.0) -> np.ndarray:
    seconds = np.arange(int(duration_seconds * ANALYSIS_RATE_HZ)) / ANALYSIS_RATE_HZ
    return sum((0.1 * np.sin(2 * np.pi * hz * seconds) for hz in frequencies_hz), np.zeros(seconds.size))


def music() -> np.ndarray:
    """Two bars of plucked chords over a drum of noise."""
    decay = np.exp(-4 * np.arange(ANALYSIS_RATE_HZ // 2) / ANALYSIS_RATE_HZ)
    roots_hz = (220.0, 220.0, 293.7, 293.7, 329.6, 329.6, 220.0, 220.0)
    drum = np.random.default_rng(0).normal(0, 0.03, decay.size) * decay**4
    beats = [
        sines(*(root * step * n for step in (1, 1.26, 1.5) for n in (1, 2, 3)), duration_seconds=0.5)
        for root in roots_hz
    ]
    return np.concatenate([beat * decay + drum for beat in beats])


def with_noise(samples: np.ndarray, snr_db: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(
        0, np.sqrt(np.mean(samples**2)) * 10 ** (-snr_db / 20), samples.size
    )
    return 0.4 * (samples + noise)


def resynthesised(samples: np.ndarray, *, f0_spread: float) -> np.ndarray:
    """By WORLD: with livelier or flatter intonation; whispered where `f0_spread` is not a number."""
    f0_hz, times = pyworld.harvest(samples, ANALYSIS_RATE_HZ)
    spectrum = pyworld.cheaptrick(samples, f0_hz, times, ANALYSIS_RATE_HZ)
    aperiodicity = pyworld.d4c(samples, f0_hz, times, ANALYSIS_RATE_HZ)
    if np.isnan(f0_spread):
        return pyworld.synthesize(0 * f0_hz, spectrum, np.ones_like(aperiodicity), ANALYSIS_RATE_HZ)
    median_hz = np.median(f0_hz[f0_hz > 0])
    f0_hz[f0_hz > 0] = median_hz * (f0_hz[f0_hz > 0] / median_hz) ** f0_spread
    return pyworld.synthesize(f0_hz, spectrum, aperiodicity, ANALYSIS_RATE_HZ)


def in_a_room(samples: np.ndarray) -> np.ndarray:
    """With 0.5 s of reverberation, as loud as the direct sound."""
    seconds = np.arange(ANALYSIS_RATE_HZ // 2) / ANALYSIS_RATE_HZ
    tail = np.random.default_rng(0).normal(size=seconds.size) * 10 ** (-6 * seconds)
    return 0.4 * (samples + np.convolve(samples, tail / np.linalg.norm(tail))[: samples.size])


def through_ffmpeg(samples: np.ndarray, tmp_path: Path, suffix: str, *options: str) -> np.ndarray:
    source, coded = write(tmp_path / "source.wav", samples), tmp_path / f"coded{suffix}"
    subprocess.run(["ffmpeg", "-v", "error", "-i", source, *options, coded], check=True)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", coded, "-ar", "16000", tmp_path / "decoded.wav"], check=True
    )
    return soundfile.read(tmp_path / "decoded.wav")[0]
