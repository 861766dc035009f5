"""Everything written that is not a word, as words: numbers, dates, times, money, units, addresses, acronyms.

coqui-tts's own cleaner (`TTS/tts/layers/xtts/tokenizer.py`) fails on any digit in Hindi and on long
numbers, reads no Turkish decimals and few currencies, knows neither dates nor times, lower-cases acronyms
into syllables, and takes a letter before a full stop for a title ("plan B." becomes "plan bay" in Turkish).
It still runs after us, and finds nothing left to do but lower-casing and transliteration.

Every pattern is bounded, so that time grows with the length of the text whatever is pasted.
"""

import re
import unicodedata
from functools import cache

from num2words import num2words

from cloning.text.cleaning import DOT_ORDINAL_LANGUAGES, paragraphs
from cloning.text.numbers import (
    LONGEST_READ_DIGITS,
    digit_words,
    integer_words,
    native_korean_words,
    ordinal_words,
    year_words,
)
from cloning.text.vocabulary import (
    CURRENCIES,
    CURRENCY_CODES,
    CYRILLIC_LETTERS,
    LOCAL_UNITS,
    UNITS,
    VOCABULARIES,
    noun,
)

COMMA_DECIMAL_LANGUAGES = ("es", "fr", "de", "it", "pt", "pl", "tr", "ru", "nl", "cs", "hu")
UNSPACED_LANGUAGES = ("zh", "ja")
DIGIT_BY_DIGIT_DECIMALS = ("en", "de", "nl", "zh", "ja", "ko", "hi")

NUMBER = r"(?<!\d)(?<!\d[.,])\d++(?:[.,]\d++)*+"
CURRENCY = r"(?:(?:US|CA|AU|NZ|[AC])?\$|[€£¥₹₽]|(?:" + "|".join(CURRENCY_CODES) + r")(?!\w))"
SCALE = r"(?:\s?(k|m|bn|thousand|million|billion|trillion)(?!\w))?"
SCALE_WORDS = {"k": "thousand", "m": "million", "bn": "billion"}
TOP_LEVEL_DOMAINS = (
    "com|org|net|edu|gov|info|io|dev|app|ai|eu|de|fr|es|it|pt|br|pl|tr|ru|nl|be|cz|hu|cn|jp|kr|in|uk|us|ca|au"
)
URL = re.compile(
    r"\b(?:https?://|www\.)(?:www\.)?([^\s/?#\"'<>，。）)]{1,253})((?:/[^\s?#\"'<>，。）)]{0,300})?)"
    r"[^\s，。）)\"'<>]{0,500}"
)
EMAIL = re.compile(r"(?<![\w.+-])([\w.+-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63}){1,5})")
DOMAIN = re.compile(
    rf"(?<![\w.@-])((?:[a-z0-9-]{{1,63}}\.){{1,4}}(?:{TOP_LEVEL_DOMAINS}))((?:/[\w./-]{{0,200}})?)(?![\w@])"
)

YEAR_FIRST_DATE = re.compile(r"(?<![\d./-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\d/-]|[.]\d)")
YEAR_LAST_DATE = re.compile(r"(?<![\d./-])(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?![\d/-]|[.]\d)")
PHONE = re.compile(r"(?<![\w.,/-])((?:\+\d{1,3}[ -]?)?\(?\d{2,6}\)?(?:[ /-]\d{2,8}){1,6})(?![\w/-]|[.,]\d)")
RANGE = re.compile(r"(\d(?:st|nd|rd|th|er|e|º|ª|%|[€£$]|°C?)?)(?: [–—-] |[–—-])(?=[$€£¥]?\d)")
TIME = re.compile(
    r"(?<![\d:.,])([01]?\d|2[0-4])([:hH])([0-5]\d)(?::([0-5]\d))?(?![\d:]|[.,]\d)"
    r"(?:\s?(?:Uhr|uur|óra|h|बजे)(?!\w))?"
)
MONEY_BEFORE = re.compile(rf"(-?)({CURRENCY})\s?({NUMBER}){SCALE}")
MONEY_AFTER = re.compile(rf"({NUMBER})\s?({CURRENCY})(?!\d)")
FRACTION = re.compile(r"(?<![\d/.,])(?:(\d{1,6}) )?(1/2|1/4|3/4)(?![\d/])")
NEGATIVE = re.compile(r"(?<![\w)])-(?=\d)")
SPACED_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3}(?: \d{3})+)(?!\d)")
SPACED_MILLIONS = re.compile(r"(?<![\d.,])(\d{1,3}(?: \d{3}){2,})(?!\d)")

