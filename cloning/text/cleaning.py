"""From what was pasted to plain paragraphs: mark-up and characters nobody can hear go, the words stay."""

import html
import re
import unicodedata

LONGEST_LINE_JOINED = 55
"""A line at least this long without a full stop was wrapped by a program, not ended by its writer."""

DOT_ORDINAL_LANGUAGES = ("de", "pl", "tr", "cs", "hu")
"""Languages in which "3." is "third", so that one such line is not yet a numbered list."""

MAX_MARKS_ON_ONE_LETTER = 3

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


def paragraphs(text: str, language: str) -> list[str]:
    """The paragraphs of a pasted text, each on one line, without mark-up and unspeakable characters."""
    text = ENTITY.sub(lambda match: html.unescape(match[0]), text)
    text = LINK.sub(r"\1", TAG.sub(" ", text))
    lines = [" ".join(line.split()) for line in clean_characters(text).split("\n")]
    found: list[str] = []
    continues = False
    for index, line in enumerate(lines):
        if not line or RULE.match(line):
            continues = False
            continue
        spoken = _without_markup(line, _in_numbered_list(lines, index, language))
        starts_item = spoken != line
        if continues and not starts_item and _was_wrapped(lines[index - 1], line):
            found[-1] += ("" if language in ("zh", "ja") else " ") + spoken
        else:
            found.append(spoken)
        continues = True
    return found


def clean_characters(text: str) -> str:
    """NFC text without emoji, invisible, control and private characters; every decimal digit as 0 to 9."""
    text = re.sub(r"\r\n?|[\v\f\x85\u2028]", "\n", text).replace("\u2029", "\n\n")
    plain = "".join(_plain_character(character) for character in text)
    cleaned: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", plain):
        category = unicodedata.category(character)
        marks = marks + 1 if category[0] == "M" else 0
        if marks > MAX_MARKS_ON_ONE_LETTER or category == "Me" or "\ufe00" <= character <= "\ufe0f":
            continue
        if category == "Nd":
            cleaned.append(str(unicodedata.decimal(character)))
        elif category in ("So", "No", "Cn") and character not in "©®°":
            cleaned.append(" ")
        elif character == "\n" or category[0] != "C":
            cleaned.append(" " if category == "Zs" else character)
        elif character == "\t":
            cleaned.append(" ")
    return "".join(cleaned)


def _plain_character(character: str) -> str:
    if character.isascii():
        return character
    if character in REPLACED:
        return REPLACED[character]
    if character in KEPT_AS_IS:
        return character
    return unicodedata.normalize("NFKC", character)


def _without_markup(line: str, in_list: bool) -> str:
    line = BULLET.sub("", HEADING_OR_QUOTE.sub("", line))
    if in_list:
        line = LIST_NUMBER.sub(r"\1, ", line)
    if line.startswith("|"):
        line = ", ".join(cell for cell in (part.strip() for part in line.split("|")) if cell)
    return EMPHASIS.sub("", line)


def _in_numbered_list(lines: list[str], index: int, language: str) -> bool:
    if not LIST_NUMBER.match(lines[index]):
        return False
    neighbours = lines[max(0, index - 2) : index] + lines[index + 1 : index + 3]
    return language not in DOT_ORDINAL_LANGUAGES or any(LIST_NUMBER.match(line) for line in neighbours)


def _was_wrapped(previous: str, line: str) -> bool:
    if SENTENCE_END.search(previous[-8:]):
        return False
    return line[0].islower() or len(previous) >= LONGEST_LINE_JOINED
