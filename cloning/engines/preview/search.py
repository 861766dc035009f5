"""The mixture of Kokoro's voices nearest to a reference.

`infrastructure/preview/make_library.py` made a library of mixtures with their speaker embeddings, and a network that
foretells the embedding of any mixture equalised to any long-term spectrum. With it mixtures are bred that should be
near to the reference; a few of them and the nearest stock voices speak a sentence, the best of them a second one, and
what is heard decides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from cloning.engines.preview import speaker, styles
from cloning.engines.preview.equaliser import equalise, gains_db
from cloning.engines.preview.kokoro import SAMPLE_RATE_HZ, Kokoro
from cloning.engines.preview.measure import ANALYSIS_RATE_HZ, NoVoiceError, measure, synthetic_f0
from cloning.engines.preview.phonemes import phonemes

TABLE = Path(__file__).parent / "data" / "library.npz"
# The first for all candidates, the second for the FINALISTS; between them, most sounds of English.
TRIAL_SENTENCES = ("We watched the boat leave the harbour.", "All the children knew that old song by heart.")
FINALISTS = 2
# On the score. The best of several trials is best by luck too, and the more so the further it is from a voice that
# Kokoro was trained on; and the stock voices are the clearest.
STOCK_ADVANTAGE = 0.02

F0_CENTRE, F0_SCALE = 5.0, 0.35  # of log F0, in the network's output
F0_PENALTY = 0.3  # of the score, per unit of log F0 beyond the tolerance
F0_TOLERANCE = 0.06  # a semitone

PARENTS, CHILDREN, ROUNDS = 60, 600, 8
MUTATION = 0.12  # standard deviation of a weight, at first
# Per unit of distance from the library: out there Kokoro has no voice, and the network promises what it can't keep.
STRANGENESS_PENALTIES = (0.02, 0.08, 0.2)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Target:
    embedding: Floats
    median_f0_hz: float
    spectrum_db: Floats


@dataclass(frozen=True)
class Style:
    weights: Floats  # (2, voices): mixture of the timbres, mixture of the prosodies
    spectrum_db: Floats  # of its speech, before it is equalised
    score: float  # cosine of the speaker embeddings, less a penalty for pitch, more for a stock voice


@lru_cache(maxsize=1)
def _library() -> dict[str, Floats]:
    with np.load(TABLE) as table:
        return {name: table[name].astype(np.float32) for name in table.files}


def nearest_style(target: Target, kokoro: Kokoro, on_step: Callable[[], None] = lambda: None) -> Style:
    """Lets candidates speak TRIAL_SENTENCES and returns the one heard nearest to the target.

    `on_step` is called before each trial and ends the search by raising.
    """
    first, second = (phonemes(sentence, "en") for sentence in TRIAL_SENTENCES)
    trials = []
    for weights in candidates(target):
        on_step()
        spoken = said(first, weights, kokoro)
        if style := heard(weights, spoken, target):
            trials.append((style, spoken))
    trials.sort(key=lambda trial: -trial[0].score)
    finals = []
    for style, spoken in trials[:FINALISTS]:
        on_step()
        longer = np.concatenate([spoken, said(second, style.weights, kokoro)])
        finals.append(heard(style.weights, longer, target) or style)
    return max(finals, key=lambda style: style.score)


def candidates(target: Target) -> list[Floats]:
    """Different weights (2, voices): stock voices, the mean of the library's three nearest, and those bred."""
    library = _library()
    scores = library["embeddings"] @ target.embedding - _f0_penalty(library["log_f0"], target)
    order = np.argsort(-scores)
    stock_in_pitch = library["weights"][np.argmax(scores[: len(styles.stock_names())])]
    mean = library["weights"][order[:3]].mean(axis=0)
    bred = [_evolved(target, order, penalty) for penalty in STRANGENESS_PENALTIES]
    return list(np.unique([nearest_stock(target.embedding), stock_in_pitch, mean, *bred], axis=0))


