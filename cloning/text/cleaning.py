"""From what was pasted to plain paragraphs: mark-up and characters that have no sound go, the words stay."""

import html
import re
import unicodedata
from collections.abc import Callable

MIN_WRAPPED_CHARS = 55
"""A line at least this long without a full stop was wrapped by a program, not ended by its writer."""

MAX_MARKS_ON_ONE_LETTER = 3
MAX_EXTRA_CHARS = 1_000
"""What writing out may add to a text besides its own length, so that a short text may be all signs."""

REPLACED = {
    "½": " 1/2", "¼": " 1/4", "¾": " 3/4", "№": "#", "℗": "©", "™": " ", "℠": " ", "´": "'", "`": "'",
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "ʼ": "'", "′": "'", "＇": "'", "−": "-", "‐": "-", "‑": "-",
    "‒": "–", "―": "—", "⸺": "—", "…": "...", "⋯": "...", "٫": ".", "٬": ",", "٪": "%",
    "‣": "•", "◦": "•", "▪": "•", "●": "•", "·": " ", "・": " ", "￥": "¥", "￡": "£",
    "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "‹": '"', "›": '"', "「": '"', "」": '"',
    "『": '"', "』": '"', "《": '"', "》": '"', "〈": '"', "〉": '"', "＂": '"', "″": '"', "〝": '"',
    "〟": '"', "～": "〜", "÷": "/", "⁄": "/", "∕": "/", "⁓": "-",
}  # fmt: skip
KEPT_AS_IS = frozenset("，。！？；：（）ºª") | {chr(code) for code in range(0x3130, 0x3190)}
"""NFKC would turn these into something else: East Asian punctuation, ordinal signs, Korean single letters."""

LIST_NUMBER = re.compile(r"^(\d{1,3})[.)]\s+(?=\S)")
BULLET = re.compile(r"^(?:[-*+•–]\s+(?:\[[ xX]\]\s+)?)+")
HEADING_OR_QUOTE = re.compile(r"^(?:#{1,6}\s+|(?:>\s?)+)")
RULE = re.compile(r"^[\s\-=_*~#|:+]{3,}$")
LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\([^()\s]{0,500}\)")
TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>")
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});")
EMPHASIS = re.compile(r"\*{1,3}|~~|(?<!\w)_{1,3}(?=\w)|(?<=\w)_{1,3}(?!\w)")
SENTENCE_END = re.compile(r"[.!?…:;。！？।؟][\"')）]*$")


def find_lines(text: str, *, is_spaced: bool, has_dot_ordinals: bool) -> list[str]:
    """The lines of a pasted text, without mark-up and unspeakable characters. One that a program wrapped is whole.

    An empty one stands between what blank lines or a rule separate.
    Where "3." is "third" (`has_dot_ordinals`) one line that begins with it is not yet a numbered list.
    """
    text = ENTITY.sub(lambda match: html.unescape(match[0]), text)
    text = LINK.sub(r"\1", TAG.sub(" ", text))
    lines = [" ".join(line.split()) for line in clean_characters(text).split("\n")]
    found: list[list[str]] = []
    continues = is_apart = False
    for index, line in enumerate(lines):
        if not line or RULE.match(line):
            continues, is_apart = False, bool(found)
            continue
        spoken = remove_markup(line, is_in_numbered_list(lines, index, has_dot_ordinals))
        starts_item = spoken != line
        if continues and not starts_item and is_wrapped(lines[index - 1], line):
            found[-1].append(spoken)
        else:
            found += [[], [spoken]] if is_apart else [[spoken]]
        continues, is_apart = True, False
    return [(" " if is_spaced else "").join(parts) for parts in found]


class CharacterTable(dict[int, str]):
    """For `str.translate`: asks for the replacement of each different character once."""

    def __init__(self, replace: Callable[[str], str]) -> None:
        self.replace = replace

    def __missing__(self, code: int) -> str:
        self[code] = self.replace(chr(code))
        return self[code]


def clean_characters(text: str) -> str:
    """NFC text without emoji, invisible, control and private characters; every decimal digit as 0 to 9.

    Signs that stand for several characters, as "…" and "ﷺ" (18 letters) do, are written out as long as the text at
    most doubles. A text of nothing else loses the rest of them.
    """
    text = re.sub(r"\r\n?|[\v\f\x85\u2028]", "\n", text).replace("\u2029", "\n\n")
    text = unicodedata.normalize("NFC", write_out(text))
    return limit_marks(text).translate(CharacterTable(clean_character))


def write_out(text: str) -> str:
    table = CharacterTable(write_out_character)
    room = len(text) + MAX_EXTRA_CHARS
    if len(written := text.translate(table)) <= len(text) + room:
        return written
    parts: list[str] = []
    for part in map(table.__getitem__, map(ord, text)):
        extra = len(part) - 1
        parts.append(part if extra <= room else " ")
        room -= extra if extra <= room else 0
    return "".join(parts)


def write_out_character(character: str) -> str:
    if character.isascii() or character in KEPT_AS_IS:
        return character
    return REPLACED.get(character) or unicodedata.normalize("NFKC", character)


def limit_marks(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if marks <= MAX_MARKS_ON_ONE_LETTER:
            kept.append(character)
    return "".join(kept)


def clean_character(character: str) -> str:
    category = unicodedata.category(character)
    if character == "\n" or character in "©®°":
        return character
    if category == "Me" or "\ufe00" <= character <= "\ufe0f":
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category in ("So", "No", "Cn", "Zs") or character == "\t":
        return " "
    return "" if category[0] == "C" else character


def remove_markup(line: str, in_list: bool) -> str:
    line = BULLET.sub("", HEADING_OR_QUOTE.sub("", line))
    if in_list:
        line = LIST_NUMBER.sub(r"\1, ", line)
    if line.startswith("|"):
        line = ", ".join(cell for cell in (part.strip() for part in line.split("|")) if cell)
    return EMPHASIS.sub("", line)


def is_in_numbered_list(lines: list[str], index: int, has_dot_ordinals: bool) -> bool:
    if not LIST_NUMBER.match(lines[index]):
        return False
    neighbours = lines[max(0, index - 2) : index] + lines[index + 1 : index + 3]
    return not has_dot_ordinals or any(LIST_NUMBER.match(line) for line in neighbours)


def is_wrapped(previous: str, line: str) -> bool:
    """Whether a program broke the line before this one, not its writer."""
    if SENTENCE_END.search(previous[-8:]):
        return False
    return line[0].islower() or len(previous) >= MIN_WRAPPED_CHARS
