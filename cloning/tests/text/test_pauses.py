"""Pauses that a text asks for."""

import contextlib
import time

import pytest

from cloning.engines.xtts.limits import FIRST_SEGMENT_LIMITS, SEGMENT_LIMITS
from cloning.text import Script, Segment, UnspeakableText, WrongPause, split, split_script
from cloning.text.dialogue import Turn
from cloning.text.naming import name_download
from cloning.text.pauses import MAX_ALL_PAUSES_SECONDS, find_passages


def pauses_of(text: str) -> list[tuple[str, float]]:
    return [
        (each.text, each.pause_seconds) for each in split_script(Script(text, "en"), SEGMENT_LIMITS["en"])
    ]


@pytest.mark.parametrize(
    ("tag", "seconds"),
    [
        ("[pause 1s]", 1.0),
        ("[pause 0.5s]", 0.5),
        ("[pause 0,5s]", 0.5),
        ("[pause .5s]", 0.5),
        ("[pause 500ms]", 0.5),
        ("[PAUSE 2 S]", 2.0),
        ("[pause:2s]", 2.0),
        ("[pause=3 seconds]", 3.0),
        ("[pause 10s]", 10.0),
        ("[pause 50ms]", 0.05),
        ("[pause]", 1.0),
        ("[pause 1s] [pause 2s]", 3.0),
        ("[pause 1s] … 👍 [pause 2s]", 3.0),
        ("\n\n[pause 2s]\n\n", 2.0),
    ],
)
def test_a_pause_follows_what_stands_before_it_exactly(tag: str, seconds: float) -> None:
    assert pauses_of(f"Hi.{tag}Bye.") == [("Hi.", pytest.approx(seconds)), ("Bye.", 0.0)]


def test_a_pause_within_a_sentence_ends_it() -> None:
    assert pauses_of("And the winner, [pause 2s] Anna") == [("And the winner.", 2.0), ("Anna.", 0.0)]


@pytest.mark.parametrize("text", ["[pause 2s] Hi.", "Hi. [pause 2s]", "[pause 1s][pause 1s]Hi.[pause] …"])
def test_before_the_first_word_and_after_the_last_is_no_pause(text: str) -> None:
    assert pauses_of(text) == [("Hi.", 0.0)]


def test_a_blank_line_is_a_pause() -> None:
    text = "The first one is long enough.\n\nThe second one is long enough, too. And goes on."
    assert [seconds for _, seconds in pauses_of(text)] == [0.75, 0.0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hi [pause 1] there", "“[pause 1]” is no length of a pause: write [pause 1s]"),
        ("Hi [pause 1 min] there", "is no length"),
        ("Hi [pause 1.2.3s] there", "is no length"),
        ("Hi [pause -1s] there", "is no length"),
        ("Hi [pause 0s] there", "a pause is 0.05 to 10 seconds long"),
        ("Hi [pause 10.1s] there", "“[pause 10.1s]” can't be made"),
        ("Hi [pause 999999s] there", "can't be made"),
        ("Hi [pause 6s] [pause 6s] there", "Pauses in a row are one pause: together 10 seconds at most"),
        ("Hi [pause 10s]" * 32, "may be 300 seconds long together; these are 310"),
    ],
)
def test_a_pause_that_can_not_be_made_is_refused(text: str, says: str) -> None:
    with pytest.raises(WrongPause) as raised:
        find_passages([Turn(text)])
    assert says in str(raised.value)


@pytest.mark.parametrize(
    "text",
    ["Hi [pause for applause] there.", "Hi [pause there.", "Hi pause 1s] there.", "Hi [pauses] there."],
)
def test_what_is_no_tag_is_text(text: str) -> None:
    assert split_script(Script(text, "en"), 250) == split(text, "en", 250)


@pytest.mark.parametrize("text", ["[pause 1s]", "[pause 1s] … [pause] 👍", ""])
def test_pauses_alone_are_nothing_to_speak(text: str) -> None:
    with pytest.raises(UnspeakableText, match="nothing to speak"):
        split_script(Script(text, "en"), 250)


def test_what_has_no_pause_is_split_as_ever() -> None:
    text = "One sentence, which is not short.\n\nAnother one; and a third. " * 40
    for first_chars in (None, FIRST_SEGMENT_LIMITS["en"]):
        assert split_script(Script(text, "en"), 250, first_chars) == split(text, "en", 250, first_chars)


def test_a_beginning_that_is_listened_to_grows_through_the_pauses() -> None:
    sentence = "This is a sentence of a fair length, which goes on for a while, and then ends."
    segments = split_script(Script(f"{sentence} [pause 1s] " * 20, "en"), SEGMENT_LIMITS["en"], 80)
    room = 80
    for segment in segments:
        assert len(segment.text) <= room
        room += len(segment.text)
    assert [segment.pause_seconds for segment in segments[:-1]] == [1.0] * (len(segments) - 1)


@pytest.mark.parametrize(
    "text", ["a[pause 50ms]", "[pause ", "[pause 1", "[pause 1s]", "[pause 0.05s]é ", "[" * 9]
)
def test_20_000_characters_are_read_at_once(text: str) -> None:
    long_text = (text * 20_000)[:20_000]
    started = time.process_time()
    segments: list[Segment] = []
    with contextlib.suppress(UnspeakableText):
        segments = split_script(Script(long_text, "en"), SEGMENT_LIMITS["en"])
    assert time.process_time() - started < 3
    assert sum(segment.pause_seconds for segment in segments) <= MAX_ALL_PAUSES_SECONDS


def test_a_download_is_not_called_by_its_pauses() -> None:
    assert name_download("Ada", "[pause 1s] Good [pause] morning") == "ada-good-morning"
