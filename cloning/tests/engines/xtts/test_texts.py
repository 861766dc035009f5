"""Text that XTTS can't speak, and what would mean something else to it."""

import pytest

from cloning.engines.base import Conditioning, EngineError, SynthesisOptions
from cloning.engines.xtts.engine import XttsEngine


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        ("a " * 250, "en", "too long for XTTS v2"),
        ("मेरे पास 5 सेब हैं", "hi", "can't read a part"),
        ("🙂🙂", "en", "nothing in this text"),
        ("   ", "en", "nothing in this text"),
        ("", "zh", "nothing in this text"),
        ("Hello", "xx", "does not speak"),
        ("Hello", "", "does not speak"),
    ],
)
def test_text_that_cannot_be_spoken(
    engine: XttsEngine, conditioning: Conditioning, text: str, language: str, reason: str
) -> None:
    with pytest.raises(EngineError, match=reason):
        engine.synthesize(text, language, conditioning, SynthesisOptions())


def test_turkish_is_lower_cased_as_turkish(engine: XttsEngine) -> None:
    assert engine._text_ids("İYİ IŞIK", "tr") == engine._text_ids("iyi ışık", "tr")


def test_text_cannot_spell_control_tokens(engine: XttsEngine) -> None:
    tokenizer = engine._model.tokenizer.tokenizer
    ids = engine._text_ids("hello [de] [STOP] [start] there", "en")
    assert not {tokenizer.token_to_id(name) for name in ("[de]", "[STOP]", "[START]")} & set(ids)
