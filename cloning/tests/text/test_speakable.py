import time

import pytest

from cloning.engines.xtts.limits import SEGMENT_LIMITS
from cloning.tests.text import hostile
from cloning.text import LANGUAGES, UnspeakableText, check_speakable, split
from cloning.text.speakable import READ_CHARS

MAX_CPU_SECONDS = 0.05  # it takes a fifth of it: "a few milliseconds", with room for a busy machine


def can_be_split(text: str, language: str) -> bool:
    try:
        split(text, language, SEGMENT_LIMITS[language])
    except UnspeakableText:
        return False
    return True


def is_speakable(text: str, language: str) -> bool:
    try:
        check_speakable(text, language)
    except UnspeakableText:
        return False
    return True


@pytest.mark.parametrize("language", LANGUAGES)
def test_short_texts_get_the_exact_answer(language: str) -> None:
    every_text = [text for family in hostile.texts().values() for text in family]
    for text in every_text[list(LANGUAGES).index(language) :: len(LANGUAGES)]:
        for short in (text[:3], text[:60]):
            assert is_speakable(short, language) == can_be_split(short, language), short


@pytest.mark.parametrize(
    "text",
    [
        "…" * 20_000,
        "👍" * 5_000,
        "\u200b" * 5_000,
        " \n" * 3_000,
        "—\n*\n" * 500,
    ],
)
def test_a_long_text_with_nothing_to_say_is_refused(text: str) -> None:
    with pytest.raises(UnspeakableText, match="nothing to speak"):
        check_speakable(text, "en")


@pytest.mark.parametrize(
    "text",
    [
        "." * 5_000 + " Hello",
        "\n" * READ_CHARS + "7",
        "!" * 3_000 + "℗",
        "=" * READ_CHARS + "!",
        "…\n" * 2_000 + "好",
    ],
)
def test_a_long_text_whose_end_has_something_to_say_passes(text: str) -> None:
    assert can_be_split(text, "en")
    check_speakable(text, "en")


def test_where_it_cannot_know_the_text_passes() -> None:
    tags = "<b></b>\n" * 500
    assert not can_be_split(tags, "en")
    check_speakable(tags, "en")


@pytest.mark.parametrize("family", hostile.texts())
def test_what_can_be_split_is_never_refused_and_the_answer_is_quick(family: str) -> None:
    check_speakable("Hello 12. 3rd a.com etc. $5 3 km", "de")  # compiles the language's patterns
    slow = []
    for text in hostile.texts()[family]:
        seconds = []
        for _ in range(3):
            started = time.process_time()
            speakable = is_speakable(text, "de")
            seconds.append(time.process_time() - started)
            if seconds[-1] <= MAX_CPU_SECONDS:
                break
        if min(seconds) > MAX_CPU_SECONDS:
            slow.append((text[:20], min(seconds)))
        assert speakable or not can_be_split(text, "de"), text[:20]
    assert not slow
