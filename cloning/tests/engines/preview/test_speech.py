"""What is spoken: every language, at every speed, hostile text as text."""

import time
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from cloning.engines.base import EngineError, SynthesisOptions
from cloning.engines.preview import espeak, phonemes
from cloning.engines.preview.measure import (
    recorded_f0,
)
from cloning.tests.engines.preview.hearing import CLIPS, measured
from cloning.tests.engines.preview.texts import GREETINGS


@pytest.mark.parametrize("language", espeak.VOICES)
def test_every_language_is_spoken_at_a_plausible_rate_pitch_and_level(engine, voices, say, language):
    samples = say(GREETINGS[language], language)
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert 1.5 < samples.size / engine.sample_rate_hz < 5.5
    assert 0.015 < np.sqrt(np.mean(samples**2)) < 0.3  # before the voice's own gain
    assert np.abs(samples).max() <= 0.9
    reference_f0_hz = float(voices[CLIPS[0]].arrays["median_f0_hz"][0])
    # So short a greeting may be intoned far from the voice's middle.
    assert measured(samples).median_f0_hz == pytest.approx(reference_f0_hz, rel=0.3)


@pytest.fixture(scope="module")
def median_f0_hz(say) -> Callable[[str, float], float]:
    @cache
    def measure(language: str, speed: float) -> float:
        """DIO errs by a tenth on a lively voice."""
        return measured(say(GREETINGS[language], language, speed=speed), recorded_f0).median_f0_hz

    return measure


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
def test_speed_changes_duration_and_not_pitch(say, median_f0_hz, speed, language):
    """Resampled, the pitch would double or halve. A short sentence's median moves by some percent by itself."""
    usual, changed = (say(GREETINGS[language], language, speed=each) for each in (1.0, speed))
    assert usual.size / changed.size == pytest.approx(speed, rel=0.15)
    assert median_f0_hz(language, speed) == pytest.approx(median_f0_hz(language, 1.0), rel=0.06)


@pytest.mark.parametrize("language", ["en", "de"])
def test_equal_calls_give_equal_samples_whatever_was_said_between(engine, voices, say, language):
    first = say(GREETINGS[language], language)
    engine.synthesize("नमस्ते।", "hi", voices[CLIPS[1]], SynthesisOptions(speed=0.7))
    time.sleep(1.1)  # espeak-ng seeds its flutter with the clock's second
    voice, options = voices[CLIPS[0]], SynthesisOptions()
    assert np.array_equal(first, engine.synthesize(GREETINGS[language], language, voice, options))


def test_is_faster_than_real_time_on_two_cores(engine, voices):
    """In processor time, so that what else the machine does makes no difference."""
    started = time.process_time()
    samples = engine.synthesize(GREETINGS["en"], "en", voices[CLIPS[0]], SynthesisOptions())
    assert time.process_time() - started < 1.8 * samples.size / engine.sample_rate_hz


@pytest.mark.parametrize(
    "text",
    [
        "[[h@l'oU]] world",
        "<speak><audio src='file:///etc/passwd'/>hello</speak>",
        "<voice name='de'>hello</voice>",
        "hello\0world",
        "\x0199P\x010Shello",
        "hello \ud800 world",
        "hello 👋🏽 \u202e\u200d\ufeff world",
        "9" * 6,
        "a" * 200,
        "a\u0301" * 100,
    ],
)
def test_hostile_text_is_only_text(engine, voices, text):
    samples = engine.synthesize(text, "en", voices[CLIPS[0]], SynthesisOptions())
    assert np.abs(samples).max() <= 0.9
    assert samples.size > 0.3 * engine.sample_rate_hz


def test_text_is_spoken_to_its_end(say):
    """Neither NUL nor markup nor control characters swallow what follows."""
    plain = say("hello and good evening")
    for text in ("hello\0and good evening", "hello \x01and good evening"):
        assert np.array_equal(plain, say(text))
    for text in ("[[h]] hello and good evening", "<p>hello and good evening</p>"):
        assert say(text).size > plain.size


@pytest.mark.parametrize("text", ["", " ", "...", "\0", "\u200b"])
def test_text_without_a_word_is_refused(engine, voices, text):
    with pytest.raises(EngineError, match="nothing in this text"):
        engine.synthesize(text, "en", voices[CLIPS[0]], SynthesisOptions())


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_process_that_does_not_end_is_ended(engine, voices, monkeypatch, language):
    monkeypatch.setattr(espeak, "TIMEOUT_SECONDS", 0.001)
    monkeypatch.setattr(phonemes, "TIMEOUT_SECONDS", 0.001)
    with pytest.raises(EngineError, match="could not read this text"):
        engine.synthesize("A text of its own.", language, voices[CLIPS[0]], SynthesisOptions())
