"""The mixture of Kokoro's voices nearest to a reference.

A style is a mixture of Kokoro's voices, a scale of all its frequencies (the size of the speaker) and an equalizer.
`benchmarks/training/make_library.py` made a library of mixtures. It trained small networks that predict the speaker
embedding of any mixture at any scale, equalized to any long-term spectrum, and regressions that predict how natural and
how intelligible it is. An evolutionary search over these predictions finds a style near to the reference. That style
and a stock voice at its best scale speak a sentence, and the measured scores decide. A style that turns out hoarse is
searched for again, nearer to the library.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soxr

from cloning.engines.base import Floats, Reals
from cloning.engines.preview import speaker, styles
from cloning.engines.preview.equalizer import equalize, gains_db
from cloning.engines.preview.kokoro import SAMPLE_RATE_HZ, Kokoro
from cloning.engines.preview.measure import ANALYSIS_RATE_HZ, NoVoiceError, measure, synthetic_f0
from cloning.engines.preview.phonemes import phonemes
from cloning.engines.preview.reference import tonality_db

TABLE = Path(__file__).parent / "data" / "library.npz"
TRIAL_SENTENCE = "We watched the boat leave the harbour."
# Of the score. For 12 recorded clips the trial put the style found ahead by -0.01 to 0.08, four other sentences by 0.00
# to 0.12, and never the stock voice: one sentence misleads by 0.03, and rather in the stock voice's favour.
STOCK_HANDICAP = 0.03

F0_CENTRE, F0_SCALE = 5.0, 0.35  # of log F0, in the networks' output
# By DNSMOS. For 12 voices made up by `make_library.py`, styles found with penalties of 0, 0.1 and 0.2 measured 3.20,
# 3.34 and 3.37 on two sentences, at cosines of 0.786, 0.796 and 0.787.
WANTED_MOS = 3.4
UNNATURALNESS_PENALTY = 0.1  # of the score, per MOS below
# Of nats per token, by whisper tiny.en. The library's average for the easier half of its sentences.
ACCEPTED_LOG_SURPRISAL = -2.5
PERPLEXITY_PENALTY = 0.05  # of the score, per unit above
POLYNOMIAL_PARTS = ("constant", "linear", "quadratic")
F0_PENALTY = 0.3  # of the score, per unit of log F0 beyond the tolerance
F0_TOLERANCE = 0.1  # from one clip to the next, a speaker's median varies by twice as much

MIN_SCALE, MAX_SCALE = 0.84, 1.19
LOG_SCALE_SPREAD = 0.1  # of the networks' input
STOCK_SCALES = np.exp(np.linspace(np.log(MIN_SCALE), np.log(MAX_SCALE), 15))

PARENTS, CHILDREN, ROUNDS = 60, 600, 8
MUTATION = 0.12  # standard deviation of a weight, at first
SCALE_MUTATION = 0.05  # of ln scale, at first
COOLING = 0.7  # of both, from round to round
# Per unit of distance from the library: far from it Kokoro has no voice, and the predictions are too good.
DISTANCE_PENALTIES = (0.03, 0.07, 0.2)

# Speaker encoders ignore hoarseness. One stock voice in twenty is less tonal than this; so were the styles found that
# DNSMOS gave 1.6 to 2.5, where it gave the others 2.8 and more.
MIN_TONALITY_DB, TONALITY_F0_HZ, TONALITY_DB_PER_LOG_F0 = 3.5, 120.0, 1.6
HOARSENESS_PENALTY = 0.1  # of the score, per dB below


@dataclass(frozen=True)
class Target:
    embedding: Floats
    median_f0_hz: float
    spectrum_db: Floats


@dataclass(frozen=True)
class Candidate:
    weights: Floats  # (2, voices): mixture of the timbres, mixture of the prosodies
    scale: float  # of all frequencies of its speech

    @property
    def is_stock(self) -> bool:
        return bool(self.weights.max(axis=1).min() == 1)


@dataclass(frozen=True)
class Style:
    candidate: Candidate
    gains_db: Floats  # (bands,), of its equalizer
    is_clear: bool  # and not hoarse
    score: float  # cosine of the speaker embeddings, less penalties for pitch, hoarseness and a stock voice


@lru_cache(maxsize=1)
def _library() -> dict[str, Floats]:
    with np.load(TABLE) as table:
        return {name: table[name].astype(np.float32) for name in table.files}


def nearest_style(target: Target, kokoro: Kokoro, on_step: Callable[[], None] = lambda: None) -> Style:
    """Lets candidates speak TRIAL_SENTENCE until one that is no stock voice is clear; returns the nearest of them.

    `on_step` is called before each trial and ends the search by raising.
    """
    spelt = phonemes(TRIAL_SENTENCE, "en")
    trials = []
    for candidate in candidates(target):
        on_step()
        style = evaluate(candidate, speak_trial(spelt, candidate, kokoro), target)
        if style:
            trials.append(style)
        if style and style.is_clear and not candidate.is_stock:
            break
    return max(trials, key=lambda style: style.score)


def candidates(target: Target) -> Iterator[Candidate]:
    """The stock voice predicted to be nearest at some scale, then mixtures searched for ever nearer to the library."""
    yield _find_nearest_stock(target)
    for penalty in DISTANCE_PENALTIES:
        yield evolve(target, penalty)[0]


def _find_nearest_stock(target: Target) -> Candidate:
    weights = np.repeat(stock_weights(), len(STOCK_SCALES), axis=0)
    scales = np.tile(STOCK_SCALES, len(stock_weights()))
    best = np.argmax(_predict_scores(weights, scales, target))
    return Candidate(weights[best], float(scales[best]))


def stock_weights() -> Floats:
    """(voices, 2, voices)."""
    each = np.eye(len(styles.stock_names()), dtype=np.float32)
    return np.stack([each, each], axis=1)


def speak_trial(spelt: str, candidate: Candidate, kokoro: Kokoro) -> Floats:
    """Phonemes spoken by a candidate, at ANALYSIS_RATE_HZ."""
    spoken = kokoro.speak(spelt, styles.mix(candidate.weights), scale=candidate.scale)
    resampled: Floats = soxr.resample(spoken, SAMPLE_RATE_HZ, ANALYSIS_RATE_HZ)
    return resampled


def evaluate(candidate: Candidate, spoken: Floats, target: Target) -> Style | None:
    """How the candidate's speech compares with the target; None when there is no voice in it."""
    try:
        statistics = measure(spoken, synthetic_f0)
    except NoVoiceError:
        return None
    gains = gains_db(statistics.spectrum_db, target.spectrum_db).astype(np.float32)
    likeness = float(speaker.embed(equalize(spoken, gains, ANALYSIS_RATE_HZ)) @ target.embedding)
    handicap = STOCK_HANDICAP if candidate.is_stock else 0
    log_f0 = np.log(statistics.median_f0_hz)
    min_db = MIN_TONALITY_DB + TONALITY_DB_PER_LOG_F0 * (log_f0 - np.log(TONALITY_F0_HZ))
    hoarseness_db = max(0.0, min_db - tonality_db(spoken))
    score = likeness - float(_f0_penalty(log_f0, target)) - HOARSENESS_PENALTY * hoarseness_db - handicap
    return Style(candidate, gains, hoarseness_db == 0, score)


