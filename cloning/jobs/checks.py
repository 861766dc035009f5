"""Each take is scored as soon as it is spoken: what it sounds like and, with CHECK_SPEECH, what is heard in it."""

import logging
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import soxr
from django.conf import settings

from cloning import recognition, scoring
from cloning.engines import registry
from cloning.engines.base import Engine, Floats, Waveform
from cloning.models import Take
from cloning.scoring import Heard, TakeScores, Unheard
from cloning.scoring.measuring import measure_take

logger = logging.getLogger(__name__)

OFF, SCORE, RETRY = "off", "score", "retry"
"""The values of CHECK_SPEECH."""


@lru_cache(maxsize=1)
def load_recogniser(model_cache: Path) -> recognition.Recogniser | None:
    """None, said once in the log, where there is none: speaking is not held up by what would check it."""
    try:
        return recognition.Recogniser(model_cache)
    except recognition.MissingRecogniserError as error:
        logger.error("CHECK_SPEECH=%s: %s Until then no take is checked.", settings.CHECK_SPEECH, error)
        return None


def get_ready() -> None:
    """At the start of a worker, which says then what is missing."""
    if settings.CHECK_SPEECH != OFF:
        load_recogniser(settings.MODEL_CACHE)


def score(take: Take, engine: Engine, speaker_embedding: Floats | None, waveform: Waveform) -> TakeScores:
    """Of what the engine gave for this take, before it is marked and levelled."""
    generation = take.segment.generation
    measured = measure_take(
        waveform, engine.sample_rate_hz, take.text, generation.language, generation.speed, speaker_embedding
    )
    heard = hear(waveform, engine.sample_rate_hz, take.text, generation.language)
    if isinstance(heard, Heard):
        scores = replace(measured, heard=heard, unheard=None)
    else:
        scores = replace(measured, unheard=heard)
    faults = scoring.find_faults(scores, is_clone=registry.ENGINES[engine.name].is_clone)
    return replace(scores, faults=faults)


def hear(waveform: Waveform, sample_rate_hz: int, said: str, language: str) -> Heard | Unheard:
    """What is recognised, or why nothing is."""
    if settings.CHECK_SPEECH == OFF:
        return Unheard.OFF
    if language not in recognition.LANGUAGES:
        return Unheard.LANGUAGE
    if (recogniser := load_recogniser(settings.MODEL_CACHE)) is None:
        return Unheard.MISSING
    try:
        speech = soxr.resample(waveform, sample_rate_hz, recognition.SAMPLE_RATE_HZ)
        text = recogniser.text_of(speech.astype(np.float32), language)
    except Exception:  # there is no end to what a library may raise, and the take is good without it
        logger.exception("A take was not recognised")
        return Unheard.FAILED
    return Heard(text, round(recognition.share_understood(said, text, language), 4))
