"""Czech. num2words knows no ordinals."""

import re

from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import build_vocabulary

ORDINALS = (
    "nultý první druhý třetí čtvrtý pátý šestý sedmý osmý devátý desátý jedenáctý dvanáctý třináctý čtrnáctý "
    "patnáctý šestnáctý sedmnáctý osmnáctý devatenáctý"
).split()
TENS = "dvacátý třicátý čtyřicátý padesátý šedesátý sedmdesátý osmdesátý devadesátý".split()


class Czech(Language):
    code = "cs"
    has_decimal_comma = True
    has_dot_ordinals = True

    vocabulary = build_vocabulary(
        symbols=(
            "celá|mínus|procento/procenta/procent/procenta|a|plus|rovná se|zavináč|číslo|až|tečka|lomítko|krát|copyright"
            "|registrovaná značka"
        ),
        letters="á bé cé dé é ef gé há í jé ká el em en ó pé kvé er es té ú vé dvojitévé iks ypsilon zet",
        months="ledna února března dubna května června července srpna září října listopadu prosince",
        time="{h} {m}",
        hour="{h} hodin",
        date="{d} {m} {y}",
        units=(
            "kilometr/kilometry/kilometrů/kilometru|metr/metry/metrů/metru|centimetr/centimetry/centimetrů/centimetru"
            "|milimetr/milimetry/milimetrů/milimetru|kilogram/kilogramy/kilogramů/kilogramu|gram/gramy/gramů/gramu"
            "|miligram/miligramy/miligramů/miligramu|litr/litry/litrů/litru|mililitr/mililitry/mililitrů/mililitru"
            "|kilometr za hodinu/kilometry za hodinu/kilometrů za hodinu/kilometru za hodinu"
            "|stupeň Celsia/stupně Celsia/stupňů Celsia/stupně Celsia"
            "|stupeň Fahrenheita/stupně Fahrenheita/stupňů Fahrenheita/stupně Fahrenheita|stupeň/stupně/stupňů/stupně"
            "|gigabajt/gigabajty/gigabajtů/gigabajtu|megabajt/megabajty/megabajtů/megabajtu|minuta/minuty/minut/minuty"
            "|metr čtvereční/metry čtvereční/metrů čtverečních/metru čtverečního"
            "|kilometr čtvereční/kilometry čtvereční/kilometrů čtverečních/kilometru čtverečního"
        ),
        local_units={"Kč": "koruna/koruny/korun/koruny"},
        currencies=(
            "dolar/dolary/dolarů/dolaru|euro/eura/eur/eura|libra/libry/liber/libry|jen/jeny/jenů/jenu|rupie/rupie/rupií/rupie"
            "|rubl/rubly/rublů/rublu"
        ),
        fractions="půl|čtvrt|tři čtvrtě",
        abbreviations=(
            "např.:například|tj.:to jest|tzn.:to znamená|atd.:a tak dále.|apod.:a podobně.|mj.:mimo jiné|dr.:doktor"
            "|Dr.:doktor|Ing.:inženýr|Mgr.:magistr|Bc.:bakalář|prof.:profesor|p.:pan|pí.:paní|č.:číslo|ul.:ulice|str.:strana"
            "|cca:cirka|tis.:tisíc|mil.:milionů|mld.:miliard|sv.:svatý|hod.:hodin.|tzv.:takzvaný"
        ),
        stressed="ne ano a i o u v z s k na do od po za ze ve že to ten ta já ty on my vy se si je jsou ale jen už kdo co jak",
    )

    def read_ordinal(self, number: int) -> str:
        if number < 20:
            return ORDINALS[number]
        if number < 100:
            tens = TENS[number // 10 - 2]
            return f"{tens} {ORDINALS[number % 10]}" if number % 10 else tens
        return self.cardinal(number)

    def find_form(self, number: int, has_fraction: bool) -> int:
        if has_fraction:
            return 3
        return 0 if number == 1 else 1 if 2 <= number <= 4 else 2

    def agree_with_noun(self, words: str) -> str:
        return re.sub(r"jedna$", "jeden", words)

    def read_day(self, day: int) -> str:
        genitives = (
            word[:-1] + ("ého" if word[-1] == "ý" else "ího") for word in self.read_ordinal(day).split()
        )
        return " ".join(genitives)
