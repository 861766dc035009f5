"""How much of a text was understood: of its letters, how many a recogniser's text has in their places.

Letters, not words: "four" heard as "for" and "light house" as "lighthouse" are understood but for a letter, and a word
said twice counts by its length. Chinese and Japanese are compared by sound, since several characters have the same.
"""

import unicodedata
from collections.abc import Sequence

import numpy as np

from cloning import text
from cloning.engines.preview import reading

MAX_LETTERS = 3000
"""Of each text: bounds time and memory. A take is shorter."""


def share_understood(said: str, heard: str, language: str) -> float:
    """0 to 1; 1 is every letter and none besides. What is said twice, or before and after, counts as not understood."""
    asked, got = spell(said, language), spell(heard, language)
    if not asked:
        return 1.0
    return max(0.0, 1.0 - count_errors(asked, got) / len(asked))


def spell(written: str, language: str) -> str:
    """The letters of what is read out, in small ones, without marks and spaces; numbers are words."""
    spoken = text.normalize(written, language)
    if language == "zh":
        from pypinyin import lazy_pinyin

        spoken = "".join(lazy_pinyin(spoken))
    elif language == "ja":
        spoken = reading.kana(spoken)
    decomposed = unicodedata.normalize("NFKD", spoken.casefold())
    letters = "".join(each for each in decomposed if each.isalpha())
    return unicodedata.normalize("NFC", letters)[:MAX_LETTERS]


def count_errors(asked: Sequence[str], got: Sequence[str]) -> int:
    """The least number of letters to put in, leave out or exchange (Levenshtein)."""
    codes = np.array([ord(each) for each in got], np.int32)
    steps = np.arange(codes.size + 1)
    row = steps
    for number, letter in enumerate(asked, 1):
        kept = row[:-1] + (codes != ord(letter))
        best = np.minimum(kept, row[1:] + 1)
        # An insertion costs one for each place further right, so it is a running minimum of what is left of that.
        row = np.minimum.accumulate(np.concatenate([[number], best]) - steps) + steps
    return int(row[-1])
