"""Whether one voice speaks, by the preview's speaker encoder: moments are parted into the two groups least alike."""

import numpy as np

from cloning.audio.levels import Samples
from cloning.engines.base import Floats
from cloning.engines.preview import speaker

MAX_SPEECH_SECONDS = 60  # bounds memory and time
MIN_PIECES = 5  # of 1.6 s, half of which overlap
MIN_GROUP_SHARE, MIN_GROUP = 0.15, 2
ROUNDS = 10
NEIGHBOURS = 1  # on either side, which a piece is averaged with: words differ more than voices do


def measure_likeness(speech: Samples) -> float:
    """The cosine of the two groups' means; 1 where there is too little speech to tell, or no second group."""
    used = speech[: MAX_SPEECH_SECONDS * speaker.SAMPLE_RATE_HZ]
    pieces = speaker.pieces(used.astype(np.float64))
    return compare_groups(smooth(speaker.encode(pieces))) if len(pieces) >= MIN_PIECES else 1.0


def smooth(embeddings: Floats) -> Floats:
    """Unit vectors again."""
    windows = [
        embeddings[max(0, index - NEIGHBOURS) : index + NEIGHBOURS + 1].mean(axis=0)
        for index in range(len(embeddings))
    ]
    smoothed: Floats = np.stack(windows)
    smoothed /= np.linalg.norm(smoothed, axis=1, keepdims=True)
    return smoothed


def compare_groups(embeddings: Floats) -> float:
    """Of unit vectors (pieces, size), by k-means that begins with the two least alike."""
    one, other = np.unravel_index((embeddings @ embeddings.T).argmin(), (len(embeddings),) * 2)
    centres = embeddings[[one, other]]
    for _ in range(ROUNDS):
        is_other = (embeddings @ centres.T).argmax(axis=1) == 1
        smaller = min(is_other.sum(), (~is_other).sum())
        if smaller < max(MIN_GROUP, MIN_GROUP_SHARE * len(embeddings)):
            return 1.0
        centres = np.stack([embeddings[~is_other].mean(axis=0), embeddings[is_other].mean(axis=0)])
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return float(centres[0] @ centres[1])
