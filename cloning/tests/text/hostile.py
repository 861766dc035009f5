"""Texts that a stranger sends to keep the server busy, each 20,000 characters long unless it's told otherwise."""

import itertools
import random
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache

CHARACTERS = 20_000

INTERESTING = (
    "".join(map(chr, range(32, 127)))
    + "\t\n\r\v\f\x85\xa0\u1680\u2003\u2009\u2028\u2029\u202f\u3000\u200b\u200d\ufeff\u00ad\u202e\x00\x1b"
    + "½¼¾№℗™´‘’′−‐‑–—―…⋯٫٬٪‣●·・￥“”„«»「」《》″〜÷⁄∕⁓•©®°ºª×§¶†‡‰¿¡¬¦¨¯±µ"
    + "，。！？；：（）、【】〔〕［｝．％＄＃＠＆＋＝＊＿｜／＼０ａＡ＾।॥،؛؟"
    + "éÉßñğİıøæŐąаЯёЪαאع۔आषक好丁あンｱﾞ가ㄱกไகခᠠⲀ٣۹०৪𝟘²⁴₁①⒈⒙⒇Ⅳ⅛㉑万〇"
    + "\u0301\u0308\u20dd\u20e3\ufe0f\u094d\u093e\u064b\u3099👍🏽❤😀🇩ﬁ㌀㍿㎯㏙㏂㎞㈠🄐㋀㍘℡⁇㎨℃ﷺﷻ"
    + "\ue000\ud800\uffff\ufffd←∞≠√∑♪★■□※〒─│✓"
)
SYMBOLS_READ = "&+=@#×©®%°$€£¥₹₽"

TWO_AND_MORE = (
    "1 ", "1.", "1,", "1-", "-1", "1/2 ", "1:23 ", "1x1 ", "1%", "% 1", "$1", "1$", "R$ 1", "1st ", "1e ",
    "3. ", "3. a", "1.\n", "1. a\n", "1\n", "9/9/99 ", "1.1.1999 ", "2024-01-02 ", "12:34:56 ", "1h30 ",
    "123 ", "1,234 ", "1.234,5 ", "+49 30 ", "12-34 ", "555-1234 ", "10 km ", "5°C ", "1980s ", "24 года ",
    "2024年", "6월 ", "3개 ", "3. Mai ", "May 3 ", "777777777777777777 ", "0.5 ", "mp3 ", "ab-1", "Nr. 5 ",
    "No. 1", "S. 5", "a.", "a. ", "A.", "A. ", "AB ", "A B ", "ABC. ", "АБ ", "HELLO ", "HELLO WORLD. ",
    "St. ", "etc. ", "z. B. ", "т. е. ", "http://", "https://a.b/c ", "www.a/", "www._ ", "a@", "a@b.c ",
    "a@a.a.a.a", "a.com ", "a.a.a.a.", "a-", "a--b", "- ", "-\n", "<a", "</a", "<a> ", "[", "[a", "[a](",
    "[a](b) ", "![", "&#1", "&#1;", "&amp;", "&lt", "> ", "# ", "#a", "|a", "| a ", "_a_", "**a**", "((",
    "(a)", "{}", "- a\n", "* [x] ", "a'", "' ", '"a', '."', ".. ", "...a", "… ", "…a", ". ", " .", ", ",
    ",.", "!?", "。a", "你 ", "你, ", "a\n", "a\n\n", "\r\n", "a ", "word ", "Hello world. ", "a\u0301",
    "\u0301a", "👍 ", "ﷺ ", "½ ", "®©", "® ",
)  # fmt: skip


def fill(unit: str) -> str:
    return (unit * CHARACTERS)[:CHARACTERS]


def join(make: Callable[[int], str]) -> str:
    """As many different pieces as there is room for."""
    text = ""
    for index in itertools.count():
        if len(text) >= CHARACTERS:
            return text[:CHARACTERS]
        text += make(index)
    raise AssertionError


def repeated_characters() -> Iterator[str]:
    currencies = [chr(code) for code in range(0x20000) if unicodedata.category(chr(code)) == "Sc"]
    yield from map(fill, dict.fromkeys([*INTERESTING, *SYMBOLS_READ, *currencies]))


def repeated_units() -> Iterator[str]:
    yield from map(fill, TWO_AND_MORE)
    chance = random.Random(20_000)
    common = " \n.,:;!?-'\"()[]<>&#@/_*|1290aAßéаЯ好あ가अع…%$€°²½—•\t"
    for _ in range(300):
        length = chance.choice((2, 2, 3, 4))
        yield fill(
            "".join(chance.choice(common if chance.random() < 0.8 else INTERESTING) for _ in range(length))
        )


def runs_between_letters() -> Iterator[str]:
    for character in "…§_^. \n-1'a":
        for around in ("a%sb", "1%s1", ". %s.", "好%s好"):
            yield around % (character * (CHARACTERS - 4))


def different_pieces() -> Iterator[str]:
    """Nothing in them comes twice, so that no memory of what was read before helps."""
    chance = random.Random(7)

    def number(digits: int) -> int:
        return chance.randrange(10 ** (digits - 1), 10**digits)

    for digits in (4, 5, 6, 9, 12, 18):
        yield join(lambda _, digits=digits: f"{number(digits)} ")  # type: ignore[misc]
    for ending in (
        " ", ". ", ", ", "\n", "\n\n", "|", "km ", "€\n", "th ", "º ", "e ", "-го ", "'inci ", ". a ",
        " году ", "년 3개 ",
    ):  # fmt: skip
        yield join(lambda index, ending=ending: f"{index}{ending}")  # type: ignore[misc]
    for separator in "./-":
        yield join(
            lambda _, separator=separator: (  # type: ignore[misc]
                separator.join([str(chance.randint(1, 12)), str(chance.randint(1, 28)), str(number(4))]) + " "
            )
        )
    yield join(lambda _: f"{number(4)}-{chance.randint(1, 12)}-{chance.randint(1, 28)}\n")
    yield join(lambda _: f"{chance.randint(0, 23)}:{chance.randint(10, 59)}:{chance.randint(10, 59)} ")
    yield join(lambda _: f"${number(3)}.{number(2)} ")
    yield join(lambda _: f"0.{number(10)} ")
    yield join(lambda _: f"{number(2)}.{number(2)}.{number(2)} ")
    yield join(lambda _: f"+{number(2)} {number(3)} {number(4)}, ")
    yield join(lambda index: "".join(chr(97 + index // 26**place % 26) for place in range(4)) + "\n")
    yield join(lambda index: "".join(chr(65 + index // 26**place % 26) for place in range(4)) + " ")
    for first in (0x21, 0x4E00, 0xAC00, 0xE000, 0x1D000):
        yield "".join(map(chr, range(first, first + CHARACTERS)))
    yield "$1." + "0" * (CHARACTERS - 4) + "1"
    yield ("www." + "_" * 200 + " ") * 95 + "—"


FAMILIES: tuple[Callable[[], Iterator[str]], ...] = (
    repeated_characters,
    repeated_units,
    runs_between_letters,
    different_pieces,
)


@cache
def texts() -> dict[str, tuple[str, ...]]:
    """All of them, by the name of their family."""
    return {family.__name__: tuple(family()) for family in FAMILIES}
