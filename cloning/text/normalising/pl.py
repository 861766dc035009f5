"""Polish."""

import re

from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import build_vocabulary


class Polish(Language):
    code = "pl"
    has_decimal_comma = True
    has_dot_ordinals = True
    max_ordinal = 9_999  # num2words fails on some hundred thousands

    vocabulary = build_vocabulary(
        symbols="przecinek|minus|procent|i|plus|równa się|małpa|numer|do|kropka|ukośnik|razy|copyright|znak zastrzeżony",
        letters="a be ce de e ef gie ha i jot ka el em en o pe ku er es te u fał wu iks igrek zet",
        months="stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
        time="{h} {m}",
        hour="{h} zero zero",
        date="{d} {m} {y} roku",
        units=(
            "kilometr/kilometry/kilometrów/kilometra|metr/metry/metrów/metra|centymetr/centymetry/centymetrów/centymetra"
            "|milimetr/milimetry/milimetrów/milimetra|kilogram/kilogramy/kilogramów/kilograma|gram/gramy/gramów/grama"
            "|miligram/miligramy/miligramów/miligrama|litr/litry/litrów/litra|mililitr/mililitry/mililitrów/mililitra"
            "|kilometr na godzinę/kilometry na godzinę/kilometrów na godzinę/kilometra na godzinę"
            "|stopień Celsjusza/stopnie Celsjusza/stopni Celsjusza/stopnia Celsjusza"
            "|stopień Fahrenheita/stopnie Fahrenheita/stopni Fahrenheita/stopnia Fahrenheita|stopień/stopnie/stopni/stopnia"
            "|gigabajt/gigabajty/gigabajtów/gigabajta|megabajt/megabajty/megabajtów/megabajta|minuta/minuty/minut/minuty"
            "|metr kwadratowy/metry kwadratowe/metrów kwadratowych/metra kwadratowego"
            "|kilometr kwadratowy/kilometry kwadratowe/kilometrów kwadratowych/kilometra kwadratowego"
        ),
        local_units={"zł": "złoty/złote/złotych/złotego"},
        currencies=(
            "dolar/dolary/dolarów/dolara|euro|funt/funty/funtów/funta|jen/jeny/jenów/jena|rupia/rupie/rupii/rupii"
            "|rubel/ruble/rubli/rubla"
        ),
        fractions="pół|jedna czwarta|trzy czwarte",
        abbreviations=(
            "np.:na przykład|tj.:to jest|tzn.:to znaczy|itd.:i tak dalej.|itp.:i tym podobne.|m.in.:między innymi|ul.:ulica"
            "|prof.:profesor|dr.:doktor|dr:doktor|mgr:magister|inż.:inżynier|ok.:około|św.:święty|godz.:godzina|str.:strona"
            "|tys.:tysięcy|mln:milionów|mld:miliardów|r.:roku.|p.:pan|nr:numer|al.:aleja"
        ),
        stressed="nie tak to ja ty on my wy się na do od po za ze we i a o u w z czy co kto już jest są bez dla ale",
    )

    def find_form(self, number: int, has_fraction: bool) -> int:
        if has_fraction:
            return 3
        few = 2 <= number % 10 <= 4 and number % 100 // 10 != 1
        return 0 if number == 1 else 1 if few else 2

    def read_day(self, day: int) -> str:
        genitives = (word.removesuffix("y") + "ego" for word in self.read_ordinal(day).split())
        return " ".join(genitives)

    def read_hour(self, hour: int) -> str:
        feminine = (re.sub(r"y$", "a", re.sub(r"i$", "ia", word)) for word in self.read_ordinal(hour).split())
        return " ".join(feminine).replace("drugia", "druga")
