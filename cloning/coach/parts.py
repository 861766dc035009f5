"""Which part of a long clip to use."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cloning.coach.measures import BEST_MIN_SECONDS, MAX_PART_SECONDS, Part
from cloning.coach.measuring import (
    FRAME_SECONDS,
    Frames,
    measure_clipping,
    measure_noise,
)
from cloning.coach.verdicts import GOOD_NOISE_DB

LENGTHS_SECONDS = (MAX_PART_SECONDS, 20.0, 12.0, BEST_MIN_SECONDS)
MIN_GAP_SECONDS = 0.25  # shorter ones are within a word
MARGIN_FRAMES = 3  # 100 ms before and after the speech
MAX_USEFUL_NOISE_DB = 25.0
POINTS_OF_NOISE = 2.0  # more for each decibel below what is good
POINTS_A_DOUBLING = 6.0  # of the speech are worth as much as 6 dB less noise
POINTS_OF_SILENCE = 10.0
POINTS_OF_CLIPPING = 200.0
BLOCK_SECONDS = 5.0
MAX_CANDIDATES = 600
CHOICES = 5


@dataclass(frozen=True)
class Candidate:
    first: int  # frame
    last: int
    points: float

    def is_like(self, other: "Candidate") -> bool:
        """Whether more than half of both together is common to them."""
        common = min(self.last, other.last) - max(self.first, other.first)
        return common > (max(self.last, other.last) - min(self.first, other.first)) / 2


def find_utterances(frames: Frames) -> list[tuple[int, int]]:
    """First and last frame of what is said between two pauses."""
    (speaking,) = np.nonzero(frames.is_speech)
    if not speaking.size:
        return []
    gaps = [
        (one, next_) for one, next_ in pairwise(speaking) if (next_ - one) * FRAME_SECONDS > MIN_GAP_SECONDS
    ]
    starts = [speaking[0], *(next_ for _, next_ in gaps)]
    ends = [*(one for one, _ in gaps), speaking[-1]]
    return [(int(start), int(end) + 1) for start, end in zip(starts, ends, strict=True)]


def choose_parts(frames: Frames) -> list[Candidate]:
    """The best few, best first, that are not much the same; none where too little is said."""
    best: list[Candidate] = []
    for candidate in sorted(propose(frames), key=lambda each: -each.points):
        if not any(candidate.is_like(known) for known in best):
            best.append(candidate)
        if len(best) == CHOICES:
            break
    return best


def propose(frames: Frames) -> Iterator[Candidate]:
    """From the beginning of an utterance to the end of another, or as far as a length allows."""
    utterances = find_utterances(frames)
    step = max(1, len(utterances) * len(LENGTHS_SECONDS) // MAX_CANDIDATES)
    count = len(frames.powers)
    for start, _ in utterances[::step]:
        for length_seconds in LENGTHS_SECONDS:
            first = max(0, start - MARGIN_FRAMES)
            limit = first + int(length_seconds / FRAME_SECONDS)
            ends = [end for begin, end in utterances if begin >= start and end + MARGIN_FRAMES <= limit]
            last = min(count, limit, ends[-1] + MARGIN_FRAMES if ends else limit)
            if (last - first) * FRAME_SECONDS >= BEST_MIN_SECONDS - 2 and frames.is_speech[first:last].any():
                yield Candidate(first, last, rate(frames.cut(first, last)))


def rate(frames: Frames) -> float:
    """Points in decibels: more speech, less noise, few pauses, nothing cut off."""
    speech_seconds = float(frames.is_speech.sum()) * FRAME_SECONDS
    noise_db = min(measure_noise(block) for block in cut_blocks(frames))
    silence_share = 1 - float(frames.is_speech.mean())
    return (
        POINTS_A_DOUBLING * float(np.log2(max(speech_seconds, 0.1)))
        + min(noise_db, MAX_USEFUL_NOISE_DB)
        - POINTS_OF_NOISE * max(0.0, GOOD_NOISE_DB - noise_db)
        - POINTS_OF_SILENCE * silence_share
        - POINTS_OF_CLIPPING * measure_clipping(frames)
    )


def cut_blocks(frames: Frames) -> Iterator[Frames]:
    """Of some seconds each: a part is as noisy as its noisiest."""
    count = len(frames.powers)
    blocks = max(1, int(count * FRAME_SECONDS / BLOCK_SECONDS))
    for block in range(blocks):
        part = frames.cut(block * count // blocks, (block + 1) * count // blocks)
        if part.is_speech.any():
            yield part


def in_seconds(candidate: Candidate) -> Part:
    return Part(round(candidate.first * FRAME_SECONDS, 2), round(candidate.last * FRAME_SECONDS, 2))
