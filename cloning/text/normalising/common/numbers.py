"""Numbers with something around them: telephone numbers, ranges, fractions, ordinals; and all that is left."""

import re

from cloning.text.normalising.common.amounts import NUMBER, read_number
from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.letters import has_vowel, name_letters

PHONE = re.compile(r"(?<![\w.,/-])((?:\+\d{1,3}[ -]?)?\(?\d{2,6}\)?(?:[ /-]\d{2,8}){1,6})(?![\w/-]|[.,]\d)")
MIN_PHONE_DIGITS = 6
RANGE = re.compile(r"(\d(?:st|nd|rd|th|er|e|º|ª|%|[€£$]|°C?)?)(?: [–—-] |[–—-])(?=[$€£¥]?\d)")
RATIO = re.compile(r"(?<![\d:])(\d{1,3}):(\d)(?![\d:])")
FRACTION = re.compile(r"(?<![\d/.,])(?:(\d{1,6}) )?(1/2|1/4|3/4)(?![\d/])")
TIMES = re.compile(r"(?<=\d) ?[x×*] ?(?=\d)")
NEGATIVE = re.compile(r"(?<![\w)])-(?=\d)")
APOSTROPHE_THOUSANDS = re.compile(r"(?<=\d)'(?=\d{3}(?!\d))")
SPACED_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3}(?: \d{3})+)(?!\d)")
SPACED_MILLIONS = re.compile(r"(?<![\d.,])(\d{1,3}(?: \d{3}){2,})(?!\d)")
LETTERS_BEFORE_DIGIT = re.compile(r"(?<!\w)([A-Za-z]{2,4})-?(?=\d)")
ANY_NUMBER = re.compile(NUMBER)
MAX_ORDINAL_DIGITS = 6


def read_phone_numbers(text: str, language: Language) -> str:
    text = language.read_own_phone_numbers(text)
    return PHONE.sub(lambda match: read_phone_number(match[1], language), text)


def read_phone_number(written: str, language: Language) -> str:
    looks_like_one = written[0] in "+0(" or written.count("-") >= 2
    if not looks_like_one or sum(map(str.isdigit, written)) < MIN_PHONE_DIGITS:
        return written
    plus = language.vocabulary.symbols["+"] + " " if written.startswith("+") else ""
    return f" {plus}{spell_groups(written, language)} "


def spell_groups(written: str, language: Language) -> str:
    return ", ".join(language.spell_digits(group) for group in re.findall(r"\d+", written))


def read_ranges_and_fractions(text: str, language: Language) -> str:
    symbols = language.vocabulary.symbols
    text = APOSTROPHE_THOUSANDS.sub("", text)
    spaced = SPACED_THOUSANDS if language.has_decimal_comma else SPACED_MILLIONS
    text = spaced.sub(lambda match: match[1].replace(" ", ""), text)
    text = FRACTION.sub(lambda match: read_fraction(match, language), text)
    text = TIMES.sub(f" {symbols['×']} ", text)
    text = RANGE.sub(rf"\1 {symbols['range']} ", text)
    text = NEGATIVE.sub(f" {symbols['minus']} ", text)
    return RATIO.sub(rf"\1 {symbols['range']} \2", text)


def read_fraction(match: re.Match[str], language: Language) -> str:
    whole = f"{match[1]} {language.vocabulary.symbols['&']} " if match[1] else ""
    return whole + language.vocabulary.fractions[match[2]]


def read_ordinals(text: str, language: Language) -> str:
    if language.ordinal_mark:
        text = language.ordinal_mark.sub(lambda match: read_ordinal(match, language), text)
    return language.read_dotted_ordinals(text) if language.has_dot_ordinals else text


def read_ordinal(match: re.Match[str], language: Language) -> str:
    digits, mark = match.groups()
    if len(digits) > MAX_ORDINAL_DIGITS:
        return f" {language.read_digits(digits)} "
    return f" {language.read_marked_ordinal(int(digits), mark)} "


def read_remaining_numbers(text: str, language: Language) -> str:
    text = LETTERS_BEFORE_DIGIT.sub(lambda match: spell_unvoiced(match[1], language) + " ", text)
    text = language.read_own_numbers(text)
    return ANY_NUMBER.sub(lambda match: f" {read_number(match[0], language)} ", text)


def spell_unvoiced(letters: str, language: Language) -> str:
    return name_letters(letters, language) if letters.islower() and not has_vowel(letters) else letters


def join_endings(text: str, language: Language) -> str:
    """What was written after an apostrophe comes back to the word before it: "1990's", "2024'te"."""
    return re.sub(r" '(?=\w)", "", text) if language.joins_endings else text.replace(" '", "'")
