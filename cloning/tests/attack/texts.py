"""Texts that strangers send, as hypothesis strategies."""

from collections.abc import Hashable
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

T = TypeVar("T", bound=Hashable)
MAX_CHARS = 20_000
BATCH = 200  # hypothesis varies what it has when it is asked for more at once


def examples(strategy: SearchStrategy[T], count: int, seed_number: int) -> list[T]:
    """Distinct ones, the same list for the same seed. Nothing is shrunk: what fails is kept as it was sent."""
    found: dict[T, None] = {}
    batch = 0
    while len(found) < count:

        @seed(seed_number * 10_000 + batch)
        @settings(
            max_examples=min(BATCH, count),
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def collect(example: T) -> None:
            found[example] = None

        collect()
        batch += 1
    return list(found)[:count]


CHARACTERS = st.one_of(
    st.sampled_from("…§_^.,;:!?-–—\"'«»()[]{}<>&%$€£#@/\\|~*+=°²½№"),
    st.sampled_from("\u200b\u202e\u2028\ufeff\u0300\u0e33\x00\x01\x1b\x7f\t\n\r \U000e0041\U0010ffff"),
    st.sampled_from(
        ["aA", "ß", "019", "é", "中", "あ", "한", "אל", "हि", "🙂", "👨\u200d👩\u200d👧", "𝔘", "🇩"]
    ),
    st.characters(),  # any plane, halves of surrogate pairs included
)
# fmt: off
MARKUP = st.sampled_from([
    "<script>alert(1)</script>", "<speak>", "</p>", "&lt;", "&#x0;", "<![CDATA[", "{{ 7*7 }}", "{% load %}",
    "' OR 1=1--", "[STOP]", "[SPACE]", "[en]", "\\x00", "%00", "../../etc/passwd", "${jndi:ldap://x}",
    "http://a.b/?c=d#e", "a@b.c",
])
NUMBERS = st.one_of(
    st.integers(-(10**40), 10**40).map(str),
    st.floats().map(str),
    st.sampled_from([
        "1e999", "٣٫١٤", "१२३", "½", "²³", "Ⅷ", "1st", "2nd", "1990s", "3:60", "24:00:00", "€1.000.000,00",
        "1.1.1.1.1.1", "31.02.2024", "99/99/9999", "2024-13-45", "0", "00", "1,", ",1", "-", "1-2-3", "1'000'000",
        "5 km", "5km/h", "5°", "100%", "$5.99", "No. 5", "5,5,5,5", "1" * 400,
    ]),
)
# fmt: on
PIECES = st.one_of(CHARACTERS, MARKUP, NUMBERS, st.text(max_size=30))


@st.composite
def texts(draw: DrawFn) -> str:
    """Up to MAX_CHARS and one more."""
    shape = draw(st.sampled_from(["text", "repeated", "mixed", "nested"]))
    if shape == "text":
        return draw(st.text(max_size=300))
    size = draw(st.sampled_from([1, 7, 300, 4_000, MAX_CHARS, MAX_CHARS + 1]))
    if shape == "repeated":  # one piece, or a few, as long as is allowed
        unit = "".join(draw(st.lists(PIECES, min_size=1, max_size=3))) or "."
        return (unit * size)[:size] + draw(st.sampled_from(["", "", "a", ".", "\n"]))
    pieces = draw(st.lists(PIECES, min_size=1, max_size=40))
    if shape == "mixed":
        separator = draw(st.sampled_from(["", " ", "\n", "…", ". "]))
        return (separator.join(pieces) * (size // 100 + 1))[:size]
    brackets = draw(st.sampled_from(["()", "[]", "<>", "«»", "“”", "{}"]))
    return brackets[0] * (size // 2) + "".join(pieces) + brackets[1] * (size // 2)


def encode(text: str) -> bytes:
    """Halves of surrogate pairs become bytes that are no UTF-8, as a careless client sends them."""
    return text.encode("utf-8", "surrogatepass")


# What held the web process for the longest times, as long as is allowed.
SLOWEST = [
    (character * 19_900 + end, language)
    for character in ("…", "§", "_", "^", ".", "… ", "1.", "a.", "1 ", "(", "\u0300", "1-", "'", "€", "A.")
    for end, language in (("", "en"), ("a", "de"))
]
