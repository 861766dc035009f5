"""Cuts a text into segments that an engine speaks in one go."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cloning.text.languages import SEGMENT_LIMITS
from cloning.text.normalising import UNSPACED_LANGUAGES, normalise

FILL = 0.9
"""Share of the language's limit that a segment may have."""

SHORT_CHARACTERS = 16
SHORT_CHARACTERS_DENSE = 5
"""Shorter segments (second: Chinese, Japanese, Korean) make XTTS run on: they join their neighbour."""

SENTENCE_GAP_SECONDS = 0.35
CLAUSE_GAP_SECONDS = 0.15
WORD_GAP_SECONDS = 0.05
PARAGRAPH_GAP_SECONDS = 0.75

SENTENCE = re.compile(r"(?<=[.!?؟।])\s+(?![a-zа-яё])|(?<=[।॥。！？])\s*")
CLAUSE = re.compile(r"(?<=[,;:.!?،؛])\s+|(?<=[、，；：])\s*")
WORD = re.compile(r"\s+")
FINAL_PAUSE = re.compile(r"[\s,;:、，；：،؛'-]+$")


class UnspeakableText(ValueError):
    """The text holds nothing that can be said; the message is written for the person who sent it."""


@dataclass(frozen=True)
class Segment:
    """Text to be spoken in one go, and the silence that follows it (0.0 after the last)."""

    text: str
    pause_seconds: float


@dataclass
class _Piece:
    text: str
    gap_seconds: float


def split(text: str, language: str) -> list[Segment]:
    """Normalised segments in reading order, each within 90 % of the language's limit and with a letter in it.

    Cuts at sentence ends where it can, else after commas, else at spaces, else anywhere. A segment never
    holds two paragraphs, unless one is only a few characters long (a heading, a list item). All end in a
    full stop, question or exclamation mark. `language` is a key of LANGUAGES.

    Raises UnspeakableText when nothing can be said: only emoji, punctuation, invisible characters.
    """
    longest = int(SEGMENT_LIMITS[language] * FILL) - 1  # room for a full stop
    pieces: list[_Piece] = []
    for paragraph in normalise(text, language).split("\n\n"):
        packed = _packed(list(_fitting(paragraph, longest, language)), longest, language)
        if packed:
            packed[-1].gap_seconds = PARAGRAPH_GAP_SECONDS
        pieces += packed
    pieces = _without_short_pieces(pieces, longest, language)
    if not pieces:
        raise UnspeakableText(
            "There is nothing to speak in this text: it needs at least one letter or number."
        )
    pieces[-1].gap_seconds = 0.0
    return [Segment(_ended(piece.text, language), piece.gap_seconds) for piece in pieces]


def _fitting(paragraph: str, longest: int, language: str) -> Iterator[_Piece]:
    """Sentences; of one too long its clauses, of such a clause its words, of such a word parts."""
    for sentence in _parts(SENTENCE, paragraph):
        if len(sentence) <= longest:
            yield _Piece(sentence, SENTENCE_GAP_SECONDS)
            continue
        for clause in _parts(CLAUSE, sentence):
            if len(clause) <= longest:
                yield _Piece(clause, CLAUSE_GAP_SECONDS)
                continue
            parts = [_Piece(part, WORD_GAP_SECONDS) for part in _words(clause, longest)]
            parts = _packed(parts, longest, language)
            parts[-1].gap_seconds = CLAUSE_GAP_SECONDS
            yield from parts


def _parts(pattern: re.Pattern[str], text: str) -> list[str]:
    return [part for part in pattern.split(text) if any(map(str.isalpha, part))]


def _words(clause: str, longest: int) -> Iterator[str]:
    for word in WORD.split(clause):
        for start in range(0, len(word), longest):
            yield word[start : start + longest]


def _packed(pieces: list[_Piece], longest: int, language: str) -> list[_Piece]:
    """Fills segments from left to right."""
    packed: list[_Piece] = []
    for piece in pieces:
        joined = _joined(packed[-1].text, piece.text, language) if packed else ""
        if joined and len(joined) <= longest:
            packed[-1] = _Piece(joined, piece.gap_seconds)
        else:
            packed.append(piece)
    return packed


def _joined(first: str, second: str, language: str) -> str:
    return first + ("" if language in UNSPACED_LANGUAGES and not first[-1].isascii() else " ") + second


def _without_short_pieces(pieces: list[_Piece], longest: int, language: str) -> list[_Piece]:
    short = SHORT_CHARACTERS_DENSE if language in ("zh", "ja", "ko") else SHORT_CHARACTERS
    kept: list[_Piece] = []
    for index, piece in enumerate(pieces):
        is_last = index == len(pieces) - 1
        if kept and (len(kept[-1].text) < short or (is_last and len(piece.text) < short)):
            joined = _joined(_ended(kept[-1].text, language), piece.text, language)
            if len(joined) <= longest:
                kept[-1] = _Piece(joined, piece.gap_seconds)
                continue
        kept.append(piece)
    return kept


def _ended(text: str, language: str) -> str:
    text = FINAL_PAUSE.sub("", text)
    if text[-1] in ".!?。！？।॥؟":
        return text
    return text + {"zh": "。", "ja": "。", "hi": "।"}.get(language, ".")
