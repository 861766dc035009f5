"""Who says what."""

import time

import pytest

from cloning.text import Script, split_script
from cloning.text.dialogue import Line, Turn, find_turns, list_speakers, read_line
from cloning.text.script import TURN_GAP_SECONDS


@pytest.mark.parametrize(
    ("line", "name", "text"),
    [
        ("Anna: Good morning.", "Anna", "Good morning."),
        ("  ANNA :  Good: morning.", "ANNA", "Good: morning."),
        ("Dr. O'Brien Jr.: Yes.", "Dr. O'Brien Jr.", "Yes."),
        ("**Anna:** Hello", "Anna", "Hello"),
        ("**Anna**: Hello", "Anna", "Hello"),
        ("Anna (whispering): Hello", "Anna", "Hello"),
        ("Anna:", "Anna", ""),
        ("Anna:\r", "Anna", ""),
        ("安娜：早上好", "安娜", "早上好"),
        ("R2: Beep", "R2", "Beep"),
        ("x" * 40 + ": y", "x" * 40, "y"),
    ],
)
def test_a_name_stands_at_the_beginning_of_a_line(line: str, name: str, text: str) -> None:
    assert read_line(line) == Line(name, text)


@pytest.mark.parametrize(
    "line",
    [
        "Good morning.",
        "It begins at 10:30.",
        "https://example.com/",
        "10: ten",
        ": nobody",
        "[pause: 2s] Anna",
        "What I wanted to say is: nothing.",
        "Well, Anna: yes",
        "x" * 41 + ": y",
        "",
    ],
)
def test_what_is_no_name_stays_text(line: str) -> None:
    assert read_line(line) == Line("", line)


def test_names_are_listed_once_as_they_are_written_first() -> None:
    assert list_speakers("Anna: a\nTom: b\nANNA: c\nNote: d\nx\n") == ["Anna", "Tom", "Note"]


def test_lines_go_on_with_the_speaker_before_and_other_names_are_text() -> None:
    text = "Anna: One.\nTwo.\n\nNote: three.\nTom:\nFour.\nTom: Five."
    assert find_turns(text, {"anna", "tom"}) == [
        Turn("One.\nTwo.\n\nNote: three.", "anna"),
        Turn("\nFour.\nFive.", "tom"),
    ]


def test_each_turn_is_spoken_by_itself_with_pauses_between() -> None:
    text = "Anna: Hi.\nTom: [pause 2s] Hi. [pause 300ms] Ho!\nAnna: [pause 1s]\nAnna: SQL.\nTom: …"
    script = Script(text, "en", {"sql": "sequel", "anna": "x"}, ["anna", "tom"])
    assert [(each.speaker, each.text, each.pause_seconds) for each in split_script(script, 250)] == [
        ("anna", "Hi.", 2.0),
        ("tom", "Hi.", 0.3),
        ("tom", "Ho!", 1.0),
        ("anna", "sequel.", 0.0),
    ]
    segments = split_script(Script("A: One.\nB: Two.", "en", speakers=["a", "b"]), 250)
    assert [each.pause_seconds for each in segments] == [TURN_GAP_SECONDS, 0.0]


@pytest.mark.parametrize(
    "text", ["A: b\n", "A:\n", ":" * 39 + "\n", "a (" * 30 + ")" * 30 + ": b\n", "A B " * 40]
)
def test_20_000_characters_are_read_at_once(text: str) -> None:
    long_text = (text * 20_000)[:20_000]
    started = time.process_time()
    find_turns(long_text, {name.casefold() for name in list_speakers(long_text)})
    assert time.process_time() - started < 1
