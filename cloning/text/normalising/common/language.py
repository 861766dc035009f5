"""What every language has: how it writes and reads. A subclass holds all that is particular to one."""

import re
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from cloning.text.normalising.common.converters import MAX_READ_DIGITS, converters
from cloning.text.normalising.common.vocabulary import Vocabulary

DAY = r"(?<![\d.,:/-])(3[01]|[12]\d|0?[1-9])"


class Language:
    """The common ways. Texts that methods get and return have one paragraph a line, and no whitespace but " "."""

    code: ClassVar[str]
    vocabulary: ClassVar[Vocabulary]

    is_spaced: ClassVar[bool] = True
    word_end: ClassVar[re.Pattern[str]] = re.compile(r"(?<!\s[A-Za-z])\s+")
    """Where a clause that is too long is cut: not after a letter by itself, which would be spelt before a full stop.

    Without spaces: where words are likely to end.
    """
    full_stop: ClassVar[str] = "."
    min_segment_chars: ClassVar[int] = 16
    """XTTS runs on after shorter ones."""
    min_paragraph_chars: ClassVar[int] = 6
    """A shorter paragraph is spoken with the next one, without a pause between them."""
    has_inverted_marks: ClassVar[bool] = False  # ¿ and ¡

    has_decimal_comma: ClassVar[bool] = False
    has_dot_ordinals: ClassVar[bool] = False  # "3." is "third"
    has_month_first: ClassVar[bool] = False  # 3/5 is the fifth of March
    has_percent_first: ClassVar[bool] = False
    group_digits: ClassVar[tuple[int, ...]] = (3,)
    """How many digits stand between separators of thousands."""
    time_separators: ClassVar[str] = ":"
    ordinal_mark: ClassVar[re.Pattern[str] | None] = None
    """Groups: the digits, and what is written after them."""
    dotted_ordinal: ClassVar[re.Pattern[str]] = re.compile(r"(?<![\d.,])(\d{1,3})\. (?=([^\W\d_]))")
    scale_words: ClassVar[Mapping[str, str]] = {}
    """What stands after a price and belongs before its currency: "$3 m" → "three million dollars"."""

    spells_decimals: ClassVar[bool] = False
    reads_cents: ClassVar[bool] = True
    joins_endings: ClassVar[bool] = False
    """An ending after an apostrophe is spoken with the number before it: "2024'te"."""

    num2words_name: ClassVar[str] = ""  # where it isn't `code`
    max_ordinal: ClassVar[int] = 999_999

    cardinal: Callable[[int], str]
    """A number from 0 upwards in words: 21 → "twenty-one". Digit by digit where it has more than MAX_READ_DIGITS."""

    def __init__(self) -> None:
        self.cardinal = lru_cache(maxsize=4_000)(self.read_cardinal)

    # Numbers

    @property
    def converter(self) -> Any:
        return converters.get(self.num2words_name or self.code)

    def read_cardinal(self, number: int) -> str:
        if number >= 10**MAX_READ_DIGITS:
            return self.spell_digits(str(number))
        return self.read_short_cardinal(number)

    def read_short_cardinal(self, number: int) -> str:
        words: str = self.converter.to_cardinal(number)
        return words.replace(",", "")

    def read_ordinal(self, number: int) -> str:
        """In its plainest form (masculine nominative): 3 → "third", "dritte", "třetí".

        The cardinal where a language forms none, and for numbers that no reader takes.
        """
        if not 1 <= number <= self.max_ordinal:
            return self.cardinal(number)
        words: str = self.converter.to_ordinal(number)
        return words.replace(",", "")

    def read_marked_ordinal(self, number: int, mark: str) -> str:
        """An ordinal with its `ordinal_mark`, which may tell gender and case."""
        return self.read_ordinal(number)

    def read_dotted_ordinals(self, text: str) -> str:
        return self.dotted_ordinal.sub(
            lambda match: f" {self.read_ordinal(int(match[1]))} " if match[2].islower() else match[0], text
        )

    def read_year(self, year: int) -> str:
        """The way it is said: "nineteen eighty-four", "neunzehnhundertvierundachtzig"; else the number."""
        return self.cardinal(year)

    def read_digits(self, digits: str) -> str:
        if len(digits) > MAX_READ_DIGITS or (len(digits) > 1 and digits[0] == "0"):
            return self.spell_digits(digits)
        return self.cardinal(int(digits))

    def spell_digits(self, digits: str) -> str:
        """Each digit by itself: "007" → "zero zero seven"; with a comma after every fourth of a long row."""
        words = [self.read_digit(digit) for digit in digits]
        if not self.is_spaced:
            return "".join(words)
        groups = [" ".join(words[start : start + 4]) for start in range(0, len(words), 4)]
        return (", " if len(words) > 8 else " ").join(groups)

    def read_digit(self, digit: str) -> str:
        return self.cardinal(int(digit))

    # Nouns

    def choose_form(self, forms: str, amount: str) -> str:
        """The form of a counted noun for an amount in plain digits: "dollar/dollars", "1.5" → "dollars"."""
        choices = forms.split("/")
        if len(choices) == 1:
            return forms
        whole, _, fraction = amount.partition(".")
        number = int(whole[-4:] or "0") + (10_000 if len(whole) > 4 else 0)
        return choices[min(self.find_form(number, bool(fraction)), len(choices) - 1)]

    def find_form(self, number: int, has_fraction: bool) -> int:
        """The index of a noun's form; of long numbers only the last digits are given."""
        return int(number != 1 or has_fraction)

    def agree_with_noun(self, words: str) -> str:
        """A whole number as it is said before a noun: "eins" → "ein"."""
        return words

    # Dates and times

    reads_written_dates: ClassVar[bool] = True

    @cached_property
    def written_date(self) -> re.Pattern[str]:
        return re.compile(rf"{DAY}(?:\.|er|º)? (?=(?:de )?(?:{'|'.join(self.vocabulary.months)})\b)")

    def read_written_dates(self, text: str) -> str:
        """Dates whose month is a word."""
        return self.written_date.sub(lambda match: f" {self.read_day(int(match[1]))} ", text)

    def read_day(self, day: int) -> str:
        """A day before its month."""
        return self.cardinal(day)

    def read_day_of_date(self, day: int) -> str:
        """A day of a date in digits."""
        return self.read_day(day)

    def read_year_of_date(self, year: str) -> str:
        return self.read_year(int(year))

    def read_hour(self, hour: int) -> str:
        return self.cardinal(hour)

    def read_minute(self, minute: str) -> str:
        return self.cardinal(int(minute))

    # Before the common reading of the same kind

    def lower_own_capitals(self, text: str) -> str:
        return text

    def expand_own_abbreviations(self, text: str) -> str:
        return text

    def read_own_phone_numbers(self, text: str) -> str:
        return text

    def move_own_currencies(self, text: str) -> str:
        return text

    def read_own_numbers(self, text: str) -> str:
        return text
