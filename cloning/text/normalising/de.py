"""German."""

import re
from functools import cached_property

from cloning.text.normalising.common.language import DAY, Language
from cloning.text.normalising.common.vocabulary import build_vocabulary

ARTICLES = ("der", "die", "das")
DECLINED_AFTER = r"(?i:am|im|vom|zum|beim|dem|den|des|bis|seit|ab|jeden|jedem)"
DOTTED_ORDINAL = re.compile(
    r"(?i:\b(der|die|das|am|im|vom|zum|beim|dem|den|des|bis|seit|ab) )?"
    r"(?<![\d.,])(\d{1,3})\. (?=([^\W\d_]))"
)
PAGE = re.compile(r"\bS\. ?(?=\d)")


class German(Language):
    code = "de"
    has_decimal_comma = True
    has_dot_ordinals = True
    spells_decimals = True

    vocabulary = build_vocabulary(
        symbols="Komma|minus|Prozent|und|plus|gleich|ät|Nummer|bis|Punkt|Schrägstrich|mal|Copyright|registriert",
        letters="a be ze de e eff ge ha i jott ka ell emm enn o pe ku err ess te u vau we ix üpsilon zett",
        months="Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        time="{h} Uhr {m}",
        hour="{h} Uhr",
        date="{d} {m} {y}",
        units=(
            "Kilometer|Meter|Zentimeter|Millimeter|Kilogramm|Gramm|Milligramm|Liter|Milliliter|Kilometer pro Stunde"
            "|Grad Celsius|Grad Fahrenheit|Grad|Gigabyte|Megabyte|Minute/Minuten|Quadratmeter|Quadratkilometer"
        ),
        currencies="Dollar|Euro|Pfund|Yen|Rupie/Rupien|Rubel",
        fractions="ein halb|ein Viertel|drei Viertel",
        abbreviations=(
            "Dr.:Doktor|Prof.:Professor|Hr.:Herr|Fr.:Frau|St.:Sankt|Str.:Straße.|Nr.:Nummer|z. B.:zum Beispiel"
            "|z.B.:zum Beispiel|d. h.:das heißt|d.h.:das heißt|u. a.:unter anderem|u.a.:unter anderem|usw.:und so weiter."
            "|etc.:et cetera.|bzw.:beziehungsweise|ca.:circa|inkl.:inklusive|evtl.:eventuell|vgl.:vergleiche|ggf.:gegebenenfalls"
            "|Mio.:Millionen|Mrd.:Milliarden|Tel.:Telefon|Abb.:Abbildung|S.:Seite|v. Chr.:vor Christus.|n. Chr.:nach Christus."
        ),
        stressed=(
            "der die das ein eine und oder nur so zu in im am an auf ist bin nie ja nein nicht kein mit von wir ihr sie "
            "er es ich du was wer wie wo mal tun hat aber alle alles sehr jetzt"
        ),
    )

    def read_year(self, year: int) -> str:
        if not 1100 <= year <= 1999:
            return self.cardinal(year)
        words: str = self.converter.to_year(year)
        return words

    def read_dotted_ordinals(self, text: str) -> str:
        return DOTTED_ORDINAL.sub(self.read_dotted_ordinal, text)

    def read_dotted_ordinal(self, match: re.Match[str]) -> str:
        before, digits, following = match.groups()
        if not before and not following.islower():
            return match[0]
        ordinal = self.read_ordinal(int(digits))
        if not before:
            return f" {ordinal} "
        return f"{before} {ordinal}{'' if before.lower() in ARTICLES else 'n'} "

    def agree_with_noun(self, words: str) -> str:
        return re.sub(r"eins$", "ein", words)

    @cached_property
    def written_date(self) -> re.Pattern[str]:
        months = "|".join(self.vocabulary.months)
        return re.compile(rf"(\b{DECLINED_AFTER} |\bder )?{DAY}(?:\.|er|º)? (?=(?:de )?(?:{months})\b)")

    def read_written_dates(self, text: str) -> str:
        return self.written_date.sub(
            lambda match: f"{match[1] or ''} {self.decline_day(int(match[2]), match[1])} ", text
        )

    def decline_day(self, day: int, before: str | None) -> str:
        ordinal = self.read_ordinal(day)
        if before is None:
            return ordinal + "r"
        return ordinal + ("" if before.strip().lower() == "der" else "n")

    def read_day(self, day: int) -> str:
        return self.decline_day(day, None)

    def read_hour(self, hour: int) -> str:
        return "ein" if hour == 1 else self.cardinal(hour)

    def expand_own_abbreviations(self, text: str) -> str:
        return PAGE.sub("Seite ", text)
