"""Subtitles of spoken text, as SubRip (SRT) and as WebVTT.

Both are to be stored and sent as UTF-8.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

MAX_LINE_COLUMNS = 42
"""Chinese, Japanese and Korean characters take two of them."""
MAX_LINES = 2
MAX_CUE_SECONDS = 7.0
CLAUSE_BONUS = 0.2
"""So much of a cue's columns farther from its middle it is divided, if a clause ends there."""

WIDE = r"[\u1100-\u11ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]"
CLOSING = r"[、。，．！？：；）」』】〕》〉ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ]"
OPENING = r"[（「『【〔《〈]"
HANGUL = r"[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]"
UNIT = re.compile(
    rf"{OPENING}*(?!{HANGUL}){WIDE}{CLOSING}*\s*|(?:(?!(?!{HANGUL}){WIDE})\S)+{CLOSING}*\s*|\S\s*"
)
"""What is never divided between two lines: a word; a character of a script without spaces, and marks beside it."""
CLAUSE_END = re.compile(r"[,;:.!?،؛؟।、，。；：！？…]\s*$")
RIGHT_TO_LEFT_MARK = "\u200f"
WORD_JOINER = "\u2060"


@dataclass(frozen=True)
class Cue:
    """Text that is shown from one time to another, in seconds from the beginning of the sound."""

    start_seconds: float
    end_seconds: float
    text: str


def format_srt(cues: Iterable[Cue]) -> str:
    """A SubRip file: numbered cues, lines ended by CRLF. Empty when nothing is to be shown.

    A cue of more than two lines or 7 s is divided, its time in proportion to its characters. Cues come in order; one
    that begins before the one before it has ended begins later.
    """
    blocks = [
        f"{number}\n{format_times(cue, ',')}\n{wrap(cue.text, escape_srt)}\n\n"
        for number, cue in enumerate(divide_all(cues), 1)
    ]
    return "".join(blocks).replace("\n", "\r\n")


def format_webvtt(cues: Iterable[Cue]) -> str:
    """A WebVTT file. Cues are divided as in `format_srt`."""
    blocks = [f"\n{format_times(cue, '.')}\n{wrap(cue.text, escape_webvtt)}\n" for cue in divide_all(cues)]
    return "".join(["WEBVTT\n", *blocks])


def format_times(cue: Cue, decimal_mark: str) -> str:
    return " --> ".join(
        f"{milliseconds // 3_600_000:02}:{milliseconds // 60_000 % 60:02}:{milliseconds // 1000 % 60:02}"
        f"{decimal_mark}{milliseconds % 1000:03}"
        for milliseconds in (round(1000 * cue.start_seconds), round(1000 * cue.end_seconds))
    )


def escape_srt(line: str) -> str:
    """SubRip has no way to write "<", "{\\" or "-->" as text: players get something between that has no width."""
    return re.sub(r"<(?=[a-zA-Z/])|\{(?=\\)|-(?=->)", rf"\g<0>{WORD_JOINER}", line)


def escape_webvtt(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# Times


def divide_all(cues: Iterable[Cue]) -> Iterator[Cue]:
    """Cues that can be shown, with times in whole milliseconds that neither overlap nor are empty."""
    shown_until = 0
    for cue in cues:
        units = find_units(cue.text)
        if not units:
            continue
        for part in divide(units, cue.start_seconds, cue.end_seconds):
            start = max(shown_until, round(1000 * part.start_seconds))
            shown_until = max(start + 1, round(1000 * part.end_seconds))
            yield Cue(start / 1000, shown_until / 1000, part.text)


def divide(units: list[str], start_seconds: float, end_seconds: float) -> Iterator[Cue]:
    """One cue, if it can be shown at once, else its halves, each divided in turn."""
    seconds = end_seconds - start_seconds
    if len(units) == 1 or (seconds <= MAX_CUE_SECONDS and len(list(fill_lines(units))) <= MAX_LINES):
        yield Cue(start_seconds, end_seconds, "".join(units).strip())
        return
    columns = [count_columns(unit) for unit in units]
    middle = find_middle(units, columns)
    share = sum(columns[:middle]) / max(1, sum(columns))
    between_seconds = start_seconds + share * seconds
    yield from divide(units[:middle], start_seconds, between_seconds)
    yield from divide(units[middle:], between_seconds, end_seconds)


def find_middle(units: list[str], columns: list[int]) -> int:
    """The unit that the second half begins with."""
    total = sum(columns)
    best, best_distance, before = 1, float("inf"), 0
    for index in range(1, len(units)):
        before += columns[index - 1]
        distance = abs(total / 2 - before)
        if CLAUSE_END.search(units[index - 1]):
            distance -= CLAUSE_BONUS * total
        if distance < best_distance:
            best, best_distance = index, distance
    return best


# Lines


def find_units(text: str) -> list[str]:
    """What a line may begin with, each with the space that follows it; too long ones cut."""
    shown = "".join(" " if is_control(character) else character for character in text)
    return [part for unit in UNIT.findall(" ".join(shown.split())) for part in cut_unit(unit)]


def is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def cut_unit(unit: str) -> list[str]:
    if len(unit) <= MAX_LINE_COLUMNS // 2:
        return [unit]
    parts, columns = [""], 0
    for character in unit:
        width = count_columns(character)
        if width and columns + width > MAX_LINE_COLUMNS and not character.isspace():
            parts.append("")
            columns = 0
        parts[-1] += character
        columns += width
    return parts


def wrap(text: str, escape: Callable[[str], str]) -> str:
    """In lines of MAX_LINE_COLUMNS, of nearly the same length."""
    units = find_units(text)
    lines = list(fill_lines(units))
    if len(lines) == MAX_LINES:
        middle = find_middle(units, [count_columns(unit) for unit in units])
        halves = ["".join(units[:middle]).strip(), "".join(units[middle:]).strip()]
        if all(count_columns(half) <= MAX_LINE_COLUMNS for half in halves):
            lines = halves
    mark = RIGHT_TO_LEFT_MARK if is_right_to_left(text) else ""
    return "\n".join(f"{mark}{escape(line)}{mark}" for line in lines)


def fill_lines(units: Iterable[str]) -> Iterator[str]:
    line, columns = "", 0
    for unit in units:
        width = count_columns(unit)
        if line and columns + count_columns(unit.rstrip()) > MAX_LINE_COLUMNS:
            yield line.strip()
            line, columns = "", 0
        line += unit
        columns += width
    if line.strip():
        yield line.strip()


def count_columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(character) in ("Mn", "Me", "Cf")
        else 2 if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )  # fmt: skip


def is_right_to_left(text: str) -> bool:
    """Players that take each line for left-to-right would put its full stop at the wrong end."""
    directions = [unicodedata.bidirectional(character) for character in text]
    return directions.count("R") + directions.count("AL") > directions.count("L")
