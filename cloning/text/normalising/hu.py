"""Hungarian."""

import re

from cloning.text.normalising.common.language import DAY, Language
from cloning.text.normalising.common.vocabulary import build_vocabulary

MONTHS = "január|február|március|április|május|június|július|augusztus|szeptember|október|november|december"
YEAR_BEFORE_MONTH = re.compile(rf"(?<![\d.,])(\d{{4}})\. ?(?=(?:{MONTHS})\b)")
MONTH_DAY = re.compile(rf"\b({MONTHS}) {DAY}(?:\.|(?=-[aáeé]))(-[áé]n)?")
HYPHEN_ENDING = re.compile(r"(?<=\d)-(?=[a-zá-ű])")
BACK_VOWEL_LAST = re.compile(r"[aáoóuú][^aáeéiíoóöőuúüű]*i?k$")


class Hungarian(Language):
    code = "hu"
    has_decimal_comma = True
    has_dot_ordinals = True
    dotted_ordinal = re.compile(r"(?<![\d.,])(\d{1,4})\. (?=([^\W\d_]))")
    joins_endings = True

    vocabulary = build_vocabulary(
        symbols="egész|mínusz|százalék|és|plusz|egyenlő|kukac|szám|és|pont|perjel|szor|szerzői jog|bejegyzett védjegy",
        letters="á bé cé dé é ef gé há í jé ká el em en ó pé kú er es té ú vé duplavé iksz ipszilon zé",
        months="január február március április május június július augusztus szeptember október november december",
        time="{h} óra {m}",
        hour="{h} óra",
        date="{y} {m} {d}",
        units=(
            "kilométer|méter|centiméter|milliméter|kilogramm|gramm|milligramm|liter|milliliter|kilométer per óra|Celsius-fok"
            "|Fahrenheit-fok|fok|gigabájt|megabájt|perc|négyzetméter|négyzetkilométer"
        ),
        local_units={"Ft": "forint", "db": "darab"},
        currencies="dollár|euró|font|jen|rúpia|rubel",
        fractions="fél|negyed|háromnegyed",
        abbreviations=(
            "pl.:például|stb.:és a többi.|ill.:illetve|ún.:úgynevezett|kb.:körülbelül|dr.:doktor|Dr.:doktor|ifj.:ifjabb"
            "|id.:idősebb|özv.:özvegy|prof.:professzor|u.:utca|o.:oldal.|vö.:vesd össze|ld.:lásd|db:darab"
        ),
        stressed="nem igen de és is a az egy ez én te ő mi ti ők van ki be le fel meg már még csak ne ha hogy most soha",
    )

    def read_written_dates(self, text: str) -> str:
        return MONTH_DAY.sub(self.read_month_day, YEAR_BEFORE_MONTH.sub(r"\1 ", text))

    def read_month_day(self, match: re.Match[str]) -> str:
        day = self.read_day(int(match[2]))
        if match[3]:
            day = day[:-1] + match[3][1:]
        return f"{match[1]} {day}"

    def read_day(self, day: int) -> str:
        if day == 1:
            return "elseje"
        ordinal = self.read_ordinal(day)
        return ordinal + ("a" if BACK_VOWEL_LAST.search(ordinal) else "e")

    def read_own_numbers(self, text: str) -> str:
        return HYPHEN_ENDING.sub("'", text)
