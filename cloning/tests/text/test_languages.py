import pytest

from cloning.engines.preview.limits import SEGMENT_LIMITS
from cloning.text import LANGUAGES, resolve_language, split
from cloning.text.normalising import READINGS
from cloning.text.samples import SAMPLES


@pytest.mark.parametrize("code", ["zh-cn", "ZH", "pt-BR", "en_US", " De "])
def test_regional_codes_are_resolved(code):
    assert resolve_language(code) in LANGUAGES


@pytest.mark.parametrize("code", ["", "xx", "english", "-"])
def test_unknown_languages_are_refused(code):
    with pytest.raises(ValueError, match="Unknown language"):
        resolve_language(code)


def test_every_language_has_a_reading():
    assert list(READINGS) == list(LANGUAGES)
    assert len(LANGUAGES) == 17


def test_every_language_has_a_sentence_that_can_be_spoken_in_one_go() -> None:
    assert list(SAMPLES) == list(LANGUAGES)
    for language, sentence in SAMPLES.items():
        assert len(split(sentence, language, SEGMENT_LIMITS[language])) <= 2