ORDINAL_MARKS = {
    "en": re.compile(r"(?<!\d)(\d++)(st|nd|rd|th)\b", re.IGNORECASE),
    "fr": re.compile(r"(?<!\d)(\d++)(ers?|ères?|res?|i?[eè]mes?|nde?|e)\b"),
    "es": re.compile(r"(?<!\d)(\d++)\.?(º|ª|ero|era|er|do|da|ro|ra|to|ta|mo|ma|vo|va|no|na)\b"),
    "it": re.compile(r"(?<!\d)(\d++)\.?(º|ª)"),
    "pt": re.compile(r"(?<!\d)(\d++)\.?(º|ª)"),
    "nl": re.compile(r"(?<!\d)(\d++)(ste|de|e)\b"),
    "ru": re.compile(r"(?<!\d)(\d++)-(го|му|ом|ой|ую|ый|ий|ая|ое|й|я|е|м|ю)\b"),
    "tr": re.compile(r"(?<!\d)(\d++)'?([ıiuü]?nc[ıiuü])\b"),
    "ko": re.compile(r"(?<!\d)(\d++)\s?(번째)"),
}
DOTTED_ORDINAL = re.compile(
    r"(?i:\b(der|die|das|am|im|vom|zum|beim|dem|den|des|bis|seit|ab) )?"
    r"(?<![\d.,])(\d{1,4})\. (?=([^\W\d_]))"
)
RUSSIAN_ENDINGS = {
    "го": ("m", "g"), "му": ("m", "d"), "ом": ("m", "p"), "м": ("m", "p"), "ой": ("f", "g"), "ую": ("f", "a"),
    "ю": ("f", "a"), "я": ("f", "n"), "ая": ("f", "n"), "е": ("n", "n"), "ое": ("n", "n"),
}  # fmt: skip
RUSSIAN_YEAR = re.compile(r"(?<![\d.,])(\d{4})\s(года|году|годом|год|г\.)(?!\w)")
RUSSIAN_YEAR_CASES = {"год": "n", "года": "g", "году": "p", "годом": "i", "г.": "g"}
GERMAN_DECLINING = r"(?i:am|im|vom|zum|beim|dem|den|des|bis|seit|ab|jeden|jedem)"
KOREAN_COUNTER = re.compile(
    r"(?<![\d.,])(\d{1,2})\s?(개|명|마리|살|시(?!간?장)|권|장|잔|병|대|사람|가지|그루|송이|켤레|시간)(?![\d])"
)
DECADE = re.compile(r"(?<![\d.,])(\d{1,3}0)'?s\b")

FEMININE_HOURS = {"fr": ("un", "une"), "es": ("uno", "una"), "it": ("uno", "una"), "pt": ("um", "uma")}
BEFORE_NOUN = {
    "de": (r"eins$", "ein"),
    "es": (r"uno$", "un"),
    "it": (r"^uno$", "un"),
    "cs": (r"jedna$", "jeden"),
}

PRONOUNCEABLE = re.compile(
    r"^(?:[BCDFGKPSTW]?[LRH]|S[CKLMNPTW]|[^AEIOU])?(?:[AEIOU]{1,2}[^AEIOU]{1,2})*[AEIOU]{0,2}$"
)
ROMAN_NUMERAL = re.compile(r"^X{0,3}(?:IX|IV|V?I{0,3})$")
ACRONYM = re.compile(r"(?<![A-Za-zÀ-ɏЀ-ӿ'])([A-ZА-ЯЁ]{2,6})('?s)?(?![A-Za-zÀ-ɏЀ-ӿ])")
DOTTED_ACRONYM = re.compile(r"(?<!\w)((?:[A-ZА-ЯЁ]\. ?){2,8})(?=\s|$|[,;:!?)])")
INITIAL = re.compile(r"(^|[.!?,;:(] |(?<!\w)[A-Z] |[^\W\d_]{2} )([A-ZА-ЯЁ])\. (?=[^\W\d_a-zа-яё])")
LETTERS_BEFORE_DIGIT = re.compile(r"(?<!\w)([A-Za-z]{2,4})-?(?=\d)")
LONE_LETTER_BEFORE_STOP = re.compile(r"(?<![^\W_])([A-Za-z])(?=\.)")


