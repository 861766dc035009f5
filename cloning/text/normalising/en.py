"""English."""

import re

from cloning.text.normalising.common.language import DAY, Language
from cloning.text.normalising.common.numbers import spell_groups
from cloning.text.normalising.common.vocabulary import build_vocabulary

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
MONTH_DAY = re.compile(rf"\b({MONTHS}) {DAY}(?:st|nd|rd|th)?(?![\d:.]\d|\d)")
DAY_MONTH = re.compile(rf"{DAY}(?:st|nd|rd|th)? (?:of )?({MONTHS})\b")
DECADE = re.compile(r"(?<![\d.,])(\d{1,3}0)'?s\b")
LOCAL_PHONE = re.compile(r"(?<![\w.-])(\d{3})-(\d{4})(?![\w-])")
NUMBER_SIGN = re.compile(r"\bNos?\. ?(?=\d)")
ST_BEFORE_NAME = re.compile(r"\bSt\.(?= [A-Z])")
ST = re.compile(r"\bSt\.")


class English(Language):
    code = "en"
    has_month_first = True
    group_digits = (2, 3)  # India's 1,23,456
    ordinal_mark = re.compile(r"(?<!\d)(\d++)(st|nd|rd|th)\b", re.IGNORECASE)
    scale_words = {"k": "thousand", "m": "million", "bn": "billion"}
    spells_decimals = True

    vocabulary = build_vocabulary(
        symbols="point|minus|percent|and|plus|equals|at|number|to|dot|slash|times|copyright|registered",
        letters="ay bee see dee ee eff jee aitch eye jay kay ell em en oh pee cue ar ess tee you vee doubleyou ex why zee",
        months="January February March April May June July August September October November December",
        time="{h} {m}",
        hour="{h} o'clock",
        date="{m} {d}, {y}",
        units=(
            "kilometre/kilometres|metre/metres|centimetre/centimetres|millimetre/millimetres|kilogram/kilograms|gram/grams"
            "|milligram/milligrams|litre/litres|millilitre/millilitres|kilometre per hour/kilometres per hour"
            "|degree Celsius/degrees Celsius|degree Fahrenheit/degrees Fahrenheit|degree/degrees|gigabyte/gigabytes"
            "|megabyte/megabytes|minute/minutes|square metre/square metres|square kilometre/square kilometres"
        ),
        local_units={
            "ft": "foot/feet",
            "lb": "pound/pounds",
            "lbs": "pound/pounds",
            "oz": "ounce/ounces",
            "mph": "mile per hour/miles per hour",
        },
        currencies="dollar/dollars|euro/euros|pound/pounds|yen|rupee/rupees|rouble/roubles",
        fractions="a half|a quarter|three quarters",
        abbreviations=(
            "Mr.:Mister|Mrs.:Missis|Ms.:Miss|Dr.:Doctor|Prof.:Professor|Rev.:Reverend|Gen.:General|Sgt.:Sergeant"
            "|Capt.:Captain|Lt.:Lieutenant|Col.:Colonel|Hon.:Honorable|e.g.:for example|i.e.:that is|vs.:versus"
            "|etc.:et cetera.|approx.:approximately|Inc.:Incorporated.|Ltd.:Limited.|Co.:Company.|Corp.:Corporation."
            "|Jr.:Junior.|Sr.:Senior.|Ave.:Avenue.|Rd.:Road.|Blvd.:Boulevard.|a.m.:ay em.|p.m.:pee em."
            "|Fig.:Figure|fig.:figure|Jan.:January|Feb.:February|Aug.:August|Sept.:September"
            "|Oct.:October|Nov.:November|Dec.:December|dept.:department|est.:established|max.:maximum|min.:minimum"
        ),
        stressed=(
            "a i am an and any all are as at be big but by can do did end get go got had has he her him his how if in is "
            "it may me my new no not now of off ok old on one or our out see she so stop the they this that to too try up "
            "was we who why yes yet you your very ever only what when never also both each must will with have from"
        ),
    )

    def read_year(self, year: int) -> str:
        if not (1100 <= year <= 1999 or 2010 <= year <= 2099):
            return self.cardinal(year)
        century, rest = divmod(year, 100)
        if rest == 0:
            return f"{self.cardinal(century)} hundred"
        return f"{self.cardinal(century)} {'oh ' if rest < 10 else ''}{self.cardinal(rest)}"

    def read_written_dates(self, text: str) -> str:
        text = MONTH_DAY.sub(lambda match: f"{match[1]} {self.read_ordinal(int(match[2]))}", text)
        return DAY_MONTH.sub(lambda match: f" {self.read_ordinal(int(match[1]))} of {match[2]}", text)

    def read_day_of_date(self, day: int) -> str:
        return self.read_ordinal(day)

    def read_minute(self, minute: str) -> str:
        if minute == "00":
            return "oh hundred"
        return ("oh " if minute[0] == "0" else "") + self.cardinal(int(minute))

    def expand_own_abbreviations(self, text: str) -> str:
        text = NUMBER_SIGN.sub("number ", text)
        text = ST_BEFORE_NAME.sub(
            lambda match: "Saint" if starts_name(text, match.start()) else "Street.", text
        )
        return ST.sub("Street", text)

    def read_own_phone_numbers(self, text: str) -> str:
        return LOCAL_PHONE.sub(lambda match: spell_groups(match[0], self), text)

    def read_own_numbers(self, text: str) -> str:
        return DECADE.sub(lambda match: f" {self.read_decade(int(match[1]))} ", text)

    def read_decade(self, year: int) -> str:
        words = self.read_year(year)
        return words.removesuffix("y") + "ies" if words.endswith("y") else words + "s"


def starts_name(text: str, position: int) -> bool:
    """Whether a "St." at this position is a saint: after a name it's a street."""
    before = text[max(0, position - 40) : position].rpartition("\n")[2].split()[-1:]
    return not before or not before[0][0].isupper() or before[0][-1] in ".,;:!?"
