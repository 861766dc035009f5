"""Dutch."""

import re

from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import build_vocabulary


class Dutch(Language):
    code = "nl"
    has_decimal_comma = True
    ordinal_mark = re.compile(r"(?<!\d)(\d++)(ste|de|e)\b")
    spells_decimals = True

    vocabulary = build_vocabulary(
        symbols="komma|min|procent|en|plus|is|apenstaartje|nummer|tot|punt|schuine streep|keer|copyright|geregistreerd",
        letters="aa bee cee dee ee ef gee haa ie jee kaa el em en oo pee kuu er es tee uu vee wee iks ij zet",
        months="januari februari maart april mei juni juli augustus september oktober november december",
        time="{h} uur {m}",
        hour="{h} uur",
        date="{d} {m} {y}",
        units=(
            "kilometer|meter|centimeter|millimeter|kilo|gram|milligram|liter|milliliter|kilometer per uur|graden Celsius"
            "|graden Fahrenheit|graad/graden|gigabyte|megabyte|minuut/minuten|vierkante meter|vierkante kilometer"
        ),
        currencies="dollar|euro|pond|yen|roepie/roepies|roebel",
        fractions="een half|een kwart|driekwart",
        abbreviations=(
            "dhr.:de heer|mevr.:mevrouw|mw.:mevrouw|dr.:dokter|prof.:professor|drs.:doctorandus|ir.:ingenieur|mr.:meester"
            "|bijv.:bijvoorbeeld|bv.:bijvoorbeeld|d.w.z.:dat wil zeggen|o.a.:onder andere|enz.:enzovoort.|etc.:et cetera."
            "|m.b.t.:met betrekking tot|t.o.v.:ten opzichte van|i.p.v.:in plaats van|a.u.b.:alstublieft.|nr.:nummer"
            "|ca.:circa|blz.:bladzijde|St.:Sint"
        ),
        stressed=(
            "de het een en of niet geen wel ja nee ik jij je hij zij wij we op in aan met van tot uit om dat dit wat wie "
            "hoe nu nog al is was heel alle alles nooit"
        ),
    )

    def read_year(self, year: int) -> str:
        if 1100 <= year <= 1999 and year % 100 > 9:
            return self.cardinal(year // 100) + self.cardinal(year % 100)
        return self.cardinal(year)
