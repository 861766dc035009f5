"""Italian."""

import re

from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import build_vocabulary


class Italian(Language):
    code = "it"
    has_decimal_comma = True
    ordinal_mark = re.compile(r"(?<!\d)(\d++)\.?(º|ª)")

    vocabulary = build_vocabulary(
        symbols="virgola|meno|per cento|e|più|uguale|chiocciola|numero|a|punto|barra|per|copyright|marchio registrato",
        letters="a bi ci di e effe gi acca i ilunga cappa elle emme enne o pi cu erre esse ti u vu doppiavu ics ipsilon zeta",
        months="gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        time="{h} e {m}",
        hour="{h} in punto",
        date="{d} {m} {y}",
        units=(
            "chilometro/chilometri|metro/metri|centimetro/centimetri|millimetro/millimetri|chilogrammo/chilogrammi"
            "|grammo/grammi|milligrammo/milligrammi|litro/litri|millilitro/millilitri|chilometro orario/chilometri orari"
            "|grado Celsius/gradi Celsius|grado Fahrenheit/gradi Fahrenheit|grado/gradi|gigabyte|megabyte|minuto/minuti"
            "|metro quadrato/metri quadrati|chilometro quadrato/chilometri quadrati"
        ),
        currencies="dollaro/dollari|euro|sterlina/sterline|yen|rupia/rupie|rublo/rubli",
        fractions="mezzo|un quarto|tre quarti",
        abbreviations=(
            "Sig.:signor|Sig.ra:signora|Sig.na:signorina|Dott.:dottor|Dott.ssa:dottoressa|Dr.:dottor|Prof.:professor"
            "|Ing.:ingegner|Avv.:avvocato|ecc.:eccetera.|etc.:eccetera.|es.:esempio|pag.:pagina|a.C.:avanti Cristo."
            "|d.C.:dopo Cristo."
        ),
        stressed=(
            "no sì si ma non un una il la lo gli le di da in con su per tra che chi mai più io tu noi voi è e ed se mi ti "
            "ci vi al del ora ok solo tutto"
        ),
    )

    def read_marked_ordinal(self, number: int, mark: str) -> str:
        ordinal = self.read_ordinal(number)
        return re.sub(r"o\b", "a", ordinal) if mark == "ª" else ordinal

    def agree_with_noun(self, words: str) -> str:
        return "un" if words == "uno" else words

    def read_day(self, day: int) -> str:
        return self.read_ordinal(day) if day == 1 else self.cardinal(day)

    def read_hour(self, hour: int) -> str:
        return "una" if hour == 1 else self.cardinal(hour)
