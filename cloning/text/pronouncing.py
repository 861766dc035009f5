"""Words that are written one way and spoken as if they were written another."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping

from cloning.text.speakable import UnspeakableText

MAX_GROWTH = 4
MAX_EXTRA_CHARS = 1_000
"""A text that becomes longer than MAX_GROWTH times its own and these is refused."""
APOSTROPHES = "’ʼ＇"


def gettext_noop(message: str) -> str:
    """Marks what is translated where it is shown: this room knows no Django."""
    return message


TOO_LONG = gettext_noop("With its pronunciations, this text is more than four times as long.")


class Spellings:
    """Of words in one language. Applying them takes time in proportion to the text, however many they are."""

    def __init__(self, spellings: Mapping[str, str], *, is_spaced: bool = True) -> None:
        self._spellings = {fold(word): spelling for word, spelling in spellings.items()}
        self._is_spaced = is_spaced
        lengths: dict[str, set[int]] = defaultdict(set)
        for word in self._spellings:
            lengths[word[0]].add(len(word))
        self._lengths = {first: sorted(found, reverse=True) for first, found in lengths.items()}

    def apply(self, text: str) -> str:
        """The text with the spellings in place of whole words, in capitals or not, the longest first.

        Where words are not divided by spaces, any part of the text is a word. What is put in is not looked at again.
        Raises UnspeakableText where the text becomes far too long.
        """
        if not self._spellings:
            return text
        text = unicodedata.normalize("NFC", text)
        parts: list[str] = []
        done, size = 0, 0
        for start, end, spelling in self._find(text):
            parts += [text[done:start], spelling]
            done, size = end, size + len(spelling)
            if size > MAX_GROWTH * len(text) + MAX_EXTRA_CHARS:
                raise UnspeakableText(TOO_LONG)
        return "".join([*parts, text[done:]])

    def _find(self, text: str) -> Iterator[tuple[int, int, str]]:
        folded, places = fold_with_places(text)
        at = 0
        while at < len(folded):
            for length in self._lengths.get(folded[at], ()):
                end = at + length
                spelling = self._spellings.get(folded[at:end]) if end <= len(folded) else None
                if spelling is None or not self._is_word(text, folded, places, at, end):
                    continue
                yield places[at], places[end], spelling
                at = end
                break
            else:
                at += 1

    def _is_word(self, text: str, folded: str, places: list[int], start: int, end: int) -> bool:
        """Whether it begins and ends with a character of the text, and with a word."""
        if (start and places[start - 1] == places[start]) or places[end - 1] == places[end]:
            return False
        return self._is_apart(text, places[start]) and self._is_apart(text, places[end])

    def _is_apart(self, text: str, place: int) -> bool:
        if not 0 < place < len(text):
            return True
        before, after = text[place - 1], text[place]
        if unicodedata.category(after)[0] == "M":  # it belongs to the character before
            return False
        is_within_word = belongs_to_word(before) and belongs_to_word(after)
        return not is_within_word or not (self._is_spaced or (before.isascii() and after.isascii()))


def belongs_to_word(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.category(character)[0] == "M"


def fold(word: str) -> str:
    return fold_with_places(unicodedata.normalize("NFC", word))[0]


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """The text without capitals, and where in the text each of its characters comes from: "ß" becomes two.

    The last place is the end of the text.
    """
    folded, places = [], []
    for place, character in enumerate(text):
        small = "'" if character in APOSTROPHES else " " if character.isspace() else character.casefold()
        folded.append(small)
        places += [place] * len(small)
    return "".join(folded), [*places, len(text)]