def normalise(text: str, language: str) -> str:
    """The text as it is spoken, paragraphs separated by a blank line. `language` is a key of LANGUAGES.

    No digit, emoji, mark-up, bracket, double quote or invisible character is left. Never fails; returns ""
    for a text with nothing to say in it. What has been normalised stays as it is when normalised again.
    """
    spoken = (_spoken(paragraph, language) for paragraph in paragraphs(text, language))
    return "\n\n".join(paragraph for paragraph in spoken if any(map(str.isalpha, paragraph)))


def _spoken(text: str, language: str) -> str:
    text = _without_shouting(text, language)
    text = _addresses(text, language)
    text = _abbreviations(text, language)
    text = _dates(text, language)
    text = _phone_numbers(text, language)
    text = _ranges_and_fractions(text, language)
    text = _times(text, language)
    text = _measures(text, language)
    text = _money(text, language)
    text = _ordinals(text, language)
    text = _remaining_numbers(text, language)
    text = _acronyms(text, language)
    text = _symbols(text, language)
    return _punctuation(text, language)


# Amounts


def _amount(token: str, language: str) -> str | None:
    """A written number in plain digits, "." before its decimals; None when it's not a single number."""
    separators = [character for character in token if character in ".,"]
    if not separators:
        return token
    last = separators[-1]
    groups = re.split(r"[.,]", token)
    if len(set(separators)) == 2 and separators.count(last) == 1:
        return "".join(groups[:-1]) + "." + groups[-1]
    thousands = "." if language in COMMA_DECIMAL_LANGUAGES else ","
    grouped = 1 <= len(groups[0]) <= 3 and groups[0] != "0" and len(groups[-1]) == 3
    grouped = grouped and all(
        len(group) in ((2, 3) if language in ("hi", "en") else (3,)) for group in groups[1:]
    )
    if len(set(separators)) == 1 and grouped and (last == thousands or len(separators) > 1):
        return "".join(groups)
    return ".".join(groups) if len(separators) == 1 else None


def _amount_words(amount: str, language: str) -> str:
    whole, _, fraction = amount.partition(".")
    words = _digits_or_integer(whole, language)
    if not fraction:
        return words
    spelt = fraction[0] == "0" or len(fraction) > 2 or language in DIGIT_BY_DIGIT_DECIMALS
    decimals = digit_words(fraction, language) if spelt else integer_words(int(fraction), language)
    return f"{words} {VOCABULARIES[language].symbols['point']} {decimals}"


def _digits_or_integer(digits: str, language: str) -> str:
    if len(digits) > LONGEST_READ_DIGITS or (len(digits) > 1 and digits[0] == "0"):
        return digit_words(digits, language)
    return integer_words(int(digits), language)


def _counted(token: str, forms: str, language: str) -> str:
    """A written number with its noun: "1,5" and "Kilometer" → "eins Komma fünf Kilometer"."""
    amount = _amount(token, language)
    if amount is None:
        return f" {token} {noun(forms, '2', language)} "
    words = _amount_words(amount, language)
    if "." not in amount and language in BEFORE_NOUN:
        words = re.sub(*BEFORE_NOUN[language], words).replace("veintiun", "veintiún")
    return f" {words} {noun(forms, amount, language)} "


def _remaining_numbers(text: str, language: str) -> str:
    text = LETTERS_BEFORE_DIGIT.sub(lambda match: _letters_before_digit(match[1], language) + " ", text)
    if language == "en":
        text = DECADE.sub(lambda match: f" {_decade(int(match[1]))} ", text)
    if language == "zh":
        text = re.sub(r"(?<!\d)(\d{4})(?=\s?年)", lambda match: digit_words(match[1], "zh"), text)
    if language == "ko":
        text = KOREAN_COUNTER.sub(lambda match: f" {native_korean_words(int(match[1]))} {match[2]}", text)
    if language == "hu":
        text = re.sub(r"(?<=\d)-(?=[a-zá-ű])", "'", text)
    words = re.sub(NUMBER, lambda match: f" {_number(match[0], language)} ", text)
    return re.sub(r" '(?=\w)", "", words) if language in ("tr", "hu") else words.replace(" '", "'")


def _number(token: str, language: str) -> str:
    if re.fullmatch(r"[1-9]\d{3}", token):
        return year_words(int(token), language)
    amount = _amount(token, language)
    if amount is not None:
        return _amount_words(amount, language)
    dot = f" {VOCABULARIES[language].symbols['.']} "
    return dot.join(_digits_or_integer(group, language) for group in re.split(r"[.,]", token))


