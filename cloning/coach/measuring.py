"""Measures of mono samples at 16 kHz. docs/coach.md has what each says of clips good and bad."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cloning.audio.levels import Samples
from cloning.coach.vad import FRAME_SAMPLES, SAMPLE_RATE_HZ

FRAME_SECONDS = FRAME_SAMPLES / SAMPLE_RATE_HZ
SPEECH_LIKELIHOOD = 0.35
PAUSE_LIKELIHOOD = 0.15  # in a pause and the frames beside it nobody is likely to speak
PAUSE_MARGIN_FRAMES = 2
MIN_PAUSE_FRAMES = 6  # with fewer the quietest twentieth of all frames has to do
MAX_NOISE_DB = 60.0
SILENCE_DBFS = -100.0

CLIP_PERCENTILE, CLIP_SHARE_OF_PEAK = 99.9, 0.8  # resampled, a cut peak is no straight line any more
BANDWIDTH_FALL_DB = 45.0  # below 300 to 3000 Hz

TONE_WINDOW = 2048  # 128 ms: resolves the partials of chords
TONE_FRAMES = 10  # 320 ms; those of a voice glide
TONE_LOWEST_HZ, TONE_HIGHEST_HZ = 400.0, 4000.0  # below even a voice's stand still
TONE_PROMINENCE_DB = 9.0
TONE_LOWEST_DB = -10.0  # of samples whose peak is 1, as one bin has it
TONE_NEIGHBOURS = 27  # bins of 7.8 Hz, whose median a tone stands out from
TONE_BLOCK_FRAMES = 256

FALL_STEP_SAMPLES = 160
FALL_STEPS = 8  # 80 ms
FALL_PERCENTILE = 95
LOUD_RANGE_DB = 12.0  # below the loud steps: what fades already tells nothing

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Frames:
    """A clip cut into frames of 32 ms, and what is known of each."""

    samples: Samples  # shape (frames, FRAME_SAMPLES)
    powers: Reals
    is_speech: Flags
    is_pause: Flags

    def cut(self, first: int, last: int) -> "Frames":
        part = slice(first, last)
        return Frames(self.samples[part], self.powers[part], self.is_speech[part], self.is_pause[part])


def cut_frames(samples: Samples, likelihoods: NDArray[np.float32]) -> Frames:
    count = likelihoods.size
    frames = samples[: count * FRAME_SAMPLES].reshape(count, FRAME_SAMPLES)
    is_near_speech = likelihoods > PAUSE_LIKELIHOOD
    for shift in range(1, PAUSE_MARGIN_FRAMES + 1):
        before, after = np.roll(is_near_speech, shift), np.roll(is_near_speech, -shift)
        before[:shift], after[-shift:] = False, False
        is_near_speech = is_near_speech | before | after
    return Frames(
        frames,
        np.square(frames, dtype=np.float64).mean(axis=1),
        likelihoods > SPEECH_LIKELIHOOD,
        ~is_near_speech,
    )


def decibels(power: float) -> float:
    return float(max(SILENCE_DBFS, 10 * np.log10(max(power, 1e-12))))


def measure_level(frames: Frames) -> float:
    """Of the speech, in dBFS."""
    return decibels(float(frames.powers[frames.is_speech].mean())) if frames.is_speech.any() else SILENCE_DBFS


def measure_noise(frames: Frames) -> float:
    """How far the speech lies above what is heard in its pauses, in dB; 0 where nobody speaks."""
    if not frames.is_speech.any():
        return 0.0
    pauses = frames.powers[frames.is_pause]
    noise = pauses if pauses.size >= MIN_PAUSE_FRAMES else np.percentile(frames.powers, 5)
    noise_db = float(
        np.mean(10 * np.log10(noise + 1e-10))
    )  # of levels, not powers: breaths and doors are seldom
    return float(np.clip(measure_level(frames) - noise_db, 0, MAX_NOISE_DB))


def measure_clipping(frames: Frames) -> float:
    """The share of the speech's samples near its peaks: few in speech, many where it was cut off."""
    speech = np.abs(frames.samples[frames.is_speech])
    if not speech.size:
        return 0.0
    return float((speech > CLIP_SHARE_OF_PEAK * np.percentile(speech, CLIP_PERCENTILE)).mean())


