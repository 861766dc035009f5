"""espeak-ng brought to a reference's pitch and tone: what can be had without a trained model."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import soxr

from cloning.engines.base import Waveform
from cloning.engines.preview import espeak, reading, speaker
from cloning.engines.preview.equalizer import equalize, gains_db
from cloning.engines.preview.measure import ANALYSIS_RATE_HZ, VoiceStatistics, measure, synthetic_f0

# Of espeak-ng's variants, some that reach far in pitch and came near to one speaker or another.
VARIANTS = ("m4", "john", "shelby", "Alicia", "f2")
LOG_F0_PER_PITCH_STEP = 0.0095  # of espeak-ng's pitch parameter, near its middle
F0_PENALTY = 2.0  # of the cosine, per unit of ln F0 beyond the tolerance: pitch is noticed first
F0_TOLERANCE = 0.06  # a semitone

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


@dataclass(frozen=True)
class Reference:
    """What of a reference is imitated; in tuples, so that equal ones are known again."""

    median_f0_hz: float
    log_f0_spread: float
    spectrum_db: tuple[float, ...]
    embedding: tuple[float, ...]  # of speaker.embed


@dataclass(frozen=True)
class Base:
    """What espeak-ng sounds like in one manner, saying the language's calibration sentence."""

    samples: Waveform  # at espeak.SAMPLE_RATE_HZ
    statistics: VoiceStatistics


def speak_like(reference: Reference, text: str, language: str, speed: float) -> Waveform:
    """`text` by the nearest of espeak-ng's own voices, at espeak.SAMPLE_RATE_HZ; empty when it holds nothing to say."""
    manner = _nearest_manner(reference, language)
    spoken = _speak(text, language, replace(manner, words_per_minute=round(175 * speed)))
    if not spoken.size:
        return spoken
    return _equalize(spoken, _base(language, manner), reference)


def _speak(text: str, language: str, manner: espeak.Manner) -> Waveform:
    return espeak.speak(reading.kana(text) if language == "ja" else text, language, manner)


@lru_cache(maxsize=64)
def _nearest_manner(reference: Reference, language: str) -> espeak.Manner:
    """Of the variants, each brought to the reference's pitch and spectrum, the one whose embedding is nearest."""
    manners = [_match_pitch(reference, language, variant) for variant in VARIANTS]
    return max(manners, key=lambda manner: _likeness(_base(language, manner), reference))


def _match_pitch(reference: Reference, language: str, variant: str) -> espeak.Manner:
    """The variant with pitch and range set so that its median F0 meets the reference's, as far as it reaches."""
    manner = espeak.Manner(variant)
    natural = _base(language, manner).statistics
    ratio = np.clip(reference.log_f0_spread / natural.log_f0_spread, 0.7, 1.5)
    # espeak-ng's range is in Hz and does not grow with its pitch.
    pitch_range = round(50 * ratio * reference.median_f0_hz / natural.median_f0_hz)
    manner = replace(manner, pitch_range=int(np.clip(pitch_range, 10, 99)))
    for _ in range(3):
        steps = round(_f0_distance(_base(language, manner), reference) / LOG_F0_PER_PITCH_STEP)
        manner = replace(manner, pitch=int(np.clip(manner.pitch + steps, 0, 99)))
    return manner


def _likeness(base: Base, reference: Reference) -> float:
    equalized = _equalize(base.samples, base, reference)
    embedding = speaker.embed(soxr.resample(equalized, espeak.SAMPLE_RATE_HZ, speaker.SAMPLE_RATE_HZ))
    penalty = F0_PENALTY * max(0.0, abs(_f0_distance(base, reference)) - F0_TOLERANCE)
    return float(embedding @ np.array(reference.embedding)) - penalty


def _f0_distance(base: Base, reference: Reference) -> float:
    return float(np.log(reference.median_f0_hz / base.statistics.median_f0_hz))


def _equalize(samples: Waveform, base: Base, reference: Reference) -> Waveform:
    gains = gains_db(base.statistics.spectrum_db, np.array(reference.spectrum_db))
    return equalize(samples, gains, espeak.SAMPLE_RATE_HZ)


@lru_cache(maxsize=512)
def _base(language: str, manner: espeak.Manner) -> Base:
    spoken = _speak(CALIBRATION_SENTENCES[language], language, manner)
    resampled = soxr.resample(spoken, espeak.SAMPLE_RATE_HZ, ANALYSIS_RATE_HZ)
    return Base(spoken, measure(resampled, synthetic_f0))
