"""Portuguese."""

import re

from cloning.text.normalising.common.amounts import NUMBER
from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import build_vocabulary

REAIS_BEFORE = re.compile(rf"R\$ ?({NUMBER})")


class Portuguese(Language):
    code = "pt"
    has_decimal_comma = True
    time_separators = ":hH"
    ordinal_mark = re.compile(r"(?<!\d)(\d++)\.?(º|ª)")
    num2words_name = "pt_BR"  # XTTS learnt its Portuguese in Brazil: milhão, bilhão, dezesseis

    vocabulary = build_vocabulary(
        symbols="vírgula|menos|por cento|e|mais|igual a|arroba|número|a|ponto|barra|vezes|copyright|marca registrada",
        letters="a bê cê dê e efe gê agá i jota cá ele eme ene ó pê quê erre esse tê u vê dáblio xis ípsilon zê",
        months="janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        time="{h} e {m}",
        hour="{h} horas",
        date="{d} de {m} de {y}",
        units=(
            "quilômetro/quilômetros|metro/metros|centímetro/centímetros|milímetro/milímetros|quilograma/quilogramas"
            "|grama/gramas|miligrama/miligramas|litro/litros|mililitro/mililitros|quilômetro por hora/quilômetros por hora"
            "|grau Celsius/graus Celsius|grau Fahrenheit/graus Fahrenheit|grau/graus|gigabyte/gigabytes|megabyte/megabytes"
            "|minuto/minutos|metro quadrado/metros quadrados|quilômetro quadrado/quilômetros quadrados"
        ),
        local_units={"R$": "real/reais"},
        currencies="dólar/dólares|euro/euros|libra/libras|iene/ienes|rupia/rupias|rublo/rublos",
        fractions="meio|um quarto|três quartos",
        abbreviations=(
            "Sr.:senhor|Sra.:senhora|Srta.:senhorita|Dr.:doutor|Dra.:doutora|Prof.:professor|Profa.:professora"
            "|etc.:et cetera.|p. ex.:por exemplo|p.ex.:por exemplo|pág.:página|núm.:número|Av.:avenida|aprox.:aproximadamente"
            "|a.C.:antes de Cristo.|d.C.:depois de Cristo."
        ),
        stressed=(
            "não sim só já eu tu ele ela nós um uma os as de do da em no na com sem que quem mas por para é e ou se me te "
            "lhe meu seu mais muito tudo nada"
        ),
    )

    def read_marked_ordinal(self, number: int, mark: str) -> str:
        ordinal = self.read_ordinal(number)
        return re.sub(r"o\b", "a", ordinal) if mark == "ª" else ordinal

    def read_day(self, day: int) -> str:
        return self.read_ordinal(day) if day == 1 else self.cardinal(day)

    def read_hour(self, hour: int) -> str:
        return re.sub(r"\bum$", "uma", self.cardinal(hour)).replace("dois", "duas")

    def move_own_currencies(self, text: str) -> str:
        return REAIS_BEFORE.sub(r"\1 R$", text)