def measure_fall(samples: Samples) -> float:
    """How steeply speech ends, in dB within 80 ms. The echo of a room fades slowly, and noise hides it."""
    count = samples.size // FALL_STEP_SAMPLES
    if count < 4 * FALL_STEPS:
        return MAX_NOISE_DB
    steps = samples[: count * FALL_STEP_SAMPLES].reshape(count, FALL_STEP_SAMPLES)
    powers = np.square(steps, dtype=np.float64).mean(axis=1)
    level_db = 10 * np.log10((powers[:-1] + powers[1:]) / 2 + 1e-9)
    falls_db = level_db[:-FALL_STEPS] - level_db[FALL_STEPS:]
    is_loud = level_db[:-FALL_STEPS] > np.percentile(level_db, 90) - LOUD_RANGE_DB
    return float(np.percentile(falls_db[is_loud], FALL_PERCENTILE))


def measure_bandwidth(frames: Frames) -> float:
    speech = frames.samples[frames.is_speech]
    if not speech.size:
        return 0.0
    power = (np.abs(np.fft.rfft(speech * np.hanning(FRAME_SAMPLES))) ** 2).mean(axis=0)
    bin_hz = SAMPLE_RATE_HZ / FRAME_SAMPLES
    middle = power[round(300 / bin_hz) : round(3000 / bin_hz)].mean()
    smooth = np.convolve(power, np.ones(5) / 5, "same")
    filled = np.flatnonzero(smooth > middle * 10 ** (-BANDWIDTH_FALL_DB / 10))
    return float(filled[-1] * bin_hz) if filled.size else 0.0


def measure_steady_tones(samples: Samples) -> float:
    """How many partials, on average, stand still for a third of a second. The peak of `samples` is 1."""
    padded = np.pad(samples, TONE_WINDOW // 2)
    windows = sliding_window_view(padded, TONE_WINDOW)[::FRAME_SAMPLES]
    starts = range(0, len(windows), TONE_BLOCK_FRAMES)
    tones = np.concatenate([find_tones(windows[first : first + TONE_BLOCK_FRAMES]) for first in starts])
    if len(tones) <= TONE_FRAMES:
        return 0.0
    wide = tones.copy()  # a tone may lie between two bins
    wide[:, 1:] |= tones[:, :-1]
    wide[:, :-1] |= tones[:, 1:]
    lasting = sliding_window_view(wide, TONE_FRAMES, axis=0).all(axis=2)
    return float(lasting.sum(axis=1).mean() / 3)


def find_tones(windows: Samples) -> Flags:
    """Where in the spectrum of each window a partial stands out, shape (windows, bins)."""
    bin_hz = SAMPLE_RATE_HZ / TONE_WINDOW
    side = TONE_NEIGHBOURS // 2
    first, last = round(TONE_LOWEST_HZ / bin_hz) - side, round(TONE_HIGHEST_HZ / bin_hz) + side
    spectrum = np.fft.rfft(windows * np.hanning(TONE_WINDOW).astype(np.float32))[:, first:last]
    level_db = 10 * np.log10(np.abs(spectrum) ** 2 + 1e-12)
    middle = level_db[:, side:-side]
    is_peak = (middle > level_db[:, side - 1 : -side - 1]) & (middle > level_db[:, side + 1 : -side + 1])
    around = np.median(sliding_window_view(level_db, TONE_NEIGHBOURS, axis=1), axis=2)
    found: Flags = is_peak & (middle > around + TONE_PROMINENCE_DB) & (middle > TONE_LOWEST_DB)
    return found
