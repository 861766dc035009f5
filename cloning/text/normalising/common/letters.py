"""Capitals: what is shouted and what is an acronym. And how letters are called."""

import re
import unicodedata
from functools import lru_cache

from cloning.text.normalising.common.language import Language

CYRILLIC_LETTERS = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "а бэ вэ гэ дэ е ё жэ зэ и й ка эль эм эн о пэ эр эс тэ у эф ха цэ че ша ща ъ ы ь э ю я".split(),
        strict=True,
    )
)
VOWELS = frozenset("aeiouyаеёиоуыэюя")

PRONOUNCEABLE = re.compile(
    r"^(?:[BCDFGKPSTW]?[LRH]|S[CKLMNPTW]|[^AEIOU])?(?:[AEIOU]{1,2}[^AEIOU]{1,2})*[AEIOU]{0,2}$"
)
ROMAN_NUMERAL = re.compile(r"^X{0,3}(?:IX|IV|V?I{0,3})$")
ACRONYM = re.compile(r"(?<![A-Za-zÀ-ɏЀ-ӿ'])([A-ZА-ЯЁ]{2,6})('?s)?(?![A-Za-zÀ-ɏЀ-ӿ])")
DOTTED_ACRONYM = re.compile(r"(?<!\w)((?:[A-ZА-ЯЁ]\. ?){2,8})(?= |$|[,;:!?)])", re.MULTILINE)
INITIAL = re.compile(
    r"(^|[.!?,;:(] |(?<!\w)[A-Z] |[^\W\d_]{2} )([A-ZА-ЯЁ])\. (?=[^\W\d_a-zа-яё])", re.MULTILINE
)
LONE_LETTER_BEFORE_STOP = re.compile(r"(?<![^\W_])([A-Za-z])(?=\.)")

SENTENCE = re.compile(r"[^.!?\n]+")
WORD = re.compile(r"[^\W\d_]+")
LONG_WORD = re.compile(r"[^\W\d_]{2,}")
MIN_SHOUTED_SHARE = 0.6


def lower_shouting(text: str, language: Language) -> str:
    """Lower-cases sentences written in capitals, so that their words aren't taken for acronyms."""
    return SENTENCE.sub(lambda match: lower_if_shouted(match[0]), language.lower_own_capitals(text))


def lower_if_shouted(sentence: str) -> str:
    words = WORD.findall(sentence)
    all_capitals = all(map(str.isupper, words))
    words = [word for word in words if len(word) > 1]
    capitals = [word for word in words if word.isupper()]
    if len(words) < 2 or len(capitals) < MIN_SHOUTED_SHARE * len(words):
        return sentence
    longest = max((len(word) for word in capitals if has_vowel(word)), default=0)
    if longest >= 5 or (longest == 4 and len(words) > 2 and all_capitals):
        return LONG_WORD.sub(lambda match: match[0].lower() if has_vowel(match[0]) else match[0], sentence)
    return sentence


@lru_cache(maxsize=4_000)
def has_vowel(word: str) -> bool:
    """True also for a word of an alphabet that isn't spelt letter by letter here."""
    plain = unicodedata.normalize("NFD", word.lower())
    is_spelt_alphabet = plain[0].isascii() or plain[0] in CYRILLIC_LETTERS
    return not is_spelt_alphabet or not VOWELS.isdisjoint(plain)


def spell_acronyms(text: str, language: Language) -> str:
    text = DOTTED_ACRONYM.sub(lambda match: spell_dotted_acronym(match, language), text)
    text = INITIAL.sub(r"\1\2 ", text)
    text = ACRONYM.sub(lambda match: spell_acronym(match, language), text)
    return LONE_LETTER_BEFORE_STOP.sub(lambda match: name_letters(match[1], language), text)


def spell_dotted_acronym(match: re.Match[str], language: Language) -> str:
    letters = re.sub(r"[^\w]", "", match[1])
    ends_paragraph = match.string[match.end() : match.end() + 1] in ("", "\n")
    stop = "." if ends_paragraph else ""
    if " " in match[1].strip():
        return " ".join(letters) + (stop or " ")
    return name_letters(letters, language) + (stop or (" " if match[1].endswith(" ") else ""))


def spell_acronym(match: re.Match[str], language: Language) -> str:
    word, plural = match[1], (match[2] or "").removeprefix("'")
    return name_letters(word, language) + plural if is_acronym(word, language) else match[0]


def is_acronym(word: str, language: Language) -> bool:
    if word.lower() in language.vocabulary.stressed or ROMAN_NUMERAL.match(word):
        return False
    if not has_vowel(word):
        return True
    return len(word) <= 3 or (len(word) == 4 and word.isascii() and not PRONOUNCEABLE.match(word))


def name_letters(word: str, language: Language) -> str:
    names = language.vocabulary.letters
    return " ".join(names.get(letter) or CYRILLIC_LETTERS.get(letter, letter) for letter in word.lower())
