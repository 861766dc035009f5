"""What is measured of a take's samples. It costs a hundredth of the time that the speech takes to be heard."""

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from cloning.audio.levels import Samples
from cloning.audio.wav import decode_pcm
from cloning.engines.base import Floats
from cloning.engines.preview import speaker
from cloning.scoring.scores import TakeScores
from cloning.text.languages import CHARS_PER_SECOND

RATE_HZ = speaker.SAMPLE_RATE_HZ
EMBEDDED_SECONDS = 30.0
"""Of a reference or a take: a speaker is known by then."""
BLOCK_SECONDS = 0.02
SHORT_SECONDS = 0.5
"""Added to both sides of the pace: a single word is said as slowly as one likes."""
SILENCE_DB = 40.0
"""Below the loud of it is silence."""
LOUD_PERCENTILE = 95
PEAK_SHARE = 0.985
"""Of the highest sample: what stands above it was cut off there, or is one of few."""
MIN_EMBEDDED_SECONDS = 0.5
"""Of speech. In less there is nobody to be known."""


def embed_clips(clips: Sequence[Path]) -> Floats:
    """The speaker of normalised clips (WAV, 16 kHz, mono) as a unit vector."""
    longest = int(EMBEDDED_SECONDS / len(clips) * RATE_HZ)
    return speaker.embed(np.concatenate([read_start(clip, longest) for clip in clips]).astype(np.float64))


def read_start(clip: Path, longest: int) -> Samples:
    with wave.open(str(clip)) as file:
        return decode_pcm(file.readframes(longest))


def measure_take(
    samples: Samples, sample_rate_hz: int, said: str, language: str, speed: float, reference: Floats | None
) -> TakeScores:
    """`said` is the text as it is read out, `reference` the speaker's unit vector; None of a stock voice."""
    is_sound = find_sound(samples, sample_rate_hz)
    sounding_seconds = float(is_sound.sum() * BLOCK_SECONDS)
    letters = sum(map(str.isalnum, said))
    usual_seconds = (letters / CHARS_PER_SECOND[language] + SHORT_SECONDS) / speed
    return TakeScores(
        similarity=measure_similarity(samples, sample_rate_hz, reference)
        if reference is not None and sounding_seconds >= MIN_EMBEDDED_SECONDS
        else None,
        clipped_share=round(measure_clipping(samples), 5),
        longest_silence_seconds=round(count_longest(~is_sound) * BLOCK_SECONDS, 2),
        pace=round(usual_seconds / (sounding_seconds + SHORT_SECONDS), 3),
    )


def measure_similarity(samples: Samples, sample_rate_hz: int, reference: Floats) -> float:
    used = samples[: int(EMBEDDED_SECONDS * sample_rate_hz)]
    speech = soxr.resample(used.astype(np.float64), sample_rate_hz, RATE_HZ, quality="MQ")
    return round(float(np.clip(speaker.embed(speech) @ reference, 0.0, 1.0)), 4)


def measure_clipping(samples: Samples) -> float:
    """The share of samples at the peak: a few of speech, many where it was cut off."""
    heights = np.abs(samples)
    return float((heights > PEAK_SHARE * heights.max(initial=0)).mean()) if samples.size else 0.0


def find_sound(samples: Samples, sample_rate_hz: int) -> NDArray[np.bool_]:
    """Of each BLOCK_SECONDS from the first sound to the last, whether there is any."""
    size = round(BLOCK_SECONDS * sample_rate_hz)
    blocks = samples[: samples.size // size * size].reshape(-1, size)
    powers = np.square(blocks, dtype=np.float64).mean(axis=1)
    if not powers.any():
        return np.zeros(0, np.bool_)
    found = powers > np.percentile(powers, LOUD_PERCENTILE) * 10 ** (-SILENCE_DB / 10)
    [inside] = np.nonzero(found)
    return found[inside[0] : inside[-1] + 1] if inside.size else np.zeros(0, np.bool_)


def count_longest(flags: NDArray[np.bool_]) -> int:
    """How many stand in the longest row of set ones."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))
