import pytest

from cloning.text import LANGUAGES, resolve_language
from cloning.text.normalising import READINGS


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
