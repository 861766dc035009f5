"""Who says what in a dialogue: "Anna: Good morning." at the beginning of a line."""

import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

MAX_SPEAKER_CHARS = 40
MAX_NAME_WORDS = 4
NO_NAME = frozenset('[]{}<>=/\\|"“”„«»!?;,…。！？、，')
COLONS = ":："
MARKUP = "*_#> \t\u00a0"


@dataclass(frozen=True)
class Turn:
    """What one speaker says before another does."""

    text: str
    speaker: str = ""
    """`fold_speaker` of the name; empty in a text that is no dialogue, and before the first name."""


@dataclass(frozen=True)
class Line:
    name: str
    """Empty where it begins with none."""
    text: str
    """Without the name."""


def fold_speaker(name: str) -> str:
    """The same for names that differ in case only."""
    return unicodedata.normalize("NFC", name).casefold()


def list_speakers(text: str) -> list[str]:
    """The names at the beginnings of lines, in order, each as it is written first."""
    names: dict[str, str] = {}
    for line in text.split("\n"):
        if name := read_line(line).name:
            names.setdefault(fold_speaker(name), name)
    return list(names.values())


def find_turns(text: str, speakers: Collection[str]) -> list[Turn]:
    """`speakers` are folded names. What begins with another name, or with none, belongs to the speaker before."""
    turns: list[Turn] = []
    for speaker, lines in group_lines(text, speakers):
        turns.append(Turn("\n".join(lines), speaker))
    return turns


def group_lines(text: str, speakers: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    speaker, lines = "", list[str]()
    for written in text.split("\n"):
        line = read_line(written)
        named = fold_speaker(line.name) if line.name else ""
        if named not in speakers:
            lines.append(written)
            continue
        if named != speaker and lines:
            yield speaker, lines
            lines = []
        speaker = named
        lines.append(line.text)
    yield speaker, lines


def read_line(line: str) -> Line:
    """A name is 1 to 40 characters and four words at most, and stands before a colon with a space, or the line's end.

    "**Anna:** …" and "Anna (whispering): …" are Anna's.
    """
    head = line[: 3 * MAX_SPEAKER_CHARS]
    at = next((place for place, character in enumerate(head) if character in COLONS), -1)
    rest = line[at + 1 :]
    is_apart = not rest or rest[0].isspace() or rest[0] in "*_" or line[at] == COLONS[1]
    if at < 0 or not is_apart:
        return Line("", line)
    name = head[:at].partition("(")[0] if head[:at].rstrip().endswith(")") else head[:at]
    name = " ".join(name.strip(MARKUP).split())
    if not is_name(name):
        return Line("", line)
    return Line(name, rest.lstrip("*_ \t\r\u00a0"))


def is_name(text: str) -> bool:
    return (
        0 < len(text) <= MAX_SPEAKER_CHARS
        and len(text.split()) <= MAX_NAME_WORDS
        and NO_NAME.isdisjoint(text)
        and any(map(str.isalpha, text))
        and text.isprintable()
    )