def _decade(year: int) -> str:
    words = year_words(year, "en")
    return words.removesuffix("y") + "ies" if words.endswith("y") else words + "s"


# Dates and times


def _dates(text: str, language: str) -> str:
    text = YEAR_FIRST_DATE.sub(lambda match: _date(match, match[4], match[3], match[1], language), text)
    text = YEAR_LAST_DATE.sub(lambda match: _year_last_date(match, language), text)
    if language == "ru":
        text = RUSSIAN_YEAR.sub(_russian_year, text)
    if language in ("zh", "ja", "ko", "ar", "hi"):
        return re.sub(r"(?<!\d)(6|10)월", lambda match: {"6": "유월", "10": "시월"}[match[1]], text)
    names = "|".join(VOCABULARIES[language].months)
    day = r"(?<![\d.,:/-])(3[01]|[12]\d|0?[1-9])"
    if language == "en":
        text = re.sub(rf"\b({names}) {day}(?:st|nd|rd|th)?(?![\d:.]\d|\d)", _english_month_day, text)
        return re.sub(
            rf"{day}(?:st|nd|rd|th)? (?:of )?({names})\b",
            lambda match: f" {ordinal_words(int(match[1]), 'en')} of {match[2]}",
            text,
        )
    if language == "hu":
        text = re.sub(r"(?<![\d.,])(\d{4})\. ?(?=(?:" + names + r")\b)", r"\1 ", text)
        return re.sub(rf"\b({names}) {day}(?:\.|(?=-[aáeé]))(-[áé]n)?", _hungarian_month_day, text)
    return re.sub(
        rf"(\b{GERMAN_DECLINING} |\bder )?{day}(?:\.|er|º)? (?=(?:de )?(?:{names})\b)",
        lambda match: (match[1] or "") + f" {_day(int(match[2]), match[1], language)} ",
        text,
    )


def _year_last_date(match: re.Match[str], language: str) -> str:
    first, separator, second, year = match.groups()
    if separator == "-" and len(year) == 2:
        return match[0]
    month_first = (language == "en" and separator != "." and int(first) <= 12) or int(second) > 12
    day, month = (second, first) if month_first else (first, second)
    return _date(match, day, month, year, language)


def _date(match: re.Match[str], day: str, month: str, year: str, language: str) -> str:
    if not (1 <= int(day) <= 31 and 1 <= int(month) <= 12):
        return match[0]
    vocabulary = VOCABULARIES[language]
    if language == "en":
        spoken_day = ordinal_words(int(day), "en")
    elif language == "hu":
        spoken_day = _hungarian_day(int(day))
    else:
        spoken_day = _day(int(day), None, language)
    if len(year) == 2:
        spoken_year = digit_words(year, language) if year[0] == "0" else integer_words(int(year), language)
    elif language == "zh":
        spoken_year = digit_words(year, "zh")
    elif language == "ru":
        spoken_year = _russian_ordinal(int(year), "m", "g")
    else:
        spoken_year = year_words(int(year), language)
    return f" {vocabulary.date.format(d=spoken_day, m=vocabulary.months[int(month) - 1], y=spoken_year)} "


def _day(day: int, before: str | None, language: str) -> str:
    if language == "de":
        ordinal = ordinal_words(day, "de")
        return ordinal + ("r" if before is None else "" if before.strip().lower() == "der" else "n")
    if language == "pl":
        return " ".join(_polish_genitive(word) for word in ordinal_words(day, "pl").split())
    if language == "cs":
        genitives = (
            word[:-1] + ("ého" if word[-1] == "ý" else "ího") for word in ordinal_words(day, "cs").split()
        )
        return " ".join(genitives)
    if language == "ru":
        return _russian_ordinal(day, "n", "n")
    if day == 1 and language in ("fr", "it", "pt"):
        return ordinal_words(1, language)
    return integer_words(day, language)


def _polish_genitive(ordinal: str) -> str:
    return ordinal[:-1] + "ego" if ordinal.endswith("y") else ordinal + "ego"


def _russian_ordinal(number: int, gender: str, case: str) -> str:
    return num2words(number, lang="ru", to="ordinal", gender=gender, case=case)


def _russian_year(match: re.Match[str]) -> str:
    year = _russian_ordinal(int(match[1]), "m", RUSSIAN_YEAR_CASES[match[2]])
    return f" {year} {'года' if match[2] == 'г.' else match[2]}"


def _english_month_day(match: re.Match[str]) -> str:
    return f"{match[1]} {ordinal_words(int(match[2]), 'en')}"


