"""When the speech of a text ends: by itself, or ended here because it runs on, which is XTTS's best known fault.

Speech that stops by itself is never touched. What runs on babbles, breathes or repeats after the text: the GPT mostly
had its chance to stop before, and the dice fell otherwise. It is ended some time after such a chance, or at a limit on
codes for each character, and the tail is cut off, if there is silence.
"""

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

import numpy as np

from cloning.engines.base import Waveform

FULL_TEXT_CODES = 350
"""Audio codes (21.5 a second) that a text as long as the tokenizer's limit for its language is taken to need."""
MIN_CODES = 11
"""Half a second, which the shortest word takes too, with the silence around it."""
GRACE_CODES = 43
"""Two seconds, which speech may always take longer."""
LIMIT_FACTOR = 2.5
"""The limit, once `GRACE_CODES` are added, in usual codes of each character."""
MIN_LIMIT_FACTOR = 2.0
"""The limit is never below this many times the rate expected before any speech: so slow may be natural."""
PRIOR_TEXTS = 3  # of full length: the weight of the expected rate in the median
MAX_OBSERVED_TEXTS = 64

MIN_STOP_PROBABILITY = 0.05
"""Of the stop code, at temperature 1 and before any penalty; in the middle of speech it is some thousand times less."""
SEARCHED_SECONDS = 0.25  # to each side of where the GPT might have stopped
BLOCK_SECONDS = 0.02
SILENCE = 0.01
"""RMS of a silent block, of the RMS of the whole: -40 dB."""


@dataclass
class SpeakingRate:
    """How many codes the texts of one language take, learnt from speech that ended by itself; safe for threads.

    It lasts as long as the process: a few texts teach it anew, and what was learnt from other weights or voices in
    the past would make the same request end differently for no reason that anyone could see.
    """

    char_limit: int  # of the tokenizer, for this language
    _observed: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=MAX_OBSERVED_TEXTS))
    """Codes for each character, and characters."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def _expected(self) -> float:
        return (FULL_TEXT_CODES - MIN_CODES) / self.char_limit

    @property
    def codes_per_character(self) -> float:
        """The median of expected and observed rates, weighted by characters: one odd text can't shift it far."""
        with self._lock:
            known = sorted([*self._observed, (self._expected, PRIOR_TEXTS * self.char_limit)])
        up_to = np.cumsum([characters for _, characters in known])
        return known[int(np.searchsorted(up_to, up_to[-1] / 2))][0]

    def usual_codes(self, characters: int) -> float:
        return MIN_CODES + self.codes_per_character * characters

    def max_codes(self, characters: int) -> int:
        max_per_character = max(LIMIT_FACTOR * self.codes_per_character, MIN_LIMIT_FACTOR * self._expected)
        return GRACE_CODES + math.ceil(max_per_character * characters)

    def learn(self, characters: int, codes: int) -> None:
        with self._lock:
            self._observed.append((max(0, codes - MIN_CODES) / characters, characters))


class Speech(Enum):
    GOES_ON = auto()
    STOPPED = auto()  # by itself
    RAN_ON = auto()


class EndOfSpeechDetector:
    """Follows the codes of one text's speech and tells when to end it. `rate` learns from speech that stops by itself.

    Past the usual length, the stop probabilities are multiplied up. Once speech was more likely to have stopped than
    not, it may go on for `GRACE_CODES`; then it has run on. It has also run on when it reaches `max_codes`.
    """

    def __init__(self, rate: SpeakingRate, characters: int, stop_code: int, max_codes: int) -> None:
        self._rate = rate
        self._characters = characters
        self._stop_code = stop_code
        self.max_codes = max_codes
        self.usual_codes = rate.usual_codes(characters)
        self.stop_probabilities: list[float] = []  # one for each code
        self.speech = Speech.GOES_ON
        self._going_on_probability = 1.0
        self._last_code = max_codes  # to be spoken, if speech doesn't stop before

    def update(self, code: int, stop_probability: float) -> None:
        """`stop_probability` was that of the stop code, before any penalty, where the GPT chose `code`."""
        self.stop_probabilities.append(stop_probability)
        count = len(self.stop_probabilities)
        if code == self._stop_code:
            self.speech = Speech.STOPPED
            self._rate.learn(self._characters, count)
            return
        if count > self.usual_codes and stop_probability >= MIN_STOP_PROBABILITY:
            self._going_on_probability *= 1 - stop_probability
            if self._going_on_probability <= 0.5:
                self._last_code = min(self._last_code, count + GRACE_CODES)
        if count >= self._last_code:
            self.speech = Speech.RAN_ON


def cut_tail(
    sound: Waveform, stop_probabilities: Sequence[float], usual_codes: float, sample_rate_hz: int
) -> Waveform:
    """Cuts at the likeliest end that lies in silence, past half the usual length; else returns all of the sound.

    `stop_probabilities`, one for each code, were those of the stop code; `usual_codes` is what the text usually takes.
    """
    samples_per_code = len(sound) / len(stop_probabilities)
    likely = [
        (probability, code)
        for code, probability in enumerate(stop_probabilities)
        if probability >= MIN_STOP_PROBABILITY and code >= usual_codes / 2
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