def _f0_penalty(log_f0: Reals, target: Target) -> Reals:
    distance: Reals = np.abs(log_f0 - np.log(target.median_f0_hz))
    penalty: Reals = F0_PENALTY * np.maximum(0, distance - F0_TOLERANCE)
    return penalty


def evolve(target: Target, distance_penalty: float) -> list[Candidate]:
    """PARENTS candidates, best first: a (PARENTS + CHILDREN) evolution strategy, begun with the library's mixtures."""
    rng = np.random.default_rng(0)
    parents = _library()["weights"]
    scales = np.exp(rng.uniform(np.log(MIN_SCALE), np.log(MAX_SCALE), len(parents)))
    known = _coordinates(parents)
    for round_number in range(ROUNDS + 1):
        distances = distance_penalty * _library_distances(parents, known)
        best = np.argsort(distances - _predict_scores(parents, scales, target))[:PARENTS]
        parents, scales = parents[best], scales[best]
        if round_number < ROUNDS:
            children, child_scales = _children(parents, scales, COOLING**round_number, rng)
            parents = np.concatenate([parents, children])
            scales = np.concatenate([scales, child_scales])
    return [Candidate(*each) for each in zip(parents, scales.tolist(), strict=True)]


def _children(
    weights: Floats, scales: Reals, warmth: float, rng: np.random.Generator
) -> tuple[Floats, Reals]:
    """CHILDREN between two parents each, with mutations."""
    one, other = rng.integers(len(weights), size=(2, CHILDREN))
    share = rng.uniform(0, 1, (CHILDREN, 2, 1))
    between = share * weights[one] + (1 - share) * weights[other]
    noise = rng.normal(0, MUTATION * warmth, between.shape) * (rng.random(between.shape) < 0.15)
    children = between + noise - noise.mean(axis=2, keepdims=True)
    drift = rng.normal(0, SCALE_MUTATION * warmth, CHILDREN)
    child_scales = np.sqrt(scales[one] * scales[other]) * np.exp(drift)
    return children.astype(np.float32), np.clip(child_scales, MIN_SCALE, MAX_SCALE)


