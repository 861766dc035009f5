"""Speech without any download, leaning toward a reference: Kokoro where it speaks the language, else espeak-ng.

A mixture of Kokoro's stock voices and a scale of its frequencies are searched for that a speaker encoder finds nearest
to the reference, and an equalizer moves its long-term spectrum to the reference's. It resembles the speaker; it does
not clone.
"""

import logging
import subprocess
import wave
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from cloning.engines.base import Conditioning, Engine, EngineError, Floats, Reals, SynthesisOptions, Waveform
from cloning.engines.preview import ENTRY, espeak_voice, kokoro, phonemes, reference, speaker, stock, styles
from cloning.engines.preview.equalizer import Equalizer, equalize
from cloning.engines.preview.measure import ANALYSIS_RATE_HZ, BAND_COUNT, VoiceStatistics
from cloning.engines.preview.search import Target, nearest_style

logger = logging.getLogger(__name__)

MEASURED_SECONDS = 10.0  # of all clips together; pitch and spectrum have settled by then
EMBEDDED_SECONDS = 30.0
LEVEL_DBFS = -19.0  # RMS of the louder frames; measured as -19 LUFS
PEAK_LIMIT = 0.89  # -1 dBFS
AUDIBLE_PEAK = 1e-3
HEADROOM = 0.5  # an equalizer raises Kokoro's peaks above 1; the voice's gain makes up for it

ESPEAK_SHAPES = {
    "median_f0_hz": (1,),
    "log_f0_spread": (1,),
    "spectrum_db": (BAND_COUNT,),
    "speaker_embedding": (speaker.EMBEDDING_SIZE,),
}
KOKORO_SHAPES = {
    "style_weights": (2, styles.STOCK_COUNT),  # of timbre, of prosody
    "frequency_scale": (1,),
    "equaliser_gains_db": (BAND_COUNT,),
}


class PreviewEngine(Engine):
    name = ENTRY.name
    label = ENTRY.label
    sample_rate_hz = kokoro.SAMPLE_RATE_HZ  # espeak-ng's speech is resampled to it
    segment_limits = ENTRY.segment_limits

    def __init__(self, *, with_kokoro: bool = True, weights: Sequence[Path] | None = None) -> None:
        """`weights` are the parts of Kokoro's file, by default the installed ones; without them espeak-ng speaks."""
        self._kokoro: kokoro.Kokoro | None = None
        if with_kokoro:
            try:
                self._kokoro = kokoro.Kokoro(weights)
            except kokoro.WeightsError as error:
                logger.warning("The preview speaks with espeak-ng only: %s", error)
        self._stock_voices: dict[str, dict[str, Floats]] = {}
        self.conditioning_key = "preview-kokoro-6" if self._kokoro else "preview-espeak-2"
        self.conditioning_shapes = {**ESPEAK_SHAPES, **KOKORO_SHAPES} if self._kokoro else ESPEAK_SHAPES

    def condition(self, clips: Sequence[Path], on_step: Callable[[], None] = lambda: None) -> Conditioning:
        """See `Engine.condition`. The arrays are those of ESPEAK_SHAPES, with Kokoro also those of KOKORO_SHAPES."""
        samples = [_read(clip, EMBEDDED_SECONDS / len(clips)) for clip in clips]
        longest = int(MEASURED_SECONDS / len(clips) * ANALYSIS_RATE_HZ)
        voice = reference.measure_reference(np.concatenate([clip[:longest] for clip in samples]))
        on_step()
        embedding = speaker.embed(np.concatenate(samples))
        arrays = _to_arrays(voice, embedding)
        if self._kokoro:
            target = Target(embedding, voice.median_f0_hz, voice.spectrum_db)
            style = nearest_style(target, self._kokoro, on_step)
            arrays |= {
                "style_weights": style.candidate.weights,
                "frequency_scale": np.array([style.candidate.scale], np.float32),
                "equaliser_gains_db": style.gains_db,
            }
        return Conditioning(arrays)

    def is_valid(self, conditioning: Conditioning) -> bool:
        """See `Engine.is_valid`. What is divided by, or taken the logarithm of, is positive."""
        arrays = conditioning.arrays
        positive = ("median_f0_hz", "log_f0_spread", "frequency_scale")
        return super().is_valid(conditioning) and all(
            arrays[name].min() > 0 for name in positive if name in arrays
        )

    def stock_conditioning(self, key: str, language: str) -> Conditioning:
        """See `Engine.stock_conditioning`. For espeak-ng's languages the voice is measured as a reference is, once."""
        if self._kokoro is None or key not in stock.LANGUAGES:
            return super().stock_conditioning(key, language)
        if key not in self._stock_voices:
            self._stock_voices[key] = {
                "style_weights": styles.stock_weights(key),
                "frequency_scale": np.ones(1, np.float32),
                "equaliser_gains_db": np.zeros(BAND_COUNT, np.float32),
            }
        arrays = self._stock_voices[key]
        if language not in phonemes.VOICES and "speaker_embedding" not in arrays:
            arrays = self._stock_voices[key] = arrays | self._measure_stock_voice(key)
        return Conditioning(arrays)

    def _measure_stock_voice(self, key: str) -> dict[str, Floats]:
        assert self._kokoro
        language = stock.LANGUAGES[key]
        spelt = spell(espeak_voice.CALIBRATION_SENTENCES[language], language)
        spoken = self._kokoro.speak(spelt, styles.stock(key))
        samples = soxr.resample(spoken.astype(np.float64), self.sample_rate_hz, ANALYSIS_RATE_HZ)
        return _to_arrays(reference.measure_reference(samples), speaker.embed(samples))

    def is_formant(self, language: str) -> bool:
        """See `Engine.is_formant`."""
        return not self._kokoro or language not in phonemes.VOICES

    def synthesize(
        self, segment: str, language: str, conditioning: Conditioning, options: SynthesisOptions
    ) -> Waveform:
        """See `Engine.synthesize`. Nothing is sampled: seed and temperature are ignored."""
        if self._kokoro and not self.is_formant(language):
            spelt, voice = spell(segment, language), _to_kokoro_voice(conditioning)
            plain = self._kokoro.speak(spelt, voice.style, options.speed, voice.scale)
            spoken = HEADROOM * equalize(plain, voice.gains_db, self.sample_rate_hz)
        else:
            spoken = espeak_voice.speak_like(
                _to_espeak_reference(conditioning), segment, language, options.speed
            )
            spoken = set_level(spoken, self.sample_rate_hz)
        if not spoken.size or np.abs(spoken).max() < AUDIBLE_PEAK:
            raise nothing_to_say()
        return spoken

    def stream(
        self, segment: str, language: str, conditioning: Conditioning, options: SynthesisOptions
    ) -> Generator[Waveform, None, int]:
        """See `Engine.stream`. At another speed than its own, and in espeak-ng's languages, all comes at once."""
        if not self._kokoro or language not in phonemes.VOICES or options.speed != 1:
            return (yield from super().stream(segment, language, conditioning, options))
        spelt, voice = spell(segment, language), _to_kokoro_voice(conditioning)
        equalizer, size, peak = Equalizer(voice.gains_db, self.sample_rate_hz), 0, 0.0
        for part in self._kokoro.stream(spelt, voice.style, voice.scale):
            piece = HEADROOM * equalizer.process(part)
            size, peak = size + piece.size, max(peak, float(np.abs(piece).max(initial=0)))
            yield piece
        last = HEADROOM * equalizer.flush()
        if max(peak, float(np.abs(last).max(initial=0))) < AUDIBLE_PEAK:
            raise nothing_to_say()
        yield last
        return size + last.size


