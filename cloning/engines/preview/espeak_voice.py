"""espeak-ng brought to a reference's pitch and tone: what can be had without a trained model."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import soxr

from cloning.engines.base import Waveform
from cloning.engines.preview import espeak, reading
from cloning.engines.preview.equaliser import equalise, gains_db
from cloning.engines.preview.measure import ANALYSIS_RATE_HZ, VoiceStatistics, measure, synthetic_f0

# Of espeak-ng's variants these two were the best understood and, at a reference's pitch, the nearest to it by
# speaker embedding (natural median F0: 93 and 196 Hz; they reach some 65 to 165 and 130 to 310 Hz).
LOW_VARIANT, HIGH_VARIANT = "m4", "f2"
HIGH_FROM_HZ = 155.0
LOG_F0_PER_PITCH_STEP = 0.0095  # of espeak-ng's pitch parameter, near its middle

# The first sentence of article 1 of the Universal Declaration of Human Rights: each language's base voice
# is measured speaking it.
CALIBRATION_SENTENCES = {
    "en": "All human beings are born free and equal in dignity and rights.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
    "it": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti.",
    "pt": "Todas as pessoas nascem livres e iguais em dignidade e em direitos.",
    "pl": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw.",
    "tr": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах.",
    "nl": "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren.",
    "cs": "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv.",
    "ar": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق.",
    "zh": "人人生而自由，在尊严和权利上一律平等。",
    "hu": "Minden emberi lény szabadon születik és egyenlő méltósága és joga van.",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "hi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
}


def speak_like(reference: VoiceStatistics, text: str, language: str, speed: float) -> Waveform:
    """`text` by the nearest of espeak-ng's own voices, at espeak.SAMPLE_RATE_HZ; empty when it holds nothing to say."""
    manner = _nearest_manner(reference, language)
    spoken = _speak(text, language, replace(manner, words_per_minute=round(175 * speed)))
    if not spoken.size:
        return spoken
    base = _base_statistics(language, manner)
    return equalise(spoken, gains_db(base.spectrum_db, reference.spectrum_db), espeak.SAMPLE_RATE_HZ)


def _speak(text: str, language: str, manner: espeak.Manner) -> Waveform:
    return espeak.speak(reading.kana(text) if language == "ja" else text, language, manner)


def _nearest_manner(reference: VoiceStatistics, language: str) -> espeak.Manner:
    """The nearer variant with pitch and range set so that its median F0 meets the reference's."""
    manner = espeak.Manner(LOW_VARIANT if reference.median_f0_hz < HIGH_FROM_HZ else HIGH_VARIANT)
    base = _base_statistics(language, manner)
    ratio = np.clip(reference.log_f0_spread / base.log_f0_spread, 0.7, 1.5)
    # espeak-ng's range is in Hz and does not grow with its pitch.
    pitch_range = round(50 * ratio * reference.median_f0_hz / base.median_f0_hz)
    manner = replace(manner, pitch_range=int(np.clip(pitch_range, 10, 99)))
    for _ in range(3):
        base = _base_statistics(language, manner)
        steps = round(np.log(reference.median_f0_hz / base.median_f0_hz) / LOG_F0_PER_PITCH_STEP)
        manner = replace(manner, pitch=int(np.clip(manner.pitch + steps, 0, 99)))
    return manner


@lru_cache(maxsize=512)
def _base_statistics(language: str, manner: espeak.Manner) -> VoiceStatistics:
    spoken = _speak(CALIBRATION_SENTENCES[language], language, manner)
    return measure(soxr.resample(spoken, espeak.SAMPLE_RATE_HZ, ANALYSIS_RATE_HZ), synthetic_f0)
