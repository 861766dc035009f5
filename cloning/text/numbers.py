# ruff: noqa: SIM905
"""Numbers as words, in every language and without ever failing.

num2words reads most languages. It has no Chinese and no Hindi, runs Turkish words together and knows no Czech
ordinals: those are read here. Whatever nobody can follow (19 digits and more) is spelt digit by digit.
"""

from collections.abc import Callable
from functools import cache

from num2words import num2words

LONGEST_READ_DIGITS = 18
"""Longer numbers are spelt: nobody follows them as words, and readers begin to fail at 25 digits."""

HINDI_UNDER_HUNDRED = (
    "शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस "
    "बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस "
    "तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस "
    "चालीस इकतालीस बयालीस तैंतालीस चवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास "
    "पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ "
    "साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर "
    "सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उन्यासी "
    "अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी "
    "नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे"
).split()
HINDI_SCALES = (
    (10**11, "खरब"),
    (10**9, "अरब"),
    (10**7, "करोड़"),
    (10**5, "लाख"),
    (10**3, "हज़ार"),
    (100, "सौ"),
)

CHINESE_DIGITS = "零一二三四五六七八九"
CHINESE_SCALES = ((10**16, "京"), (10**12, "兆"), (10**8, "亿"), (10**4, "万"))

TURKISH_ONES = " bir iki üç dört beş altı yedi sekiz dokuz".split(" ")
TURKISH_TENS = " on yirmi otuz kırk elli altmış yetmiş seksen doksan".split(" ")
TURKISH_SCALES = (
    (10**15, "katrilyon"),
    (10**12, "trilyon"),
    (10**9, "milyar"),
    (10**6, "milyon"),
    (1000, "bin"),
    (100, "yüz"),
)

CZECH_ORDINALS = (
    "nultý první druhý třetí čtvrtý pátý šestý sedmý osmý devátý desátý jedenáctý dvanáctý třináctý čtrnáctý "
    "patnáctý šestnáctý sedmnáctý osmnáctý devatenáctý"
).split()
CZECH_TENS = "dvacátý třicátý čtyřicátý padesátý šedesátý sedmdesátý osmdesátý devadesátý".split()

KOREAN_ONES = " 한 두 세 네 다섯 여섯 일곱 여덟 아홉".split(" ")
KOREAN_TENS = " 열 스물 서른 마흔 쉰 예순 일흔 여든 아흔".split(" ")

NUM2WORDS_NAMES = {"pt": "pt_BR"}  # XTTS learnt its Portuguese in Brazil: milhão, bilhão, dezesseis


def integer_words(number: int, language: str) -> str:
    """A number from 0 upwards in words: 21 → "twenty-one". Digit by digit from LONGEST_READ_DIGITS on."""
    digits = str(number)
    if len(digits) > LONGEST_READ_DIGITS:
        return digit_words(digits, language)
    if reader := OWN_READERS.get(language):
        return reader(number)
    words = num2words(number, lang=NUM2WORDS_NAMES.get(language, language))
    words = words.replace(",", "")
    return words.replace(" و ", " و") if language == "ar" else words


def digit_words(digits: str, language: str) -> str:
    """Each digit by itself: "007" → "zero zero seven"; with a comma after every fourth of a long row."""
    words = [_digit_name(digit, language) for digit in digits]
    if language in ("zh", "ja"):
        return "".join(words)
    groups = [" ".join(words[start : start + 4]) for start in range(0, len(words), 4)]
    return (", " if len(words) > 8 else " ").join(groups)


@cache
def _digit_name(digit: str, language: str) -> str:
    if language == "ja" and digit == "0":
        return "ゼロ"
    return integer_words(int(digit), language)


