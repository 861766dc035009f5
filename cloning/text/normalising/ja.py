"""Japanese."""

import re

from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import build_vocabulary


class Japanese(Language):
    code = "ja"
    is_spaced = False
    word_end = re.compile(r"\s+|(?<=[ぁ-ゖ])(?=[一-鿿ァ-ヺ])")  # an ending in hiragana, then the next word
    full_stop = "。"
    min_segment_chars = 5
    min_paragraph_chars = 2
    spells_decimals = True
    reads_cents = False
    reads_written_dates = False
    max_ordinal = 0

    vocabulary = build_vocabulary(
        symbols="点|マイナス|パーセント|アンド|プラス|イコール|アットマーク|ナンバー|から|ドット|スラッシュ|かける|コピーライト|登録商標",
        letters=(
            "エー ビー シー ディー イー エフ ジー エイチ アイ ジェー ケー エル エム エヌ オー ピー キュー アール エス ティー ユー ブイ"
            " ダブリュー エックス ワイ ゼット"
        ),
        months="一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月",
        time="{h}時{m}分",
        hour="{h}時",
        date="{y}年{m}{d}日",
        units=(
            "キロメートル|メートル|センチメートル|ミリメートル|キログラム|グラム|ミリグラム|リットル|ミリリットル|キロ毎時|度|華氏度|度"
            "|ギガバイト|メガバイト|分|平方メートル|平方キロメートル"
        ),
        currencies="ドル|ユーロ|ポンド|円|ルピー|ルーブル",
        fractions="二分の一|四分の一|四分の三",
    )

    def read_digit(self, digit: str) -> str:
        return "ゼロ" if digit == "0" else super().read_digit(digit)

    def read_hour(self, hour: int) -> str:
        return {4: "よ", 14: "十よ", 24: "二十よ"}.get(hour) or self.cardinal(hour)
