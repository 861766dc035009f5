"""Where speech should have ended that ran on to its limit: XTTS's best known fault.

Speech that stops by itself is never touched. What reached its limit babbles, breathes or repeats after the text: the
GPT mostly had its chance to stop before, and the dice fell otherwise. There the tail is cut off, if there is silence.
"""

from collections.abc import Sequence

import numpy as np

from cloning.engines.base import Waveform

LEAST_STOP_PROBABILITY = 0.05
"""Of the stop code, at temperature 1 and before any penalty; in the middle of speech it is some thousand times less."""
SEARCHED_SECONDS = 0.25  # to each side of where the GPT might have stopped
BLOCK_SECONDS = 0.02
SILENCE = 0.01
"""RMS of a silent block, of the RMS of the whole: -40 dB."""


def without_tail(
    sound: Waveform, stop_probabilities: Sequence[float], usual_codes: float, sample_rate_hz: int
) -> Waveform:
    """Cuts at the likeliest end that lies in silence, past half the usual length; else returns all of the sound.

    `stop_probabilities`, one for each code, were those of the stop code; `usual_codes` is what the text usually takes.
    """
    samples_per_code = len(sound) / len(stop_probabilities)
    likely = [
        (probability, code)
        for code, probability in enumerate(stop_probabilities)
        if probability >= LEAST_STOP_PROBABILITY and code >= usual_codes / 2
    ]
    for _, code in sorted(likely, reverse=True):
        end = _silence_near(sound, round(code * samples_per_code), sample_rate_hz)
        if end is not None:
            return sound[:end]
    return sound


def _silence_near(sound: Waveform, sample: int, sample_rate_hz: int) -> int | None:
    """The middle of the quietest block near `sample`, or None when none of them is silent."""
    block = round(BLOCK_SECONDS * sample_rate_hz)
    reach = round(SEARCHED_SECONDS * sample_rate_hz)
    starts = range(max(0, sample - reach), min(sample + reach, len(sound)) - block + 1, block)
    loudness = [(_rms(sound[start : start + block]), start) for start in starts]
    if not loudness:
        return None
    quietest, start = min(loudness)
    return start + block // 2 if quietest < SILENCE * _rms(sound) else None


def _rms(sound: Waveform) -> float:
    return float(np.sqrt(np.mean(sound**2)))
