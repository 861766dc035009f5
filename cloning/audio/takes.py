"""A take: one spoken segment, levelled, as a file of its own."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cloning.audio.levelling import FADE_SECONDS, KEPT_SILENCE_SECONDS, SILENCE_DBFS, fade, no_sound
from cloning.audio.levels import Samples
from cloning.audio.loudness import (
    Stretch,
    integrate_loudness,
    measure_loudness_blocks,
    measure_true_peak,
)
from cloning.audio.wav import encode_pcm, write_wav

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pydub looks for an ffmpeg on PATH when imported; ours may be elsewhere
    from pydub import AudioSegment
    from pydub.silence import detect_leading_silence

PEAK_COUNT = 60


@dataclass(frozen=True)
class TakeSound:
    """What is known of a take's sound, so that takes can be joined and drawn without being read; fit for JSON."""

    duration_seconds: float
    peaks: list[float]  # PEAK_COUNT of them; 1 is full scale, not the loudest of the take
    loudness_blocks: list[int]  # `loudness.Stretch`
    true_peak_dbtp: float

    @property
    def loudness_lufs(self) -> float:
        return round(integrate_loudness([Stretch(self.loudness_blocks, self.duration_seconds)]), 1)


def write_take(samples: Samples, sample_rate_hz: int, target: Path) -> TakeSound:
    """Writes what a Leveller gave, its `flush` included, as WAV: mono, 16-bit.

    Silence after the speech is cut to 30 ms, the last 5 of which fade out; before that the file's bytes are those that
    `wav.encode_pcm` makes of the same samples for a stream. `target` appears whole or not at all.
    Raises GenerationError: SPEECH_SILENT, STORAGE_FULL.
    """
    spoken = trim_end(samples, sample_rate_hz)
    write_wav(spoken, sample_rate_hz, target)
    return TakeSound(
        duration_seconds=spoken.size / sample_rate_hz,
        peaks=draw_peaks(spoken, PEAK_COUNT),
        loudness_blocks=measure_loudness_blocks(spoken, sample_rate_hz),
        true_peak_dbtp=round(measure_true_peak(spoken), 2),
    )


def trim_end(samples: Samples, sample_rate_hz: int) -> Samples:
    spoken = AudioSegment(encode_pcm(samples), sample_width=2, frame_rate=sample_rate_hz, channels=1)
    silence_ms = detect_leading_silence(spoken.reverse(), SILENCE_DBFS)
    if silence_ms >= len(spoken):
        raise no_sound()
    end = samples.size - silence_ms * sample_rate_hz // 1000 + round(KEPT_SILENCE_SECONDS * sample_rate_hz)
    trimmed = samples[:end].copy()
    fade(trimmed[: -round(FADE_SECONDS * sample_rate_hz) - 1 : -1])
    return trimmed


def draw_peaks(samples: Samples, count: int) -> list[float]:
    """The loudest sample in each of `count` equal stretches."""
    edges = np.linspace(0, samples.size, count, endpoint=False).astype(int)
    loudest = np.maximum.reduceat(np.abs(samples), edges)
    return [round(min(1.0, float(peak)), 3) for peak in loudest]