def year_words(year: int, language: str) -> str:
    """A year the way it is said: "nineteen eighty-four", "neunzehnhundertvierundachtzig"; else the number."""
    if language == "en" and (1100 <= year <= 1999 or 2010 <= year <= 2099):
        century, rest = divmod(year, 100)
        if rest == 0:
            return f"{integer_words(century, language)} hundred"
        return (
            f"{integer_words(century, language)} {'oh ' if rest < 10 else ''}{integer_words(rest, language)}"
        )
    if language == "nl" and 1100 <= year <= 1999 and year % 100 > 9:
        return integer_words(year // 100, language) + integer_words(year % 100, language)
    if language == "de" and 1100 <= year <= 1999:
        return num2words(year, lang="de", to="year")
    return integer_words(year, language)


def ordinal_words(number: int, language: str) -> str:
    """The ordinal in its plainest form (masculine nominative): 3 → "third", "dritte", "třetí".

    Falls back to the cardinal where a language forms none, and for numbers no reader takes.
    """
    if language == "cs":
        return _czech_ordinal(number)
    if language in ("ar", "hi", "zh", "ja"):
        return ORDINAL_PREFIXES.get(language, "") + integer_words(number, language)
    if language == "tr":
        return _turkish_ordinal(number)
    if not 1 <= number <= 999_999 or (language == "ko" and number > 99):
        return integer_words(number, language)
    words = num2words(number, lang=NUM2WORDS_NAMES.get(language, language), to="ordinal")
    return words.replace(",", "")


ORDINAL_PREFIXES = {"zh": "第"}


def native_korean_words(number: int) -> str:
    """Korean's own numbers, for counters and hours: 3 → "세" (세 개, 세 시). 1 to 99, else Sino-Korean."""
    if not 1 <= number <= 99:
        return integer_words(number, "ko")
    if number == 20:
        return "스무"
    return KOREAN_TENS[number // 10] + KOREAN_ONES[number % 10]


def _hindi(number: int) -> str:
    if number < 100:
        return HINDI_UNDER_HUNDRED[number]
    words = []
    for value, name in HINDI_SCALES:
        if number >= value:
            words += [_hindi(number // value), name]
            number %= value
    return " ".join(words + ([HINDI_UNDER_HUNDRED[number]] if number else []))


def _chinese(number: int) -> str:
    words = _chinese_groups(number)
    return words.removeprefix("一") if words.startswith("一十") else words


def _chinese_groups(number: int) -> str:
    for value, name in CHINESE_SCALES:
        if number >= value:
            rest = number % value
            zero = "零" if 0 < rest < value // 10 else ""
            return _chinese_groups(number // value) + name + (zero + _chinese_groups(rest) if rest else "")
    return _chinese_under_ten_thousand(number)


def _chinese_under_ten_thousand(number: int) -> str:
    words, skipped = "", False
    for value, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // value % 10
        if digit:
            words += ("零" if skipped and words else "") + CHINESE_DIGITS[digit] + name
        skipped = not digit
    return words or "零"


def _turkish(number: int) -> str:
    if number == 0:
        return "sıfır"
    words = []
    for value, name in TURKISH_SCALES:
        if number >= value:
            count = number // value
            words += [name] if count == 1 and value <= 1000 else [_turkish(count), name]
            number %= value
    words += [TURKISH_TENS[number // 10], TURKISH_ONES[number % 10]]
    return " ".join(filter(None, words))


def _turkish_ordinal(number: int) -> str:
    words = _turkish(number) if number < 10**LONGEST_READ_DIGITS else integer_words(number, "tr")
    if words.endswith("dört"):
        return words.removesuffix("t") + "düncü"
    vowels = [letter for letter in words if letter in "aeıioöuü"]
    ending = {"a": "ı", "ı": "ı", "e": "i", "i": "i", "o": "u", "u": "u", "ö": "ü", "ü": "ü"}[vowels[-1]]
    return words + ("nc" if words[-1] in vowels else f"{ending}nc") + ending


def _czech_ordinal(number: int) -> str:
    if number < 20:
        return CZECH_ORDINALS[number]
    if number < 100:
        tens = CZECH_TENS[number // 10 - 2]
        return f"{tens} {CZECH_ORDINALS[number % 10]}" if number % 10 else tens
    return integer_words(number, "cs")


OWN_READERS: dict[str, Callable[[int], str]] = {"hi": _hindi, "zh": _chinese, "tr": _turkish}
