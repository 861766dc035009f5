"""Arabic."""

from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.vocabulary import build_vocabulary


class Arabic(Language):
    code = "ar"
    reads_cents = False
    reads_written_dates = False
    max_ordinal = 0

    vocabulary = build_vocabulary(
        symbols="فاصلة|سالب|بالمئة|و|زائد|يساوي|آت|رقم|إلى|نقطة|شرطة مائلة|ضرب|حقوق النشر|علامة مسجلة",
        letters="إيه بي سي دي إي إف جي إتش آي جيه كيه إل إم إن أو بي كيو آر إس تي يو في دبليو إكس واي زد",
        months="يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
        time="{h} و{m} دقيقة",
        hour="الساعة {h}",
        date="{d} {m} {y}",
        units=(
            "كيلومتر/كيلومترات|متر/أمتار|سنتيمتر/سنتيمترات|مليمتر/مليمترات|كيلوغرام/كيلوغرامات|غرام/غرامات|مليغرام/مليغرامات"
            "|لتر/لترات|مليلتر/مليلترات|كيلومتر في الساعة|درجة مئوية/درجات مئوية|درجة فهرنهايت/درجات فهرنهايت|درجة/درجات"
            "|غيغابايت|ميغابايت|دقيقة/دقائق|متر مربع/أمتار مربعة|كيلومتر مربع/كيلومترات مربعة"
        ),
        currencies="دولار/دولارات|يورو|جنيه/جنيهات|ين|روبية/روبيات|روبل/روبلات",
        fractions="نصف|ربع|ثلاثة أرباع",
        abbreviations="د.:دكتور|أ.:أستاذ|إلخ.:إلى آخره.|هـ.:هجري.|م.:ميلادي.",
    )

    def read_short_cardinal(self, number: int) -> str:
        return super().read_short_cardinal(number).replace(" و ", " و")

    def find_form(self, number: int, has_fraction: bool) -> int:
        return int(3 <= number <= 10)