def nearest_stock(embedding: Floats) -> Floats:
    """Weights (2, voices) of the one of Kokoro's voices that is heard nearest; the library begins with them."""
    library = _library()
    voices = library["embeddings"][: len(styles.stock_names())]
    return library["weights"][np.argmax(voices @ embedding)]


def said(spelt: str, weights: Floats, kokoro: Kokoro) -> Floats:
    """Phonemes spoken with a mixture, at ANALYSIS_RATE_HZ."""
    return soxr.resample(kokoro.speak(spelt, styles.mixed(weights)), SAMPLE_RATE_HZ, ANALYSIS_RATE_HZ)


def heard(weights: Floats, spoken: Floats, target: Target) -> Style | None:
    """How the mixture's speech compares with the target; None when there is no voice in it."""
    try:
        statistics = measure(spoken, synthetic_f0)
    except NoVoiceError:
        return None
    gains = gains_db(statistics.spectrum_db, target.spectrum_db)
    likeness = float(speaker.embed(equalise(spoken, gains, ANALYSIS_RATE_HZ)) @ target.embedding)
    advantage = STOCK_ADVANTAGE if weights.max(axis=1).min() == 1 else 0
    score = likeness - float(_f0_penalty(np.log(statistics.median_f0_hz), target)) + advantage
    return Style(weights.astype(np.float32), statistics.spectrum_db, score)


def _f0_penalty(log_f0, target: Target):
    distance = np.abs(log_f0 - np.log(target.median_f0_hz))
    return F0_PENALTY * np.maximum(0, distance - F0_TOLERANCE)


def _evolved(target: Target, order: NDArray[np.intp], strangeness_penalty: float) -> Floats:
    """A (PARENTS + CHILDREN) evolution strategy on the network, from the library's nearest."""
    rng = np.random.default_rng(0)
    library = _library()
    known = library["weights"].reshape(len(order), -1) @ library["axes"]
    parents = library["weights"][order[:PARENTS]]
    for round_number in range(ROUNDS):
        pairs = rng.integers(len(parents), size=(2, CHILDREN))
        share = rng.uniform(0, 1, (CHILDREN, 2, 1))
        children = share * parents[pairs[0]] + (1 - share) * parents[pairs[1]]
        spread = MUTATION * 0.7**round_number
        noise = rng.normal(0, spread, children.shape) * (rng.random(children.shape) < 0.15)
        children = children + noise - noise.mean(axis=2, keepdims=True)
        pool = np.concatenate([parents, children]).astype(np.float32)
        scores = _foretold_scores(pool, target) - strangeness_penalty * _strangeness(pool, known)
        parents = pool[np.argsort(-scores)[:PARENTS]]
    return parents[0]


def _foretold_scores(weights: Floats, target: Target) -> Floats:
    library = _library()
    coordinates = weights.reshape(len(weights), -1) @ library["axes"]
    spectrum = (target.spectrum_db - library["spectrum_mean"]) @ library["spectrum_axes"]
    inputs = np.hstack([coordinates, np.tile(spectrum, (len(weights), 1))])
    hidden = np.tanh(inputs @ library["network_0_weight"].T + library["network_0_bias"])
    hidden = np.tanh(hidden @ library["network_3_weight"].T + library["network_3_bias"])
    out = hidden @ library["network_5_weight"].T + library["network_5_bias"]
    embeddings, log_f0 = out[:, :-1], out[:, -1] * F0_SCALE + F0_CENTRE
    cosine = embeddings @ target.embedding / np.linalg.norm(embeddings, axis=1)
    return cosine - _f0_penalty(log_f0, target)


def _strangeness(weights: Floats, known: Floats) -> Floats:
    """Distance from the nearest mixture of the library, in standard deviations of the stock voices per axis."""
    coordinates = weights.reshape(len(weights), -1) @ _library()["axes"]
    squares = (coordinates**2).sum(1)[:, None] + (known**2).sum(1) - 2 * coordinates @ known.T
    return np.sqrt(np.maximum(squares.min(axis=1), 0) / coordinates.shape[1])
