"""What a text looks like by its letters."""

import pytest

from cloning.text.scripts import LATIN, languages_by_script


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("おはようございます。電車は九時半に出ます。", "ja"),
        ("東京都庁舎展望室の開館時間は", "ja"),
        ("カタカナだけ", "ja"),
        ("早上好。火车九点半开。", "zh"),
        ("안녕하세요. 기차는 아홉 시 반에 떠납니다.", "ko"),
        ("Доброе утро.", "ru"),
        ("صباح الخير.", "ar"),
        ("सुप्रभात। गाड़ी साढ़े नौ बजे चलती है।", "hi"),
    ],
)
def test_script_tells_the_language(text: str, language: str) -> None:
    assert languages_by_script(text)[0] == language


@pytest.mark.parametrize("text", ["Good morning.", "Dzień dobry, pociąg odjeżdża.", "Guten Morgen, 東京!"])
def test_latin_letters_are_of_many_languages(text: str) -> None:
    assert languages_by_script(text) == LATIN
    assert {"en", "de", "pl", "tr"} <= set(LATIN) and not {"ja", "ru", "hi"} & set(LATIN)


@pytest.mark.parametrize("text", ["", "123 456", "☺☺☺", "ab", "Καλημέρα σας"])
def test_nothing_is_said_of_what_can_not_be_told(text: str) -> None:
    assert languages_by_script(text) == ()
