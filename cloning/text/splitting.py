"""Cuts a text into segments that an engine speaks in one go."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from cloning.text.normalising import READINGS, normalize_paragraphs
from cloning.text.normalising.common.language import Language
from cloning.text.speakable import UnspeakableText

FILL = 0.9
"""Share of the engine's limit that a segment may have."""

MAX_GROWTH = 15
MAX_EXTRA_CHARS = 1_000
"""A text that has more characters when read than MAX_GROWTH times its own, and these, is refused. "999 999" in words is
twelve times as long; nothing but signs ("®", in Spanish "marca registrada") is longer.
"""

SENTENCE_GAP_SECONDS = 0.35
CLAUSE_GAP_SECONDS = 0.15
WORD_GAP_SECONDS = 0.05
PARAGRAPH_GAP_SECONDS = 0.75

SENTENCE = re.compile(r"(?<=[.!?؟।])\s+(?![a-zа-яё])|(?<=[।॥。！？])\s*")
CLAUSE = re.compile(r"(?<=[,;:.!?،؛])\s+|(?<=[、，；：])\s*")
FULL_STOPS = ".!?。！？।॥؟"
FINAL_PAUSES = " ,;:、，；：،؛'-"


@dataclass(frozen=True)
class Segment:
    """Text to be spoken in one go, and the silence that follows it (0.0 after the last)."""

    text: str
    pause_seconds: float
    speaker: str = ""
    """Of a dialogue: the folded name of who says it."""
    due_seconds: float | None = None
    """Of subtitles: when it is to be heard …"""
    room_seconds: float | None = None
    """… and until when there is time for it, from then on."""
    is_notice: bool = False


@dataclass
class Piece:
    text: str
    gap_seconds: float
    ends_paragraph: bool = False


@dataclass
class Line:
    text: str
    ends_paragraph: bool


def split(text: str, language: str, max_chars: int, first_chars: int | None = None) -> list[Segment]:
    """Normalized segments in reading order, each within 90 % of `max_chars` and with a letter in it.

    Cuts at sentence ends where it can, else after commas, else at spaces, else anywhere. A segment never
    holds two lines, unless one is too short to be spoken well (a list item); nor two paragraphs, which a blank line
    separates, unless one is hardly a word. All end in a full stop, question or exclamation mark. `language` is a key
    of LANGUAGES.

    With `first_chars`, at least three times `min_segment_chars`, sound comes early: no more than so many are spoken
    first, and then no more than have been spoken and as many again, until segments are full. Who listens meanwhile
    never waits for an engine that speaks twice as fast as people do. Only the last segment may have what is too short
    to be spoken alone besides.

    Raises UnspeakableText when nothing can be said (only emoji, punctuation, invisible characters), or far more than
    was written.
    """
    if not (segments := find_segments(text, language, max_chars, first_chars)):
        raise UnspeakableText
    return segments


def find_segments(text: str, language: str, max_chars: int, first_chars: int | None = None) -> list[Segment]:
    """As `split`, but none where nothing can be said."""
    reading = READINGS[language]
    lines = deque(find_lines(text, language))
    if sum(len(line.text) for line in lines) > MAX_GROWTH * len(text) + MAX_EXTRA_CHARS:
        raise UnspeakableText(
            f"Read out, this text is more than {MAX_GROWTH} times as long: write its signs as words."
        )
    max_chars = int(max_chars * FILL) - 1  # room for a full stop
    pieces = cut_off_beginning(lines, first_chars, max_chars, reading) if first_chars else []
    for line in lines:
        packed = pack(cut(line.text, max_chars, reading), max_chars, reading)
        packed = join_short_pieces(packed, max_chars, reading)
        if packed:
            packed[-1] = Piece(packed[-1].text, PARAGRAPH_GAP_SECONDS, line.ends_paragraph)
        pieces += packed
    pieces = join_short_pieces(pieces, max_chars, reading)
    if pieces:
        pieces[-1].gap_seconds = 0.0
    return [Segment(end_sentence(piece.text, reading), piece.gap_seconds) for piece in pieces]


def find_lines(text: str, language: str) -> list[Line]:
    return [
        Line(line, ends_paragraph=index == len(paragraph))
        for paragraph in normalize_paragraphs(text, language)
        for index, line in enumerate(paragraph, 1)
    ]


def cut_off_beginning(
    lines: deque[Line], first_chars: int, max_chars: int, language: Language
) -> list[Piece]:
    """Takes the pieces of a text that are not yet full off its lines."""
    pieces: list[Piece] = []
    while lines and first_chars + count_chars(pieces) < max_chars:
        heading = ""
        if pieces and is_incomplete(pieces[-1], language):
            heading = join(end_sentence(pieces.pop().text, language), "", language)
        room = first_chars + count_chars(pieces) - len(heading) - 1  # for a full stop
        line = lines.popleft()
        piece, rest = cut_off(line.text, room, language, is_first=not pieces and not heading)
        piece.text = heading + piece.text
        if rest:
            lines.appendleft(Line(rest, line.ends_paragraph))
        else:
            piece.ends_paragraph = line.ends_paragraph
        if heading or any(map(str.isalpha, piece.text)):
            pieces.append(piece)
    return pieces


def is_incomplete(piece: Piece, language: Language) -> bool:
    """Whether it is too short to be spoken by itself."""
    least = language.min_paragraph_chars if piece.ends_paragraph else language.min_segment_chars
    return len(piece.text) < least


