"""Words that are read as if they were written otherwise."""

import time

import pytest

from cloning.engines.xtts.limits import SEGMENT_LIMITS
from cloning.text import Script, UnspeakableText, split_script
from cloning.text.pronouncing import MAX_GROWTH, Spellings

WORDS = {
    "Nguyen": "win",
    "SQL": "sequel",
    "C++": "see plus plus",
    "New York": "noo yawk",
    "New York Times": "the times",
    "O'Brien": "oh bryan",
    "Straße": "strah se",
    "über": "oober",
    "win": "lose",
    "नमस्ते": "namaste",
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Nguyen knows SQL.", "win knows sequel."),
        ("NGUYEN, nguyen's (Nguyen)", "win, win's (win)"),
        ("Nguyens MySQL SQL2 SQL_x", "Nguyens MySQL SQL2 SQL_x"),
        ("C++ or C++11, C++!", "see plus plus or see plus plus11, see plus plus!"),
        ("In New York; New\nYork, New York Times", "In noo yawk; noo yawk, the times"),
        ("O’Brien and o'brien", "oh bryan and oh bryan"),
        ("Straße, STRASSE, Strasse", "strah se, strah se, strah se"),
        ("U\u0308ber, u\u0308ber, uber", "oober, oober, uber"),
        ("über\u0301 überl", "übe\u0155 überl"),
        ("नमस्ते दुनिया, नमस्तेा", "namaste दुनिया, नमस्तेा"),
        ("I win.", "I lose."),
        ("", ""),
    ],
)
def test_whole_words_in_any_case_the_longest_first_and_only_once(text: str, said: str) -> None:
    assert Spellings(WORDS).apply(text) == said


def test_where_words_are_not_divided_any_part_is_a_word() -> None:
    spellings = Spellings({"東京": "とうきょう", "AI": "エーアイ"}, is_spaced=False)
    assert spellings.apply("東京都のAIはMAILではない") == "とうきょう都のエーアイはMAILではない"


def test_half_of_a_letter_is_not_replaced() -> None:
    assert Spellings({"s": "x", "ss": "y"}).apply("ß s ss") == "y x y"
    assert Spellings({"as": "x"}, is_spaced=False).apply("aß") == "aß"


def test_what_is_read_is_what_segments_have() -> None:
    segments = split_script(
        Script("SQL was 3 Nguyen. [pause 1s] SQL!", "en", {"sql": "sequel", "pause": "x"}), 250
    )
    assert [(each.text, each.pause_seconds) for each in segments] == [
        ("sequel was three Nguyen.", 1.0),
        ("sequel!", 0.0),
    ]


@pytest.mark.parametrize("text", ["a " * 10_000, "a" * 20_000, "ab " * 6_666, "ß" * 20_000])
def test_thousand_words_in_20_000_characters_take_no_time(text: str) -> None:
    words = {
        "a" * length + "b" * (number % 12): "c" for number in range(1_000) for length in [number % 80 + 1]
    }
    started = time.process_time()
    Spellings({**words, "ss" * 39: "c"}).apply(text)
    assert time.process_time() - started < 2


def test_a_text_that_becomes_far_too_long_is_refused() -> None:
    with pytest.raises(UnspeakableText, match="four times as long"):
        split_script(Script("a " * 10_000, "en", {"a": "long " * 20}), SEGMENT_LIMITS["en"])
    assert len(Spellings({"a": "x" * 120}).apply("a. " * 8)) > MAX_GROWTH * 24