def _hungarian_day(day: int) -> str:
    if day == 1:
        return "elseje"
    ordinal = ordinal_words(day, "hu")
    return ordinal + ("a" if re.search(r"[aáoóuú][^aáeéiíoóöőuúüű]*i?k$", ordinal) else "e")


def _hungarian_month_day(match: re.Match[str]) -> str:
    ordinal = _hungarian_day(int(match[2]))
    if match[3]:
        ordinal = ordinal[:-1] + match[3][1:]
    return f"{match[1]} {ordinal}"


def _times(text: str, language: str) -> str:
    return TIME.sub(lambda match: _time(match, language), text)


def _time(match: re.Match[str], language: str) -> str:
    hour, separator, minute, second = match.groups()
    if separator != ":" and language not in ("fr", "pt"):
        return match[0]
    words = _hour_words(int(hour), language)
    if minute == "00" and second is None:
        return f" {VOCABULARIES[language].hour.format(h=words)} "
    minutes = integer_words(int(minute), language)
    if language == "en" and minute[0] == "0":
        minutes = f"oh {minutes}" if minute != "00" else "hundred"
    spoken = VOCABULARIES[language].time.format(h=words, m=minutes)
    return f" {spoken} {integer_words(int(second), language) if second else ''} "


def _hour_words(hour: int, language: str) -> str:
    if language == "ko":
        return native_korean_words(hour) if 1 <= hour <= 12 else integer_words(hour, "ko")
    if language == "ja" and hour % 10 == 4:
        return {4: "よ", 14: "十よ", 24: "二十よ"}[hour]
    if language == "pl":
        feminine = (
            re.sub(r"y$", "a", re.sub(r"i$", "ia", word)) for word in ordinal_words(hour, "pl").split()
        )
        return " ".join(feminine).replace("drugia", "druga")
    words = integer_words(hour, language)
    if language in FEMININE_HOURS:
        masculine, feminine_one = FEMININE_HOURS[language]
        words = re.sub(rf"\b{masculine}$", feminine_one, words)
    if language == "pt":
        words = words.replace("dois", "duas")
    return "ein" if words == "eins" else words


# Money, measures, ordinals, ranges, telephone numbers


def _money(text: str, language: str) -> str:
    text = MONEY_BEFORE.sub(lambda match: _money_before(match, language), text)
    return MONEY_AFTER.sub(lambda match: _price(match[1], match[2], language), text)


def _money_before(match: re.Match[str], language: str) -> str:
    minus, symbol, token, scale = match.groups()
    sign = f" {VOCABULARIES[language].symbols['minus']} " if minus else ""
    if not scale:
        return sign + _price(token, symbol, language)
    if language != "en":
        return f"{sign}{_price(token, symbol, language)} {scale}"
    currency = noun(_currency_forms(symbol, "en"), "2", "en")
    return f"{sign} {_number(token, 'en')} {SCALE_WORDS.get(scale, scale)} {currency} "


def _price(token: str, symbol: str, language: str) -> str:
    forms = _currency_forms(symbol, language)
    amount = _amount(token, language)
    if amount and "." in amount and language in ("zh", "ja", "ko", "ar", "hi", "tr"):
        token = re.sub(r"\D?0*$", "", token)
    elif amount and re.fullmatch(r"\d+\.\d\d", amount):
        whole, cents = amount.split(".")
        return _counted(whole, forms, language) + (
            "" if cents == "00" else f"{integer_words(int(cents), language)} "
        )
    return _counted(token, forms, language)


def _currency_forms(symbol: str, language: str) -> str:
    return VOCABULARIES[language].currencies[CURRENCY_CODES.get(symbol, symbol[-1])]


@cache
def _measure_pattern(language: str) -> re.Pattern[str]:
    units = sorted((*UNITS, *LOCAL_UNITS.get(language, {})), key=len, reverse=True)
    return re.compile(rf"({NUMBER})\s?({'|'.join(map(re.escape, units))})(?![\w/])")


def _measures(text: str, language: str) -> str:
    vocabulary = VOCABULARIES[language]
    if language == "pt":
        text = re.sub(rf"R\$\s?({NUMBER})", r"\1 R$", text)
    units = dict(vocabulary.units) | LOCAL_UNITS.get(language, {})
    text = _measure_pattern(language).sub(lambda match: _counted(match[1], units[match[2]], language), text)
    if language in ("zh", "tr"):
        percent = vocabulary.symbols["%"]
        text = re.sub(rf"(?:%\s?({NUMBER})|({NUMBER})\s?%)", rf" {percent} \1\2 ", text)
    return re.sub(
        rf"({NUMBER})\s?%", lambda match: _counted(match[1], vocabulary.symbols["%"], language), text
    )


