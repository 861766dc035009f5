import pytest

from cloning.engines.preview import limits as preview_limits
from cloning.engines.xtts import limits as xtts_limits
from cloning.text import LANGUAGES


@pytest.mark.parametrize("limits", [xtts_limits, preview_limits])
def test_every_language_has_a_limit(limits) -> None:
    assert set(limits.SEGMENT_LIMITS) == set(LANGUAGES)


def test_the_limits_of_xtts_are_those_of_its_tokenizer() -> None:
    tokenizer = pytest.importorskip("TTS.tts.layers.xtts.tokenizer").VoiceBpeTokenizer()
    known = {code.split("-")[0]: limit for code, limit in tokenizer.char_limits.items()}
    assert {code: known[code] for code in xtts_limits.SEGMENT_LIMITS} == xtts_limits.SEGMENT_LIMITS
