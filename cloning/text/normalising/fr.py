"""French."""

import re

from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import build_vocabulary


class French(Language):
    code = "fr"
    has_decimal_comma = True
    time_separators = ":hH"
    ordinal_mark = re.compile(r"(?<!\d)(\d++)(ers?|ères?|res?|i?[eè]mes?|nde?|e)\b")

    vocabulary = build_vocabulary(
        symbols="virgule|moins|pour cent|et|plus|égale|arobase|numéro|à|point|barre|fois|copyright|marque déposée",
        letters="a bé cé dé e effe gé hache i ji ka elle emme enne o pé cu erre esse té u vé doublevé ixe igrec zède",
        months="janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        time="{h} heures {m}",
        hour="{h} heures",
        date="{d} {m} {y}",
        units=(
            "kilomètre/kilomètres|mètre/mètres|centimètre/centimètres|millimètre/millimètres|kilogramme/kilogrammes"
            "|gramme/grammes|milligramme/milligrammes|litre/litres|millilitre/millilitres"
            "|kilomètre à l'heure/kilomètres à l'heure|degré Celsius/degrés Celsius|degré Fahrenheit/degrés Fahrenheit"
            "|degré/degrés|gigaoctet/gigaoctets|mégaoctet/mégaoctets|minute/minutes|mètre carré/mètres carrés"
            "|kilomètre carré/kilomètres carrés"
        ),
        currencies="dollar/dollars|euro/euros|livre/livres|yen/yens|roupie/roupies|rouble/roubles",
        fractions="un demi|un quart|trois quarts",
        abbreviations=(
            "M.:monsieur|MM.:messieurs|Mr.:monsieur|Mme:madame|Mme.:madame|Mlle:mademoiselle|Dr:docteur|Dr.:docteur"
            "|Me:maître|etc.:et cetera.|p. ex.:par exemple|p.ex.:par exemple|av. J.-C.:avant Jésus-Christ"
            "|apr. J.-C.:après Jésus-Christ|c.-à-d.:c'est-à-dire|env.:environ|St:saint|Ste:sainte|Prof.:professeur"
        ),
        stressed=(
            "ne pas non oui le la les un une des du de et ou où je tu il elle on ça ce se sa son ma mon en au aux très "
            "tout plus qui que quoi mais est sont rien"
        ),
    )

    def read_marked_ordinal(self, number: int, mark: str) -> str:
        return "première" if number == 1 and mark.startswith(("r", "è")) else self.read_ordinal(number)

    def find_form(self, number: int, has_fraction: bool) -> int:
        return int(number >= 2)

    def read_day(self, day: int) -> str:
        return self.read_ordinal(day) if day == 1 else self.cardinal(day)

    def read_hour(self, hour: int) -> str:
        return re.sub(r"\bun$", "une", self.cardinal(hour))
