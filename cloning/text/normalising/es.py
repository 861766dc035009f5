"""Spanish."""

import re

from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import build_vocabulary


class Spanish(Language):
    code = "es"
    has_inverted_marks = True
    has_decimal_comma = True
    ordinal_mark = re.compile(r"(?<!\d)(\d++)\.?(º|ª|ero|era|er|do|da|ro|ra|to|ta|mo|ma|vo|va|no|na)\b")

    vocabulary = build_vocabulary(
        symbols="coma|menos|por ciento|y|más|igual a|arroba|número|a|punto|barra|por|copyright|marca registrada",
        letters="a be ce de e efe ge hache i jota ka ele eme ene o pe cu erre ese te u uve uvedoble equis ye zeta",
        months="enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        time="{h} y {m}",
        hour="{h} en punto",
        date="{d} de {m} de {y}",
        units=(
            "kilómetro/kilómetros|metro/metros|centímetro/centímetros|milímetro/milímetros|kilogramo/kilogramos|gramo/gramos"
            "|miligramo/miligramos|litro/litros|mililitro/mililitros|kilómetro por hora/kilómetros por hora"
            "|grado centígrado/grados centígrados|grado Fahrenheit/grados Fahrenheit|grado/grados|gigabyte/gigabytes"
            "|megabyte/megabytes|minuto/minutos|metro cuadrado/metros cuadrados|kilómetro cuadrado/kilómetros cuadrados"
        ),
        currencies="dólar/dólares|euro/euros|libra/libras|yen/yenes|rupia/rupias|rublo/rublos",
        fractions="medio|un cuarto|tres cuartos",
        abbreviations=(
            "Sr.:señor|Sra.:señora|Srta.:señorita|Dr.:doctor|Dra.:doctora|Ud.:usted|Uds.:ustedes|etc.:etcétera."
            "|p. ej.:por ejemplo|p.ej.:por ejemplo|EE. UU.:Estados Unidos|EE.UU.:Estados Unidos|núm.:número|pág.:página"
            "|Prof.:profesor|Avda.:avenida|aprox.:aproximadamente"
        ),
        stressed=(
            "no sí si ya yo tú tu el la los las un una muy más que qué es de en y o a por para con sin hoy hay mi su se "
            "me te lo le al del ni ver aquí todo nada solo"
        ),
    )

    def read_marked_ordinal(self, number: int, mark: str) -> str:
        ordinal = self.read_ordinal(number)
        if mark == "er":
            return re.sub(r"(prime|terce)ro$", r"\1r", ordinal)
        return re.sub(r"o\b", "a", ordinal) if mark == "ª" or mark.endswith("a") else ordinal

    def agree_with_noun(self, words: str) -> str:
        return re.sub(r"uno$", "un", words).replace("veintiun", "veintiún")

    def read_hour(self, hour: int) -> str:
        return re.sub(r"\buno$", "una", self.cardinal(hour))
