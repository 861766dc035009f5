from concurrent.futures import ThreadPoolExecutor

import pytest
from num2words import num2words

from cloning.text import LANGUAGES
from cloning.text.normalising import READINGS

OWN_READERS = ("hi", "tr", "zh")


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code not in OWN_READERS])
def test_the_faster_converters_read_as_num2words_does(language: str) -> None:
    reading = READINGS[language]
    name = reading.num2words_name or language
    for number in (*range(130), *(7 * 10**digits + 21 for digits in range(2, 18)), 10**17, 10**18 - 1):
        words = num2words(number, lang=name).replace(",", "")
        assert reading.read_cardinal(number).replace(" و", " و ") == words.replace(" و ", " و").replace(
            " و", " و "
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_ordinals_of_any_size_are_read(language: str) -> None:
    for number in (0, 1, 99, 100, 1_000, 512_000, 999_999, 10**6, 10**18):
        assert any(map(str.isalpha, READINGS[language].read_ordinal(number)))


def test_threads_do_not_read_each_others_numbers() -> None:
    """num2words' Arabic converter keeps the number in itself."""
    arabic = READINGS["ar"]
    numbers = list(range(1_000, 3_000))
    expected = [arabic.read_cardinal(number) for number in numbers]
    with ThreadPoolExecutor(8) as pool:
        for read in pool.map(lambda _: [arabic.read_cardinal(number) for number in numbers], range(8)):
            assert read == expected
