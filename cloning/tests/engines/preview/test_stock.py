"""Kokoro's voices as they are."""

import numpy as np
import pytest

from cloning.engines.base import EngineError, SynthesisOptions
from cloning.engines.preview import phonemes, stock, styles
from cloning.tests.engines.preview.hearing import measured


def test_every_voice_that_is_offered_is_one_of_kokoros() -> None:
    assert set(stock.LANGUAGES) <= set(styles.stock_names())
    assert set(stock.VOICES) == set(phonemes.VOICES), "of each language that Kokoro speaks"
    assert len(stock.stock_voices()) == len(stock.LANGUAGES)


def test_stock_voice_speaks_as_kokoro_has_it(engine) -> None:
    conditioning = engine.stock_conditioning("af_heart", "en")
    spoken = engine.synthesize("Good morning.", "en", conditioning, SynthesisOptions())
    spelt = phonemes.phonemes("Good morning.", "en")
    plain = engine._kokoro.speak(spelt, styles.stock("af_heart"))
    assert np.corrcoef(spoken, plain)[0, 1] > 0.999, "neither scaled nor equalized"


@pytest.mark.parametrize("key, high", [("af_heart", True), ("am_michael", False)])
def test_in_languages_of_espeak_a_man_stays_a_man(engine, key: str, high: bool) -> None:
    conditioning = engine.stock_conditioning(key, "de")
    assert engine.is_valid(conditioning)
    spoken = engine.synthesize("Guten Morgen, alle zusammen.", "de", conditioning, SynthesisOptions())
    assert (measured(spoken).median_f0_hz > 150) == high


def test_voice_of_another_engine_is_refused(engine, espeak_only) -> None:
    with pytest.raises(EngineError):
        engine.stock_conditioning("claribel_dervla", "en")
    with pytest.raises(EngineError):
        espeak_only.stock_conditioning("af_heart", "en")
