"""Speech by which stored speech is known again, without a mark in it: after other formats, noise, cuts.

Each frame of 0.26 s, one every 32 ms, becomes a word of 32 bits: whether the difference between neighbours of 33 bands
grew or fell in 0.13 s. Some words of each stretch, the surest, are keys by which a database finds what may be the
same; that counts where few bits differ in the words around. Haitsma and Kalker, A Highly Robust Audio
Fingerprinting System, ISMIR 2002. In what is asked for, frames are four times as close, and of each key the bits that
are least sure are tried both ways. `benchmarks/trust.py` measures it; ADR 49 has the choice.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloning.audio.levels import Samples

WORD_BITS = 32
WINDOW_SECONDS = 0.256
STEP_SECONDS = 0.032
STEPS_APART = 4  # of the two frames that are compared
LOWEST_HZ, HIGHEST_HZ = 300.0, 3000.0
MIN_RATE_HZ = 8_000
FILTER_TAPS = 16  # for each sample that is left out and one more

STEPS_IN_STRETCH = 8
KEYS_IN_STRETCH = 2
PHASES = 4  # frames of what is asked for, in a step
TRIED_BITS = 6
MAX_ASKED_FRAMES = 128
SILENT = 0
"""The word of a frame in which there is nothing: it is no key, and is not compared."""
SILENCE_DB = -45.0  # below the loudest frame
FLOOR = 1e-12

LIMITS = ((16, 24, 0.20), (48, 64, 0.28))
"""At least and at most so many words are compared around a key that both have, and at most so large a share of their
bits may differ: of a short piece less than of a long one. In other speech half of them do.
"""

Words = NDArray[np.uint32]


@dataclass(frozen=True)
class Fingerprint:
    """Of stored speech. A word for every STEP_SECONDS; `keys` are words too, `places` where they are among them."""

    words: Words
    keys: Words
    places: NDArray[np.int64]


@dataclass(frozen=True)
class Question:
    """Of speech that somebody asks about: PHASES words for each step, and keys with the places that they stand for."""

    words: Words
    keys: Words
    places: NDArray[np.int64]


def take_fingerprint(samples: Samples, sample_rate_hz: int) -> Fingerprint:
    """Of mono speech at 8 kHz or more. Empty, where it is shorter than half a second."""
    slopes = measure_slopes(*lower_rate(samples, sample_rate_hz), phases=1)
    words = pack(slopes)
    sureness = measure_sureness(slopes)
    places = choose_places(sureness, STEPS_IN_STRETCH, KEYS_IN_STRETCH)
    return Fingerprint(words, words[places], places)


def take_question(samples: Samples, sample_rate_hz: int) -> Question:
    """The keys are at most MAX_ASKED_FRAMES times 2 to the power of TRIED_BITS, however long it is."""
    slopes = measure_slopes(*lower_rate(samples, sample_rate_hz), phases=PHASES)
    words = pack(slopes)
    sureness = measure_sureness(slopes)
    steps = STEPS_IN_STRETCH * PHASES
    places = choose_places(
        sureness, steps, max(1, min(steps, MAX_ASKED_FRAMES * steps // max(1, len(words))))
    )
    places = places[np.argsort(-sureness[places], kind="stable")[:MAX_ASKED_FRAMES]]
    keys = try_bits(words[places], slopes[places])
    return Question(words, keys.reshape(-1), np.repeat(places, 2**TRIED_BITS))


def lower_rate(samples: Samples, sample_rate_hz: int) -> tuple[Samples, float]:
    """To a whole part of it that is at least MIN_RATE_HZ: what is looked at ends at 3 kHz."""
    factor = max(1, sample_rate_hz // MIN_RATE_HZ)
    if factor == 1 or not samples.size:
        return samples, sample_rate_hz
    count = FILTER_TAPS * factor + 1
    position = np.arange(count) - count // 2
    taps = np.sinc(position / factor) * np.hanning(count + 2)[1:-1] / factor
    lowered = np.convolve(samples, taps.astype(np.float32), "same")[::factor]
    return np.asarray(lowered, np.float32), sample_rate_hz / factor


def measure_slopes(samples: Samples, sample_rate_hz: float, phases: int) -> NDArray[np.float32]:
    """By how much the difference between bands grew, for each frame and bit; 0 where there is nothing."""
    size = round(WINDOW_SECONDS * sample_rate_hz)
    step = round(STEP_SECONDS * sample_rate_hz / phases)
    apart = STEPS_APART * phases
    if samples.size < size + apart * step:
        return np.zeros((0, WORD_BITS), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::step]
    window = np.hanning(size).astype(np.float32)
    edges = np.round(np.geomspace(LOWEST_HZ, HIGHEST_HZ, WORD_BITS + 2) * WINDOW_SECONDS).astype(int)
    bands = np.empty((len(frames), WORD_BITS + 1), np.float32)
    for start in range(0, len(frames), 512):
        spectrum = np.fft.rfft(frames[start : start + 512] * window, axis=1)[:, : edges[-1]]
        powers = np.square(np.abs(spectrum)).astype(np.float32)
        bands[start : start + 512] = np.add.reduceat(powers, edges[:-1], axis=1)
    totals = bands.sum(axis=1)
    is_silent = totals <= totals.max() * 10 ** (SILENCE_DB / 10) + FLOOR
    differences = np.diff(np.log(bands + FLOOR), axis=1)
    slopes = differences[apart:] - differences[:-apart]
    slopes[is_silent[apart:] | is_silent[:-apart]] = 0
    return np.asarray(slopes, np.float32)


def pack(slopes: NDArray[np.float32]) -> Words:
    bits = np.packbits(slopes > 0, axis=1)
    return np.ascontiguousarray(bits).view(">u4").reshape(-1).astype(np.uint32)


def measure_sureness(slopes: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far the bits that are not tried both ways are from being others."""
    if not len(slopes):
        return np.zeros(0, np.float32)
    return np.asarray(np.partition(np.abs(slopes), TRIED_BITS, axis=1)[:, TRIED_BITS], np.float32)


