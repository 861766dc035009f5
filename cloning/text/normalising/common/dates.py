"""Dates and times in digits; those with a month in words are each language's own."""

import re

from cloning.text.normalising.common.language import Language

YEAR_FIRST = re.compile(r"(?<![\d./-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\d/-]|[.]\d)")
YEAR_LAST = re.compile(r"(?<![\d./-])(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?![\d/-]|[.]\d)")
TIME = re.compile(
    r"(?<![\d:.,])([01]?\d|2[0-4])([:hH])([0-5]\d)(?::([0-5]\d))?(?![\d:]|[.,]\d)"
    r"(?: ?(?:Uhr|uur|óra|h|बजे)(?!\w))?"
)


def read_dates(text: str, language: Language) -> str:
    text = YEAR_FIRST.sub(lambda match: read_date(match, match[4], match[3], match[1], language), text)
    text = YEAR_LAST.sub(lambda match: read_year_last(match, language), text)
    return language.read_written_dates(text)


def read_year_last(match: re.Match[str], language: Language) -> str:
    first, separator, second, year = match.groups()
    if separator == "-" and len(year) == 2:
        return match[0]
    month_first = (language.has_month_first and separator != "." and int(first) <= 12) or int(second) > 12
    day, month = (second, first) if month_first else (first, second)
    return read_date(match, day, month, year, language)


def read_date(match: re.Match[str], day: str, month: str, year: str, language: Language) -> str:
    if not (1 <= int(day) <= 31 and 1 <= int(month) <= 12):
        return match[0]
    vocabulary = language.vocabulary
    words = vocabulary.date.format(
        d=language.read_day_of_date(int(day)),
        m=vocabulary.months[int(month) - 1],
        y=language.read_digits(year) if len(year) == 2 else language.read_year_of_date(year),
    )
    return f" {words} "


def read_times(text: str, language: Language) -> str:
    return TIME.sub(lambda match: read_time(match, language), text)


def read_time(match: re.Match[str], language: Language) -> str:
    hour, separator, minute, second = match.groups()
    if separator not in language.time_separators:
        return match[0]
    hours = language.read_hour(int(hour))
    if minute == "00" and second is None:
        return f" {language.vocabulary.hour.format(h=hours)} "
    spoken = language.vocabulary.time.format(h=hours, m=language.read_minute(minute))
    return f" {spoken} {language.cardinal(int(second)) if second else ''} "
