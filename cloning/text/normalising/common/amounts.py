"""Written numbers as amounts, and what is counted with them: measures and money."""

import re
from functools import cache

from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import CURRENCY_CODES

NUMBER = r"(?<!\d)(?<!\d[.,])\d++(?:[.,]\d++)*+"
CURRENCY = rf"(?:(?:US|CA|AU|NZ|[AC])?\$|[€£¥₹₽]|(?:{'|'.join(CURRENCY_CODES)})(?!\w))"
SCALE = r"(?: ?(k|m|bn|thousand|million|billion|trillion)(?!\w))?"

MONEY_BEFORE = re.compile(rf"(-?)({CURRENCY}) ?({NUMBER}){SCALE}")
MONEY_AFTER = re.compile(rf"({NUMBER}) ?({CURRENCY})(?!\d)")
PERCENT_AFTER = re.compile(rf"({NUMBER}) ?%")
PERCENT_AROUND = re.compile(rf"(?:% ?({NUMBER})|({NUMBER}) ?%)")


def parse_amount(token: str, language: Language) -> str | None:
    """A written number in plain digits, "." before its decimals; None when it's not a single number."""
    separators = [character for character in token if character in ".,"]
    if not separators:
        return token
    last = separators[-1]
    groups = re.split(r"[.,]", token)
    if len(set(separators)) == 2 and separators.count(last) == 1:
        return "".join(groups[:-1]) + "." + groups[-1]
    thousands = "." if language.has_decimal_comma else ","
    is_grouped = (
        len(set(separators)) == 1
        and len(groups[0]) <= 3
        and groups[0] != "0"
        and len(groups[-1]) == 3
        and all(len(group) in language.group_digits for group in groups[1:])
    )
    if is_grouped and (last == thousands or len(separators) > 1):
        return "".join(groups)
    return ".".join(groups) if len(separators) == 1 else None


def read_amount(amount: str, language: Language) -> str:
    whole, _, fraction = amount.partition(".")
    words = language.read_digits(whole)
    if not fraction:
        return words
    is_spelt = fraction[0] == "0" or len(fraction) > 2 or language.spells_decimals
    decimals = language.spell_digits(fraction) if is_spelt else language.cardinal(int(fraction))
    return f"{words} {language.vocabulary.symbols['point']} {decimals}"


def read_counted(token: str, forms: str, language: Language) -> str:
    """A written number with its noun: "1,5" and "Kilometer" → "eins Komma fünf Kilometer"."""
    amount = parse_amount(token, language)
    if amount is None:
        return f" {token} {language.choose_form(forms, '2')} "
    words = read_amount(amount, language)
    if "." not in amount:
        words = language.agree_with_noun(words)
    return f" {words} {language.choose_form(forms, amount)} "


@cache
def measure_pattern(language: Language) -> re.Pattern[str]:
    units = sorted(language.vocabulary.units, key=len, reverse=True)
    return re.compile(rf"({NUMBER}) ?({'|'.join(map(re.escape, units))})(?![\w/])")


def read_measures(text: str, language: Language) -> str:
    text = language.move_own_currencies(text)
    units, percent = language.vocabulary.units, language.vocabulary.symbols["%"]
    text = measure_pattern(language).sub(
        lambda match: read_counted(match[1], units[match[2]], language), text
    )
    if language.has_percent_first:
        text = PERCENT_AROUND.sub(rf" {percent} \1\2 ", text)
    return PERCENT_AFTER.sub(lambda match: read_counted(match[1], percent, language), text)


def read_money(text: str, language: Language) -> str:
    text = MONEY_BEFORE.sub(lambda match: read_money_before(match, language), text)
    return MONEY_AFTER.sub(lambda match: read_price(match[1], match[2], language), text)


def read_money_before(match: re.Match[str], language: Language) -> str:
    minus, currency, token, scale = match.groups()
    sign = f" {language.vocabulary.symbols['minus']} " if minus else ""
    if not scale:
        return sign + read_price(token, currency, language)
    if not language.scale_words:
        return f"{sign}{read_price(token, currency, language)} {scale}"
    noun = language.choose_form(currency_forms(currency, language), "2")
    number = read_number(token, language)
    return f"{sign} {number} {language.scale_words.get(scale, scale)} {noun} "


def read_price(token: str, currency: str, language: Language) -> str:
    forms = currency_forms(currency, language)
    amount = parse_amount(token, language)
    if amount and "." in amount and not language.reads_cents:
        token = re.sub(r"\D$", "", token.rstrip("0"))
    elif amount and re.fullmatch(r"\d+\.\d\d", amount):
        whole, cents = amount.split(".")
        counted = read_counted(whole, forms, language)
        return counted if cents == "00" else f"{counted}{language.cardinal(int(cents))} "
    return read_counted(token, forms, language)


def currency_forms(currency: str, language: Language) -> str:
    return language.vocabulary.currencies[CURRENCY_CODES.get(currency, currency[-1])]


def read_number(token: str, language: Language) -> str:
    """A number by itself: a year, an amount, or parts with dots between them, as versions have."""
    if re.fullmatch(r"[1-9]\d{3}", token):
        return language.read_year(int(token))
    amount = parse_amount(token, language)
    if amount is not None:
        return read_amount(amount, language)
    dot = f" {language.vocabulary.symbols['.']} "
    return dot.join(language.read_digits(group) for group in re.split(r"[.,]", token))
