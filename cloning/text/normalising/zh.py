"""Chinese. num2words doesn't read it."""

import re

from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import build_vocabulary

DIGITS = "零一二三四五六七八九"
SCALES = ((10**16, "京"), (10**12, "兆"), (10**8, "亿"), (10**4, "万"))
YEAR = re.compile(r"(?<!\d)(\d{4})(?= ?年)")


class Chinese(Language):
    code = "zh"
    is_spaced = False
    word_end = re.compile(r"\s+|(?<=[的们])(?![确士、，。！？；：])")
    full_stop = "。"
    min_segment_chars = 5
    min_paragraph_chars = 2
    has_percent_first = True
    spells_decimals = True
    reads_cents = False
    reads_written_dates = False

    vocabulary = build_vocabulary(
        symbols="点|负|百分之|和|加|等于|at|号|到|点|斜杠|乘|版权|注册商标",
        letters="A B C D E F G H I J K L M N O P Q R S T U V W X Y Z",
        months="一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月",
        time="{h}点{m}分",
        hour="{h}点",
        date="{y}年{m}{d}日",
        units="公里|米|厘米|毫米|公斤|克|毫克|升|毫升|公里每小时|摄氏度|华氏度|度|吉字节|兆字节|分钟|平方米|平方公里",
        currencies="美元|欧元|英镑|元|卢比|卢布",
        fractions="二分之一|四分之一|四分之三",
    )

    def read_short_cardinal(self, number: int) -> str:
        words = read_number(number)
        return words.removeprefix("一") if words.startswith("一十") else words

    def read_ordinal(self, number: int) -> str:
        return "第" + self.cardinal(number)

    def read_year_of_date(self, year: str) -> str:
        return self.spell_digits(year)

    def read_own_numbers(self, text: str) -> str:
        return YEAR.sub(lambda match: self.spell_digits(match[1]), text)


def read_number(number: int) -> str:
    for value, name in SCALES:
        if number >= value:
            rest = number % value
            zero = "零" if 0 < rest < value // 10 else ""
            return read_number(number // value) + name + (zero + read_number(rest) if rest else "")
    return read_under_ten_thousand(number)


def read_under_ten_thousand(number: int) -> str:
    words, skipped = "", False
    for value, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // value % 10
        if digit:
            words += ("零" if skipped and words else "") + DIGITS[digit] + name
        skipped = not digit
    return words or "零"