def count_chars(pieces: list[Piece]) -> int:
    return sum(len(piece.text) for piece in pieces)


def cut_off(
    paragraph: str, max_chars: int, language: Language, *, is_first: bool = False
) -> tuple[Piece, str]:
    """The beginning of a paragraph, and the rest, which is long enough to be spoken.

    Cuts at a sentence's end, else at a clause's, if they are not too near; else between words. As late as it can;
    what is spoken first, for somebody who waits, after its first clause.
    """
    if not paragraph or fits(paragraph, max_chars):
        return Piece(paragraph, PARAGRAPH_GAP_SECONDS), ""
    last_rest = max(1, len(paragraph) - language.min_segment_chars)
    last = min(max_chars, last_rest)
    half, quarter = max_chars // 2, max(max_chars // 4, language.min_segment_chars)
    for pattern, gap_seconds, first in (
        *([(CLAUSE, CLAUSE_GAP_SECONDS, quarter)] if is_first else []),
        (SENTENCE, SENTENCE_GAP_SECONDS, half),
        (SENTENCE, SENTENCE_GAP_SECONDS, quarter),
        (CLAUSE, CLAUSE_GAP_SECONDS, half),
        (CLAUSE, CLAUSE_GAP_SECONDS, quarter),
        (language.word_end, WORD_GAP_SECONDS, quarter),
    ):
        # What follows the space has to be seen, too.
        found = pattern.finditer(paragraph, first, last + 2)
        ends = [end for end in found if end.start() <= last and end.end() <= last_rest]
        if ends:
            end = ends[0] if is_first and pattern is CLAUSE else ends[-1]
            beginning = paragraph[: end.start()]
            if beginning[-1] in FULL_STOPS:
                gap_seconds = SENTENCE_GAP_SECONDS
            return Piece(beginning, gap_seconds), paragraph[end.end() :]
    return Piece(paragraph[:last], WORD_GAP_SECONDS), paragraph[last:]


def cut(paragraph: str, max_chars: int, language: Language) -> Iterator[Piece]:
    """Sentences; of one too long its clauses, of such a clause its words, of such a word parts."""
    for sentence in find_parts(SENTENCE, paragraph):
        if fits(sentence, max_chars):
            yield Piece(sentence, SENTENCE_GAP_SECONDS)
            continue
        for clause in find_parts(CLAUSE, sentence):
            if fits(clause, max_chars):
                yield Piece(clause, CLAUSE_GAP_SECONDS)
                continue
            words = (Piece(word, WORD_GAP_SECONDS) for word in cut_words(clause, max_chars, language))
            packed = pack(words, max_chars, language)
            packed[-1].gap_seconds = CLAUSE_GAP_SECONDS
            yield from packed


def fits(text: str, max_chars: int) -> bool:
    """With a full stop, for which there is room besides."""
    return len(text) <= max_chars + (text[-1] in FULL_STOPS)


def find_parts(pattern: re.Pattern[str], text: str) -> list[str]:
    return [part for part in pattern.split(text) if any(map(str.isalpha, part))]


def cut_words(clause: str, max_chars: int, language: Language) -> Iterator[str]:
    for word in language.word_end.split(clause):
        for start in range(0, len(word), max_chars):
            yield word[start : start + max_chars]


def pack(pieces: Iterable[Piece], max_chars: int, language: Language) -> list[Piece]:
    """Fills segments from left to right. A sentence that has to be cut begins one: its beginning ends no other."""
    packed: list[Piece] = []
    for piece in pieces:
        is_cut = packed and packed[-1].gap_seconds >= SENTENCE_GAP_SECONDS > piece.gap_seconds
        joined = join(packed[-1].text, piece.text, language) if packed and not is_cut else ""
        if joined and fits(joined, max_chars):
            packed[-1] = Piece(joined, piece.gap_seconds)
        else:
            packed.append(piece)
    return packed


def join(first: str, second: str, language: Language) -> str:
    return f"{first} {second}" if language.is_spaced or first[-1].isascii() else first + second


def join_short_pieces(pieces: list[Piece], max_chars: int, language: Language) -> list[Piece]:
    """A short piece goes to the one after it, the last to the one before it, which gives words up if it's too long."""
    kept: list[Piece] = []
    for piece in pieces:
        if kept and is_incomplete(kept[-1], language):
            kept += merge(kept.pop(), piece, max_chars, language)
        else:
            kept.append(piece)
    if len(kept) > 1 and is_incomplete(kept[-1], language):
        last = kept.pop()
        kept += merge(kept.pop(), last, max_chars, language)
    return kept


def merge(first: Piece, second: Piece, max_chars: int, language: Language) -> list[Piece]:
    """One piece, or two where they are too long for that."""
    is_paragraph = first.gap_seconds == PARAGRAPH_GAP_SECONDS
    ended = end_sentence(first.text, language) if is_paragraph else first.text
    joined = join(ended, second.text, language)
    if fits(joined, max_chars):
        return [replace(second, text=joined)]
    beginning, rest = cut_off(joined, max_chars, language)
    return [beginning, replace(second, text=rest)]


def end_sentence(text: str, language: Language) -> str:
    text = text.rstrip(FINAL_PAUSES)
    return text if text[-1] in FULL_STOPS else text + language.full_stop
