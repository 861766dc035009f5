"""Turkish. num2words runs its numbers together, and str.lower makes its I a dotted i."""

import re

from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import build_vocabulary

ONES = " bir iki üç dört beş altı yedi sekiz dokuz".split(" ")
TENS = " on yirmi otuz kırk elli altmış yetmiş seksen doksan".split(" ")
SCALES = (
    (10**15, "katrilyon"),
    (10**12, "trilyon"),
    (10**9, "milyar"),
    (10**6, "milyon"),
    (1000, "bin"),
    (100, "yüz"),
)
HARMONY = {"a": "ı", "ı": "ı", "e": "i", "i": "i", "o": "u", "u": "u", "ö": "ü", "ü": "ü"}
WORD = re.compile(r"[^\W\d_]+")


class Turkish(Language):
    code = "tr"
    has_decimal_comma = True
    has_dot_ordinals = True
    has_percent_first = True
    ordinal_mark = re.compile(r"(?<!\d)(\d++)'?([ıiuü]?nc[ıiuü])\b")
    reads_cents = False
    joins_endings = True

    vocabulary = build_vocabulary(
        symbols="virgül|eksi|yüzde|ve|artı|eşittir|et|numara|ile|nokta|bölü|çarpı|telif hakkı|tescilli",
        letters="a be ce de e fe ge he ı je ke le me ne o pe ku re se te u ve çiftve iks ye ze",
        months="Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
        time="{h} {m}",
        hour="saat {h}",
        date="{d} {m} {y}",
        units=(
            "kilometre|metre|santimetre|milimetre|kilogram|gram|miligram|litre|mililitre|saatte kilometre|santigrat derece"
            "|fahrenhayt derece|derece|gigabayt|megabayt|dakika|metrekare|kilometrekare"
        ),
        local_units={"TL": "lira", "₺": "lira"},
        currencies="dolar|avro|sterlin|yen|rupi|ruble",
        fractions="yarım|çeyrek|dörtte üç",
        abbreviations=(
            "Dr.:doktor|Prof.:profesör|Doç.:doçent|Av.:avukat|vb.:ve benzeri.|vs.:vesaire.|örn.:örneğin|Sn.:sayın|Cad.:caddesi"
            "|Sok.:sokağı|No.:numara|yy.:yüzyıl|Alm.:Almanca|çev.:çeviren|bkz.:bakınız"
        ),
        stressed="ve de da ki mi mı mu bu şu o bir ne çok az en hiç ben sen biz siz var yok hayır evet için ile ama ya her",
    )

    def read_short_cardinal(self, number: int) -> str:
        return read_number(number) or "sıfır"

    def read_ordinal(self, number: int) -> str:
        words = self.cardinal(number)
        if words.endswith("dört"):
            return words.removesuffix("t") + "düncü"
        ending = HARMONY[[letter for letter in words if letter in HARMONY][-1]]
        return words + ("nc" if words[-1] in HARMONY else f"{ending}nc") + ending

    def lower_own_capitals(self, text: str) -> str:
        """str.lower, which coqui-tts applies, knows only one i."""
        return WORD.sub(lambda match: lower_dotless(match[0]), text)


def read_number(number: int) -> str:
    words = []
    for value, name in SCALES:
        if number >= value:
            count = number // value
            words += [name] if count == 1 and value <= 1000 else [read_number(count), name]
            number %= value
    return " ".join(filter(None, [*words, TENS[number // 10], ONES[number % 10]]))


def lower_dotless(word: str) -> str:
    if word.isupper() and word.isascii() and len(word) <= 3:
        return word
    dotted = word.replace("İ", "i").replace("I", "ı")
    return dotted.lower() if word.isupper() else dotted