def _ordinals(text: str, language: str) -> str:
    if pattern := ORDINAL_MARKS.get(language):
        text = pattern.sub(lambda match: f" {_marked_ordinal(match[1], match[2], language)} ", text)
    if language in DOT_ORDINAL_LANGUAGES:
        text = DOTTED_ORDINAL.sub(lambda match: _dotted_ordinal(match, language), text)
    return text


def _marked_ordinal(digits: str, mark: str, language: str) -> str:
    if len(digits) > 6:
        return _digits_or_integer(digits, language)
    number = int(digits)
    if language == "ru":
        return _russian_ordinal(number, *RUSSIAN_ENDINGS.get(mark, ("m", "n")))
    ordinal = ordinal_words(number, language)
    if language == "fr" and number == 1 and mark.startswith(("r", "è")):
        return "première"
    if language == "es" and mark == "er":
        return re.sub(r"(prime|terce)ro$", r"\1r", ordinal)
    if language in ("es", "it", "pt") and (mark == "ª" or mark.endswith("a")):
        return re.sub(r"o\b", "a", ordinal)
    return ordinal


def _dotted_ordinal(match: re.Match[str], language: str) -> str:
    article, digits, following = match.groups()
    declined = language == "de" and article
    if not declined and not following.islower():
        return match[0]
    if len(digits) == 4 and language != "hu":
        return match[0]
    ordinal = ordinal_words(int(digits), language)
    if language == "de" and article and article.lower() not in ("der", "die", "das"):
        ordinal += "n"
    return f"{article + ' ' if article else ''} {ordinal} "


def _phone_numbers(text: str, language: str) -> str:
    if language == "en":
        text = re.sub(
            r"(?<![\w.-])(\d{3})-(\d{4})(?![\w-])", lambda match: _spelt_groups(match[0], "en"), text
        )
    return PHONE.sub(lambda match: _phone_number(match[1], language), text)


def _phone_number(written: str, language: str) -> str:
    looks_like_one = written[0] in "+0(" or written.count("-") >= 2
    if not looks_like_one or sum(map(str.isdigit, written)) < 6:
        return written
    plus = VOCABULARIES[language].symbols["+"] + " " if written.startswith("+") else ""
    return f" {plus}{_spelt_groups(written, language)} "


def _spelt_groups(written: str, language: str) -> str:
    return ", ".join(digit_words(group, language) for group in re.findall(r"\d+", written))


def _ranges_and_fractions(text: str, language: str) -> str:
    vocabulary = VOCABULARIES[language]
    text = re.sub(r"(?<=\d)'(?=\d{3}(?!\d))", "", text)
    thousands = SPACED_THOUSANDS if language in COMMA_DECIMAL_LANGUAGES else SPACED_MILLIONS
    text = thousands.sub(lambda match: match[1].replace(" ", ""), text)
    halves = dict(zip(("1/2", "1/4", "3/4"), vocabulary.halves, strict=True))
    text = FRACTION.sub(
        lambda match: (f"{match[1]} {vocabulary.symbols['&']} " if match[1] else "") + halves[match[2]], text
    )
    text = re.sub(r"(?<=\d)\s?[x×*]\s?(?=\d)", f" {vocabulary.symbols['×']} ", text)
    text = RANGE.sub(rf"\1 {vocabulary.symbols['range']} ", text)
    text = NEGATIVE.sub(f" {vocabulary.symbols['minus']} ", text)
    return re.sub(r"(?<![\d:])(\d{1,3}):(\d)(?![\d:])", rf"\1 {vocabulary.symbols['range']} \2", text)


# Addresses, abbreviations, acronyms


def _addresses(text: str, language: str) -> str:
    symbols = VOCABULARIES[language].symbols
    if "@" in text:
        at = symbols["@"]
        text = EMAIL.sub(lambda m: f" {_dotted(m[1], language)} {at} {_dotted(m[2], language)} ", text)
    if "://" in text or "www." in text:
        text = URL.sub(lambda match: _address(match, language), text)
    return DOMAIN.sub(lambda match: _address(match, language), text)


