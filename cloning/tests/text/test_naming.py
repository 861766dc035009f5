"""Names of downloads: they can be read, and no file system, shell or header is harmed by one."""

import pytest

from cloning.storage.responses import to_ascii
from cloning.text.naming import MAX_BYTES, MAX_CHARS, name_download

LONG = "a rather long sentence that goes on and on until nobody can hear the end of it any more"


@pytest.mark.parametrize(
    ("voice", "text", "name"),
    [
        ("Grandmother", "Good morning.", "grandmother-good-morning"),
        ("", "It's 7 o'clock — isn’t it?", "its-7-oclock-isnt-it"),
        ("Anna (kitchen)", "A\n\nB_C", "anna-kitchen-a-b-c"),
        ("", "../../etc/passwd", "etc-passwd"),
        ("", "…!?", ""),
        ("Ada", "…", "ada"),
        ("", "नमस्ते दुनिया", "नमस्ते-दुनिया"),
        ("祖母", "おはようございます", "祖母-おはようございます"),
        ("", "ﬁne Ａ", "fine-a"),
        ("", "con", "speech-con"),
        ("", "a\u202eb\u0000c\u200bd", "a-b-c-d"),
        ("A voice with a name of many words", "Hello", "a-voice-with-a-name-of-hello"),
    ],
)
def test_names(voice: str, text: str, name: str) -> None:
    assert name_download(voice, text) == name


def test_long_texts_end_with_a_word() -> None:
    name = name_download("Ada", LONG)
    assert len(name) <= MAX_CHARS
    assert ("ada-" + LONG.replace(" ", "-")).startswith(name + "-")


@pytest.mark.parametrize(
    "text", ["x" * 20_000, "न" * 20_000, "👩‍👩‍👧" * 5000, "あ" * 300, "1 " * 9000, "e\u0301" * 500]
)
def test_bounded_whatever_comes(text: str) -> None:
    name = name_download(text, text)
    assert len(name.encode()) <= MAX_BYTES
    assert len(name) <= 2 * MAX_CHARS


@pytest.mark.parametrize(
    ("name", "in_ascii"),
    [
        ("zoë-straße", "zoe-strasse"),
        ("łódź", "lodz"),
        ("祖母-good", "good"),
        ("祖母", ""),
        ("søren-œuvre", "soren-oeuvre"),
    ],
)
def test_in_ascii(name: str, in_ascii: str) -> None:
    assert to_ascii(name) == in_ascii
