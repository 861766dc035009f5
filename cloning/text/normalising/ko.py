"""Korean."""

import re

from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import build_vocabulary

NATIVE_ONES = " 한 두 세 네 다섯 여섯 일곱 여덟 아홉".split(" ")
NATIVE_TENS = " 열 스물 서른 마흔 쉰 예순 일흔 여든 아흔".split(" ")
COUNTER = re.compile(
    r"(?<![\d.,])(\d{1,2}) ?(개|명|마리|살|시(?!간?장)|권|장|잔|병|대|사람|가지|그루|송이|켤레|시간)(?![\d])"
)
IRREGULAR_MONTH = re.compile(r"(?<!\d)(6|10)월")


class Korean(Language):
    code = "ko"
    min_segment_chars = 5
    min_paragraph_chars = 2
    ordinal_mark = re.compile(r"(?<!\d)(\d++) ?(번째)")
    spells_decimals = True
    reads_cents = False
    max_ordinal = 99

    vocabulary = build_vocabulary(
        symbols="점|마이너스|퍼센트|그리고|더하기|는|골뱅이|번호|에서|점|슬래시|곱하기|저작권|등록상표",
        letters="에이 비 시 디 이 에프 지 에이치 아이 제이 케이 엘 엠 엔 오 피 큐 아르 에스 티 유 브이 더블유 엑스 와이 제트",
        months="일월 이월 삼월 사월 오월 유월 칠월 팔월 구월 시월 십일월 십이월",
        time="{h} 시 {m} 분",
        hour="{h} 시",
        date="{y}년 {m} {d}일",
        units=(
            "킬로미터|미터|센티미터|밀리미터|킬로그램|그램|밀리그램|리터|밀리리터|시속 킬로미터|섭씨도|화씨도|도|기가바이트|메가바이트|분"
            "|제곱미터|제곱킬로미터"
        ),
        local_units={"₩": "원"},
        currencies="달러|유로|파운드|엔|루피|루블",
        fractions="이분의 일|사분의 일|사분의 삼",
    )

    def read_native(self, number: int) -> str:
        """Korean's own numbers, for counters and hours: 3 → "세" (세 개, 세 시). 1 to 99, else Sino-Korean."""
        if not 1 <= number <= 99:
            return self.cardinal(number)
        return "스무" if number == 20 else NATIVE_TENS[number // 10] + NATIVE_ONES[number % 10]

    def read_written_dates(self, text: str) -> str:
        return IRREGULAR_MONTH.sub(lambda match: {"6": "유월", "10": "시월"}[match[1]], text)

    def read_hour(self, hour: int) -> str:
        return self.read_native(hour) if hour <= 12 else self.cardinal(hour)

    def read_own_numbers(self, text: str) -> str:
        return COUNTER.sub(lambda match: f" {self.read_native(int(match[1]))} {match[2]}", text)