def _to_arrays(voice: VoiceStatistics, embedding: Floats) -> dict[str, Floats]:
    """Those of ESPEAK_SHAPES."""
    return {
        "median_f0_hz": np.array([voice.median_f0_hz], np.float32),
        "log_f0_spread": np.array([voice.log_f0_spread], np.float32),
        "spectrum_db": voice.spectrum_db,
        "speaker_embedding": embedding,
    }


def nothing_to_say() -> EngineError:
    return EngineError("There is nothing in this text that the preview voice can say.")


def spell(text: str, language: str) -> str:
    """Its phonemes; none where no sound is among them. Raises EngineError."""
    try:
        spelt = phonemes.phonemes(text, language)
    except subprocess.SubprocessError as error:
        logger.error("espeak-ng, phonemes of %s: %r", language, error)
        raise EngineError("The preview voice could not read this text.") from error
    return spelt if any(sound.isalpha() for sound in spelt) else ""


@dataclass(frozen=True)
class KokoroVoice:
    style: Floats  # see `Kokoro.speak`
    scale: float
    gains_db: Floats  # (BAND_COUNT,)


def _to_kokoro_voice(conditioning: Conditioning) -> KokoroVoice:
    arrays = conditioning.arrays
    return KokoroVoice(
        style=styles.mix(arrays["style_weights"]),
        scale=float(arrays["frequency_scale"][0]),
        gains_db=arrays["equaliser_gains_db"],
    )


def _to_espeak_reference(conditioning: Conditioning) -> espeak_voice.Reference:
    arrays = conditioning.arrays
    return espeak_voice.Reference(
        median_f0_hz=float(arrays["median_f0_hz"][0]),
        log_f0_spread=float(arrays["log_f0_spread"][0]),
        spectrum_db=tuple(arrays["spectrum_db"].tolist()),
        embedding=tuple(arrays["speaker_embedding"].tolist()),
    )


def _read(clip: Path, longest_seconds: float) -> NDArray[np.float64]:
    with wave.open(str(clip)) as file:
        frames = file.readframes(int(longest_seconds * ANALYSIS_RATE_HZ))
    return np.frombuffer(frames, np.int16) / 32768


def set_level(samples: Waveform, sample_rate_hz: int) -> Waveform:
    """Brings speech, without its pauses, to LEVEL_DBFS, or as near as PEAK_LIMIT lets it.

    espeak-ng's voices differ by more than 10 dB, and have the highest peaks.
    """
    block = sample_rate_hz // 50
    padded = np.pad(samples, (0, -samples.size % block))
    power = np.mean(padded.reshape(-1, block) ** 2, axis=1)
    speech_rms = np.sqrt(power[power > power.max() / 1000].mean())
    gain = min(10 ** (LEVEL_DBFS / 20) / speech_rms, PEAK_LIMIT / np.abs(samples).max())
    levelled: Reals = samples * gain
    return levelled.astype(np.float32)