def _predict_scores(weights: Floats, scales: Reals, target: Target) -> Floats:
    """Expected cosine less the penalties for pitch and for sounding unnatural.

    Where the networks are unsure, their vectors are shorter than 1.
    """
    library = _library()
    inputs = hidden = _inputs(weights, scales, target)
    for layer in ("1", "2"):
        hidden = np.tanh(hidden @ library[f"weight_{layer}"] + library[f"bias_{layer}"][:, None])
    out = (hidden @ library["weight_3"] + library["bias_3"][:, None]).mean(axis=0)
    pitch_penalty = _f0_penalty(out[:, -1] * F0_SCALE + F0_CENTRE, target)
    missing_mos = np.maximum(0, WANTED_MOS - _predict("mos", inputs))
    excess = np.maximum(0, _predict("log_surprisal", inputs) - ACCEPTED_LOG_SURPRISAL)
    quality_penalty = UNNATURALNESS_PENALTY * missing_mos + PERPLEXITY_PENALTY * excess
    scores: Floats = out[:, :-1] @ target.embedding - pitch_penalty - quality_penalty
    return scores


def _predict(measure: str, inputs: Floats) -> Floats:
    """(n,). `measure` is "mos", what DNSMOS will say, or "log_surprisal", how much a sentence surprises whisper."""
    library = _library()
    return polynomial(inputs, *(library[f"{measure}_{part}"] for part in POLYNOMIAL_PARTS))


def polynomial(inputs: Reals, constant: Reals, linear: Reals, quadratic: Reals) -> Reals:
    values: Reals = constant + inputs @ linear + inputs**2 @ quadratic
    return values


def _inputs(weights: Floats, scales: Reals, target: Target) -> Floats:
    """(n, inputs): the mixtures' coordinates, ln scale, the target's spectrum."""
    library = _library()
    spectrum = (target.spectrum_db - library["spectrum_mean"]) @ library["spectrum_axes"]
    log_scales = np.log(scales)[:, None] / LOG_SCALE_SPREAD
    spectra = np.tile(spectrum, (len(weights), 1))
    return np.hstack([_coordinates(weights), log_scales, spectra]).astype(np.float32)


def _coordinates(weights: Floats) -> Floats:
    return weights.reshape(len(weights), -1) @ _library()["axes"]


def _library_distances(weights: Floats, known: Floats) -> Floats:
    """Distance from the nearest mixture of the library, in standard deviations of the stock voices per axis."""
    coordinates = _coordinates(weights)
    squares = (coordinates**2).sum(1)[:, None] + (known**2).sum(1) - 2 * coordinates @ known.T
    distances: Floats = np.sqrt(np.maximum(squares.min(axis=1), 0) / coordinates.shape[1])
    return distances
