import pytest

from cloning.engines.preview.limits import SEGMENT_LIMITS
from cloning.text import LANGUAGES, resolve_language, split
from cloning.text.languages import CHARS_PER_SECOND
from cloning.text.normalising import READINGS
from cloning.text.reading_scripts import READING_SCRIPTS
from cloning.text.samples import SAMPLES
from cloning.text.scripts import languages_by_script


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


def test_every_language_has_a_text_to_read_for_half_a_minute_at_most() -> None:
    assert list(READING_SCRIPTS) == list(LANGUAGES)
    for language, script in READING_SCRIPTS.items():
        assert 20 <= len(script) / CHARS_PER_SECOND[language] <= 30, language
        assert language in languages_by_script(script)
        assert len({letter for letter in script.lower() if letter.isalpha()}) >= 20, language


@pytest.mark.parametrize(
    ("language", "letters"), [("de", "äöüß"), ("es", "ñóíé¿"), ("pl", "ąęćłńóśż"), ("cs", "řščžďťů")]
)
def test_text_to_read_has_what_a_language_has_alone(language: str, letters: str) -> None:
    assert not set(letters) - set(READING_SCRIPTS[language].lower())
