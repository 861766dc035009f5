"""In which script a text is written, and which languages are."""

import unicodedata
from collections import Counter

from cloning.text.languages import LANGUAGES

SCRIPTS: dict[str, tuple[str, ...]] = {
    "Hiragana": ("ja",),
    "Katakana": ("ja",),
    "Han": ("zh", "ja"),
    "Hangul": ("ko",),
    "Cyrillic": ("ru",),
    "Arabic": ("ar",),
    "Devanagari": ("hi",),
}
"""Unicode's name of a script → languages written in it, the likeliest first. The page looks by the same table."""

LATIN = tuple(code for code in LANGUAGES if all(code not in codes for codes in SCRIPTS.values()))

UNICODE_PREFIXES = {"CJK": "Han", **{script.upper(): script for script in SCRIPTS}}
MIN_LETTERS = 3
MAX_LETTERS = 2_000  # are enough to tell


def languages_by_script(text: str) -> tuple[str, ...]:
    """The languages that most letters of a text belong to, the likeliest first; none where letters are few."""
    counts = Counter(script_of(letter) for letter in text[:MAX_LETTERS] if letter.isalpha())
    if counts.total() < MIN_LETTERS:
        return ()
    if (
        counts["Hiragana"] + counts["Katakana"] >= counts["Han"] / 10 > 0
    ):  # Japanese has more Han than kana at times
        counts["Hiragana"] += counts.pop("Han")
    script, _count = counts.most_common(1)[0]
    return SCRIPTS.get(script, LATIN if script == "Latin" else ())


def guess_language(text: str) -> str:
    """By its letters. Languages in Latin ones can't be told so: English."""
    likely = languages_by_script(text)
    return likely[0] if likely and "en" not in likely else "en"


def script_of(letter: str) -> str:
    prefix = unicodedata.name(letter, "").partition(" ")[0]
    return UNICODE_PREFIXES.get(prefix, prefix.capitalize())
