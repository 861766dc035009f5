"""Speech brought to its level while it is being spoken: a gain known beforehand, and a limiter.

The loudness of a whole is not known before it is whole. So a voice has a gain of its own, measured once on its speech,
which stream and takes share; the joined file then corrects by at most a little (`joining.MAX_CORRECTION_DB`).
"""

import numpy as np
from numpy.typing import NDArray

from cloning.audio.levels import SILENCE_PEAK_DBFS, Samples, measure_peak, to_decibels
from cloning.audio.limiting import Limiter
from cloning.audio.loudness import SPEECH_LOUDNESS_LUFS, TRUE_PEAK_DBTP, measure_loudness, measure_true_peak
from cloning.errors import ErrorCode, GenerationError

MAX_GAIN_DB = 50.0
# Speech has peaks 13 to 18 dB above its level, the harshest of the preview's voices 25.
MAX_LIMITING_DB = 8.0
SILENCE_DBFS = -55.0  # of levelled speech, in 10 ms
KEPT_SILENCE_SECONDS = 0.03
FADE_SECONDS = 0.005


def measure_gain(waveform: Samples, sample_rate_hz: int) -> float:
    """The gain, in dB, that brings this speech to −19 LUFS: at most 50, at least −50.

    Lower where more than MAX_LIMITING_DB of its peaks would have to be limited. A few seconds of speech are enough.
    Raises GenerationError (SPEECH_SILENT).
    """
    samples = clean(waveform)
    if to_decibels(measure_peak(samples)) < SILENCE_PEAK_DBFS:
        raise no_sound()
    gain_db = min(
        SPEECH_LOUDNESS_LUFS - measure_loudness(samples, sample_rate_hz),
        TRUE_PEAK_DBTP - measure_true_peak(samples) + MAX_LIMITING_DB,
    )
    return max(-MAX_GAIN_DB, min(gain_db, MAX_GAIN_DB))


class Leveller:
    """Speech as an engine gives it, chunk by chunk, made fit to be heard: true peaks below −1 dBTP, at `gain_db`.

    Silence before the speech is cut to 30 ms; what follows it is `takes.write_take`'s to cut. Values that are no
    numbers become silence. The output does not depend on how the input is cut, comes 6 ms behind it, and ends with
    `flush`.
    """

    def __init__(self, sample_rate_hz: int, gain_db: float) -> None:
        self._factor = np.float32(10 ** (gain_db / 20))
        self._block_size = sample_rate_hz // 100
        self._kept_size = round(KEPT_SILENCE_SECONDS * sample_rate_hz)
        self._fade_size = round(FADE_SECONDS * sample_rate_hz)
        self._held = np.zeros(0, np.float32)
        self._silent_size = 0  # how much of what is held has been found silent
        self._has_started = False
        self._limiter = Limiter(sample_rate_hz)

    def process(self, chunk: Samples) -> Samples:
        samples = clean(chunk) * self._factor
        return self._limiter.process(samples if self._has_started else self._start(samples))

    def flush(self) -> Samples:
        """What is still held back; nothing comes after it."""
        return self._limiter.flush() if self._has_started else np.zeros(0, np.float32)

    def _start(self, samples: Samples) -> Samples:
        """Nothing until there is sound; then that, and a little before it."""
        held = np.concatenate([self._held, samples])
        loud = find_loud_blocks(held[self._silent_size :], self._block_size)
        if not loud.any():
            known_size = self._silent_size + loud.size * self._block_size
            start = max(0, known_size - self._kept_size)
            self._held, self._silent_size = held[start:], known_size - start
            return np.zeros(0, np.float32)
        first = self._silent_size + int(loud.argmax()) * self._block_size
        self._has_started, self._held = True, np.zeros(0, np.float32)
        started = held[max(0, first - self._kept_size) :].copy()
        fade(started[: self._fade_size])
        return started


def clean(waveform: Samples) -> Samples:
    """Mono samples within [-1, 1]."""
    samples: Samples = np.clip(np.where(np.isfinite(waveform), waveform, 0), -1, 1).astype(np.float32)
    return samples


def find_loud_blocks(samples: Samples, block_size: int) -> NDArray[np.bool_]:
    """Whether each whole block of levelled speech is more than silence."""
    count = samples.size // block_size
    blocks = samples[: count * block_size].reshape(count, block_size)
    loud: NDArray[np.bool_] = np.square(blocks, dtype=np.float64).mean(axis=1) > 10 ** (SILENCE_DBFS / 10)
    return loud


def fade(samples: Samples) -> None:
    """In place, from silence to the full; given backwards, out."""
    samples *= (np.arange(samples.size) / max(1, samples.size)).astype(np.float32)


def no_sound() -> GenerationError:
    return GenerationError(ErrorCode.SPEECH_SILENT, "The engine returned no sound for this text.")
