"""Russian."""

import re

from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import build_vocabulary

ENDINGS = {
    "го": ("m", "g"), "му": ("m", "d"), "ом": ("m", "p"), "м": ("m", "p"), "ой": ("f", "g"), "ую": ("f", "a"),
    "ю": ("f", "a"), "я": ("f", "n"), "ая": ("f", "n"), "е": ("n", "n"), "ое": ("n", "n"),
}  # fmt: skip
"""Gender and case, by their first letters as num2words has them."""

YEAR = re.compile(r"(?<![\d.,])(\d{4}) (года|году|годом|год|г\.)(?!\w)")
YEAR_CASES = {"год": "n", "года": "g", "году": "p", "годом": "i", "г.": "g"}


class Russian(Language):
    code = "ru"
    has_decimal_comma = True
    ordinal_mark = re.compile(r"(?<!\d)(\d++)-(го|му|ом|ой|ую|ый|ий|ая|ое|й|я|е|м|ю)\b")

    vocabulary = build_vocabulary(
        symbols="запятая|минус|процент/процента/процентов|и|плюс|равно|собака|номер|до|точка|слэш|на|копирайт|товарный знак",
        letters="эй би си ди и эф джи эйч ай джей кей эл эм эн оу пи кью ар эс ти ю ви даблъю экс уай зет",
        months="января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
        time="{h} {m}",
        hour="{h} ноль ноль",
        date="{d} {m} {y} года",
        units=(
            "километр/километра/километров|метр/метра/метров|сантиметр/сантиметра/сантиметров|миллиметр/миллиметра/миллиметров"
            "|килограмм/килограмма/килограммов|грамм/грамма/граммов|миллиграмм/миллиграмма/миллиграммов|литр/литра/литров"
            "|миллилитр/миллилитра/миллилитров|километр в час/километра в час/километров в час"
            "|градус Цельсия/градуса Цельсия/градусов Цельсия|градус Фаренгейта/градуса Фаренгейта/градусов Фаренгейта"
            "|градус/градуса/градусов|гигабайт/гигабайта/гигабайт|мегабайт/мегабайта/мегабайт|минута/минуты/минут"
            "|квадратный метр/квадратных метра/квадратных метров"
            "|квадратный километр/квадратных километра/квадратных километров"
        ),
        local_units={
            "км": "километр/километра/километров",
            "м": "метр/метра/метров",
            "см": "сантиметр/сантиметра/сантиметров",
            "мм": "миллиметр/миллиметра/миллиметров",
            "кг": "килограмм/килограмма/килограммов",
            "мг": "миллиграмм/миллиграмма/миллиграммов",
            "л": "литр/литра/литров",
            "мл": "миллилитр/миллилитра/миллилитров",
            "км/ч": "километр в час/километра в час/километров в час",
            "мин": "минута/минуты/минут",
        },
        currencies="доллар/доллара/долларов|евро|фунт/фунта/фунтов|иена/иены/иен|рупия/рупии/рупий|рубль/рубля/рублей",
        fractions="половина|четверть|три четверти",
        abbreviations=(
            "т. е.:то есть|т.е.:то есть|т. д.:так далее.|т.д.:так далее.|т. п.:тому подобное.|т.п.:тому подобное."
            "|т. к.:так как|т.к.:так как|и др.:и другие.|г-н:господин|г-жа:госпожа|д-р:доктор|руб.:рублей.|коп.:копеек."
            "|млн:миллионов|млрд:миллиардов|тыс.:тысяч|ул.:улица|им.:имени|см.:смотри|напр.:например|стр.:страница"
            "|проф.:профессор|г.:года.|гг.:годов."
        ),
        stressed="не нет да но он мы вы ты я и а в с к о у по на за из от до как так что кто где это все всё мой твой уже ещё",
    )

    def decline_ordinal(self, number: int, gender: str, case: str) -> str:
        words: str = self.converter.to_ordinal(number, gender=gender, case=case)
        return words

    def read_marked_ordinal(self, number: int, mark: str) -> str:
        return self.decline_ordinal(number, *ENDINGS.get(mark, ("m", "n")))

    def find_form(self, number: int, has_fraction: bool) -> int:
        if has_fraction:
            return 1
        last, is_teen = number % 10, number % 100 // 10 == 1
        return 2 if is_teen else 0 if last == 1 else 1 if 2 <= last <= 4 else 2

    def read_written_dates(self, text: str) -> str:
        return super().read_written_dates(YEAR.sub(self.read_declined_year, text))

    def read_declined_year(self, match: re.Match[str]) -> str:
        year = self.decline_ordinal(int(match[1]), "m", YEAR_CASES[match[2]])
        return f" {year} {'года' if match[2] == 'г.' else match[2]}"

    def read_day(self, day: int) -> str:
        return self.decline_ordinal(day, "n", "n")

    def read_year_of_date(self, year: str) -> str:
        return self.decline_ordinal(int(year), "m", "g")