def _address(match: re.Match[str], language: str) -> str:
    host, path = match[1].rstrip(".,;:!"), match[2]
    stop = match[0][-1] if match[0][-1] in ".,;:!?" else ""
    slash = VOCABULARIES[language].symbols["/"]
    short_path = path.strip("/.,;:!") if len(path) <= 30 else ""
    parts = [_dotted(part, language) for part in (host.removeprefix("www."), *short_path.split("/")) if part]
    return f" {f' {slash} '.join(parts)}{stop} "


def _dotted(part: str, language: str) -> str:
    words = [word for word in re.split(r"[.]", part) if word]
    return f" {VOCABULARIES[language].symbols['.']} ".join(re.sub(r"[-_+]", " ", word) for word in words)


@cache
def _abbreviation_pattern(language: str) -> re.Pattern[str] | None:
    shorts = sorted(VOCABULARIES[language].abbreviations, key=len, reverse=True)
    shorts_with_rules = [
        re.escape(short) + (r"(?=\s[^\W\d_a-zà-ÿа-яё])" if len(short) == 2 and short[1] == "." else r"(?!\w)")
        for short in shorts
    ]
    return re.compile(rf"(?<![\w.])({'|'.join(shorts_with_rules)})(\s*$)?") if shorts else None


def _abbreviations(text: str, language: str) -> str:
    if language == "en":
        text = re.sub(r"\bNos?\.\s?(?=\d)", "number ", text)
        text = re.sub(
            r"\bSt\.(?=\s[A-Z])", lambda m: "Saint" if _starts_name(text, m.start()) else "Street.", text
        )
        text = re.sub(r"\bSt\.", "Street", text)
    if language == "de":
        text = re.sub(r"\bS\.\s?(?=\d)", "Seite ", text)
    pattern = _abbreviation_pattern(language)
    return pattern.sub(lambda match: _expanded(match, language), text) if pattern else text


def _starts_name(text: str, position: int) -> bool:
    before = text[:position].split()[-1:] if position < 200 else text[position - 40 : position].split()[-1:]
    return not before or not before[0][0].isupper() or before[0][-1] in ".,;:!?"


def _expanded(match: re.Match[str], language: str) -> str:
    words = VOCABULARIES[language].abbreviations[match[1]]
    if not words.endswith("."):
        return words
    rest = match.string[match.end(1) : match.end(1) + 2].strip()
    ends_sentence = match[1].endswith(".") and (match[2] is not None or not rest or rest[0].isupper())
    return words if ends_sentence else words[:-1]


def _without_shouting(text: str, language: str) -> str:
    """Lower-cases sentences written in capitals, so that their words aren't taken for acronyms."""
    if language == "tr":
        text = re.sub(r"[^\W\d_]+", lambda match: _turkish_calm(match[0]), text)
    return re.sub(r"[^.!?]+", lambda match: _calm(match[0]), text)


def _turkish_calm(word: str) -> str:
    # str.lower, which coqui-tts applies, makes "I" a dotted i: Turkish has two.
    if word.isupper() and word.isascii() and len(word) <= 3:
        return word
    dotted = word.replace("İ", "i").replace("I", "ı")
    return dotted.lower() if word.isupper() else dotted


def _calm(sentence: str) -> str:
    words = re.findall(r"[^\W\d_]+", sentence)
    all_capitals = all(map(str.isupper, words))
    words = [word for word in words if len(word) > 1]
    capitals = [word for word in words if word.isupper()]
    longest = max((len(word) for word in capitals if _has_vowel(word)), default=0)
    shouted = len(words) > 1 and len(capitals) >= 0.6 * len(words) and longest >= 4
    if shouted and (longest >= 5 or (len(words) > 2 and all_capitals)):
        return re.sub(r"[^\W\d_]{2,}", lambda match: _lower_if_voiced(match[0]), sentence)
    return sentence


def _lower_if_voiced(word: str) -> str:
    return word.lower() if _has_vowel(word) else word


def _has_vowel(word: str) -> bool:
    plain = unicodedata.normalize("NFD", word.lower())
    spelt_alphabet = plain[0].isascii() or plain[0] in CYRILLIC_LETTERS
    return not spelt_alphabet or any(letter in "aeiouyаеёиоуыэюя" for letter in plain)


def _acronyms(text: str, language: str) -> str:
    text = DOTTED_ACRONYM.sub(lambda match: _dotted_acronym(match, language), text)
    text = INITIAL.sub(r"\1\2 ", text)
    text = ACRONYM.sub(lambda match: _acronym(match, language), text)
    return LONE_LETTER_BEFORE_STOP.sub(lambda match: _letter_names(match[1], language), text)


