import time

import pytest

from cloning.text.arriving import ArrivingText


def parts(text: str, piece_chars: int = 1) -> list[str]:
    """What is given out while the text comes in pieces, and the rest."""
    arriving = ArrivingText()
    taken = []
    for start in range(0, len(text), piece_chars):
        arriving.add(text[start : start + piece_chars])
        taken.append(arriving.take_sentences())
    assert arriving.length == len(text)
    return [part for part in [*taken, arriving.take_rest()] if part]


@pytest.mark.parametrize("piece_chars", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    "text",
    [
        "The rain stopped. Nobody noticed!  The gate was open.",
        "Dr. Smith came at 9. He left at 10.30 p.m. or so. Then nobody came.",
        "雨がやんだ。誰も気づかなかった。門が開いていた。",
        "A list:\n- one\n- two\n\n\nand an end",
        "بدأ المطر؟ ثم توقف. لم يلاحظ أحد.",
        "no end at all",
    ],
)
def test_nothing_is_lost_or_changed(text: str, piece_chars: int) -> None:
    assert "".join(parts(text, piece_chars)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It stopped. Who saw it? Nobody. ", ["It stopped. ", "Who saw it? ", "Nobody. "]),
        ("Dr. Smith left. Then came Tom.", ["Dr. Smith left. ", "Then came Tom."]),
        ("雨がやんだ。門が開いていた。", ["雨がやんだ。", "門が開いていた。"]),
        ("One line\nand another", ["One line\n", "and another"]),
        ("Wait [pause 0.5s] here", ["Wait [pause 0.5s] here"]),
    ],
)
def test_sentences_are_given_out_as_soon_as_the_next_begins(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize("text", ["\n" * 20_000, ". " * 10_000, "!" + " " * 20_000 + "a", "a" * 20_000])
@pytest.mark.parametrize("piece_chars", [1, 20_000])
def test_what_is_made_to_take_long_does_not(text: str, piece_chars: int) -> None:
    began = time.process_time()
    assert "".join(parts(text, piece_chars)) == text
    assert time.process_time() - began < 2
