"""Signs that are left: those with a name are read, the others go or become pauses. Then punctuation is put in order."""

import re
import unicodedata

from cloning.text.cleaning import CharacterTable
from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import CURRENCIES

KEPT_PUNCTUATION = frozenset(".,!?;:'-、。，！？；：¿¡।॥،؛؟")
FULL_STOPS = ".!?。！？।॥؟"
PAUSES = ",;:、，；：،؛"
WIDE = dict(zip(".,!?;:", "。，！？；：", strict=True))
STRONGEST_FIRST = "?？؟!！"

HASH_BESIDE_LETTER = re.compile(r"#(?=[^\W\d_])|(?<=[^\W\d_])#")
OUTER_APOSTROPHE = re.compile(r"(?<![^\W\d_])'|'(?![^\W\d_])")
OUTER_HYPHEN = re.compile(r"(?<!\w)-+|-+(?!\w)")
PUNCTUATION = re.compile(rf"[{FULL_STOPS}{PAUSES}]{{2,}}")
STOP_BEFORE_LETTER = re.compile(r"([.,;:!?،؛؟])(?=[^\W\d_])")
SPACE_BETWEEN_WIDE = re.compile(r"(?<=[^\x00-\u02ff]) +(?=[^\x00-\u02ff])")
STOP_AFTER_WIDE = re.compile(r"(?<=[^\x00-\u02ff])[.,!?;:] *")

# These may only begin where a run does: otherwise one that ends in no match is scanned again from each place in it.
PAUSE_SIGNS = re.compile(r"(?:(?<! ) ++)?(?:—|–|〜|(?<= )-++(?= )|--++|[()\[\]{}（）【】〔〕|])++ *")
ELLIPSIS = re.compile(r"(?<!\.)\.{2,}+ *+(?=([^\W\d_A-Z]))")
SPACE_BEFORE_PUNCTUATION = re.compile(rf"(?<! ) ++(?=[{FULL_STOPS}{PAUSES}])")


def read_symbols(text: str, language: Language) -> str:
    vocabulary = language.vocabulary
    text = HASH_BESIDE_LETTER.sub(" ", text)
    for symbol in "&+=@#×©®":
        text = text.replace(symbol, f" {vocabulary.symbols[symbol]} ")
    nouns = {"%": vocabulary.symbols["%"], "°": vocabulary.units["°"]}
    nouns |= {symbol: vocabulary.currencies[symbol] for symbol in CURRENCIES}
    for symbol, forms in nouns.items():
        text = text.replace(symbol, f" {language.choose_form(forms, '5')} ")
    text = PAUSE_SIGNS.sub(", " if language.is_spaced else "，", text)
    return text.translate(CharacterTable(keep_if_spoken))


def keep_if_spoken(character: str) -> str:
    if character.isspace() or character in KEPT_PUNCTUATION or unicodedata.category(character)[0] in "LM":
        return character
    return "" if character == '"' else " "


def order_punctuation(text: str, language: Language) -> str:
    if not language.has_inverted_marks:
        text = re.sub(r"[¿¡]", " ", text)
    text = OUTER_APOSTROPHE.sub("", text)
    text = OUTER_HYPHEN.sub(" ", text)
    text = ELLIPSIS.sub(lambda match: ", " if match[1].islower() else ". ", text)
    text = SPACE_BEFORE_PUNCTUATION.sub("", text)
    text = PUNCTUATION.sub(lambda match: choose_strongest(match[0]), text)
    text = "\n".join(strip_punctuation(line) for line in text.split("\n"))
    if language.is_spaced:
        text = STOP_BEFORE_LETTER.sub(r"\1 ", text)
    else:
        text = SPACE_BETWEEN_WIDE.sub("", text)
        text = STOP_AFTER_WIDE.sub(lambda match: WIDE[match[0][0]], text)
    return unicodedata.normalize("NFC", re.sub(r" {2,}", " ", text))


def strip_punctuation(line: str) -> str:
    return line.lstrip(f" {FULL_STOPS}{PAUSES}'-").rstrip(f" {PAUSES}'-")


def choose_strongest(run: str) -> str:
    for mark in STRONGEST_FIRST:
        if mark in run:
            return mark
    return next((mark for mark in run if mark in FULL_STOPS), run[0])