def _dotted_acronym(match: re.Match[str], language: str) -> str:
    letters = re.sub(r"[^\w]", "", match[1])
    stop = "." if match.end() == len(match.string) else ""
    if " " in match[1].strip():
        return " ".join(letters) + (stop or " ")
    return _letter_names(letters, language) + (stop or (" " if match[1].endswith(" ") else ""))


def _acronym(match: re.Match[str], language: str) -> str:
    word, plural = match[1], (match[2] or "").removeprefix("'")
    return _letter_names(word, language) + plural if _is_spelt(word, language) else match[0]


def _is_spelt(word: str, language: str) -> bool:
    if word.lower() in VOCABULARIES[language].shouted or ROMAN_NUMERAL.match(word):
        return False
    if not _has_vowel(word):
        return True
    return len(word) <= 3 or (len(word) == 4 and word.isascii() and not PRONOUNCEABLE.match(word))


def _letters_before_digit(letters: str, language: str) -> str:
    if letters.islower() and not _has_vowel(letters):
        return _letter_names(letters, language)
    return letters


def _letter_names(word: str, language: str) -> str:
    names = VOCABULARIES[language].letters
    return " ".join(names.get(letter) or CYRILLIC_LETTERS.get(letter, letter) for letter in word.lower())


# Symbols and punctuation

KEPT_PUNCTUATION = frozenset(".,!?;:'-、。，！？；：¿¡।॥،؛؟")
FULL_STOPS = ".!?。！？।॥؟"
PAUSES = ",;:、，；：،؛"


def _symbols(text: str, language: str) -> str:
    vocabulary = VOCABULARIES[language]
    text = re.sub(r"#(?=[^\W\d_])|(?<=[^\W\d_])#", " ", text)
    for symbol in "&+=@#×©®":
        text = text.replace(symbol, f" {vocabulary.symbols[symbol]} ")
    text = text.replace("%", f" {noun(vocabulary.symbols['%'], '5', language)} ")
    text = text.replace("°", f" {noun(vocabulary.units['°'], '5', language)} ")
    for symbol in CURRENCIES:
        text = text.replace(symbol, f" {noun(vocabulary.currencies[symbol], '5', language)} ")
    pause = "，" if language in UNSPACED_LANGUAGES else ", "
    text = re.sub(r"\s*(?:—|–|〜|(?<=\s)-+(?=\s)|--+|[()\[\]{}（）【】〔〕|])+\s*", pause, text)
    return "".join(
        character
        if character.isspace() or character in KEPT_PUNCTUATION or unicodedata.category(character)[0] in "LM"
        else ("" if character == '"' else " ")
        for character in text
    )


def _punctuation(text: str, language: str) -> str:
    if language != "es":
        text = re.sub(r"[¿¡]", " ", text)
    text = re.sub(r"(?<![^\W\d_])'|'(?![^\W\d_])", "", text)
    text = re.sub(r"(?<!\w)-+|-+(?!\w)", " ", text)
    text = re.sub(r"\.{2,}\s*(?=[^\W\d_A-Z])", _ellipsis, text)
    text = re.sub(rf"\s+(?=[{FULL_STOPS}{PAUSES}])", "", text)
    text = re.sub(rf"[{FULL_STOPS}{PAUSES}]{{2,}}", lambda match: _strongest(match[0]), text)
    text = re.sub(rf"^[\s{FULL_STOPS}{PAUSES}'-]+|[\s{PAUSES}'-]+$", "", text)
    if language in UNSPACED_LANGUAGES:
        text = re.sub(r"(?<=[^\x00-\u02ff])\s+(?=[^\x00-\u02ff])", "", text)
        text = re.sub(r"(?<=[^\x00-\u02ff])[.,!?;:]\s*", lambda match: WIDE[match[0][0]], text)
    else:
        text = re.sub(r"([.,;:!?،؛؟])(?=[^\W\d_])", r"\1 ", text)
    return unicodedata.normalize("NFC", " ".join(text.split()))


WIDE = dict(zip(".,!?;:", "。，！？；：", strict=True))


def _ellipsis(match: re.Match[str]) -> str:
    following = match.string[match.end() : match.end() + 1]
    return ", " if following.islower() else ". "


def _strongest(run: str) -> str:
    for mark in "?？؟!！":
        if mark in run:
            return mark
    return next((mark for mark in run if mark in FULL_STOPS), run[0])