def choose_places(sureness: NDArray[np.float32], steps: int, count: int) -> NDArray[np.int64]:
    """The surest `count` of every `steps`, in the order of time, without silence."""
    missing = -len(sureness) % steps
    stretches = np.pad(sureness, (0, missing)).reshape(-1, steps)
    surest = np.argsort(-stretches, axis=1, kind="stable")[:, :count]
    places = np.sort((surest + steps * np.arange(len(stretches))[:, None]).reshape(-1))
    places = places[places < len(sureness)]
    return places[sureness[places] > 0]


def try_bits(words: Words, slopes: NDArray[np.float32]) -> Words:
    """Each word with its least sure bits both ways: 2 to the power of TRIED_BITS of them."""
    weakest = np.argsort(np.abs(slopes), axis=1)[:, :TRIED_BITS]
    flips = (np.uint32(1) << (WORD_BITS - 1 - weakest).astype(np.uint32)).astype(np.uint32)
    tried = words[:, None]
    for bit in range(TRIED_BITS):
        tried = np.concatenate([tried, tried ^ flips[:, bit : bit + 1]], axis=1)
    return tried


def compare(stored: Words, asked: Words, stored_place: int, asked_place: int) -> float | None:
    """The share of bits that differ around two places, one of each; None where it is not the same speech."""
    aligned, aligned_place = asked[asked_place % PHASES :: PHASES], asked_place // PHASES
    for fewest, most, limit in LIMITS:
        before = min(stored_place, aligned_place, most // 2)
        after = min(len(stored) - stored_place, len(aligned) - aligned_place, most - before)
        one = stored[stored_place - before : stored_place + after]
        other = aligned[aligned_place - before : aligned_place + after]
        is_speech = (one != SILENT) & (other != SILENT)
        compared = int(np.count_nonzero(is_speech))
        if compared < fewest:
            continue
        different = int(np.bitwise_count(one ^ other)[is_speech].sum()) / (compared * WORD_BITS)
        if different <= limit:
            return different
    return None
