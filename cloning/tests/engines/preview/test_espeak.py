"""espeak-ng alone, and where Kokoro's weights are missing."""

import numpy as np
import pytest
import soundfile
import soxr

from cloning.engines.base import SynthesisOptions
from cloning.engines.preview import espeak, espeak_voice, speaker
from cloning.tests.clips import DATA
from cloning.tests.engines.preview.hearing import CLIPS, measured, resampled, speech, write
from cloning.tests.engines.preview.texts import ENGLISH, GREETINGS


@pytest.mark.parametrize(("resampling", "median_f0_hz"), [(0.55, 112), (0.75, 152), (1.5, 304)])
def test_espeak_reaches_low_and_high_voices(espeak_only, tmp_path, resampling, median_f0_hz):
    samples, sample_rate_hz = soundfile.read(DATA / "1688-142285-0007.flac")
    shifted = soxr.resample(samples, sample_rate_hz * resampling, sample_rate_hz)
    voice = espeak_only.condition([write(tmp_path / "shifted.wav", shifted)])
    assert float(voice.arrays["median_f0_hz"][0]) == pytest.approx(median_f0_hz, rel=0.05)
    result = measured(espeak_only.synthesize(ENGLISH, "en", voice, SynthesisOptions()))
    assert result.median_f0_hz == pytest.approx(median_f0_hz, rel=0.12)


def test_the_variant_that_is_heard_nearest_speaks(espeak_only, espeak_voices, monkeypatch):
    """Nearer than the worst of them by far, and each at the reference's pitch."""
    conditioning = espeak_voices[CLIPS[0]]
    wanted = conditioning.arrays["speaker_embedding"]

    def likeness() -> float:
        espeak_voice._nearest_manner.cache_clear()
        samples = espeak_only.synthesize(
            espeak_voice.CALIBRATION_SENTENCES["de"], "de", conditioning, SynthesisOptions()
        )
        return float(speaker.embed(resampled(samples)) @ wanted)

    chosen = likeness()
    alone = []
    for variant in espeak_voice.VARIANTS:
        monkeypatch.setattr(espeak_voice, "VARIANTS", (variant,))
        alone.append(likeness())
    assert chosen == pytest.approx(max(alone), abs=0.01)
    assert chosen > min(alone) + 0.02


@pytest.fixture
def choose_among(monkeypatch):
    """Lets only these of espeak-ng's variants be tried: each of them costs five runs."""

    def choose(*variants: str) -> None:
        espeak_voice._nearest_manner.cache_clear()
        monkeypatch.setattr(espeak_voice, "VARIANTS", variants)

    yield choose
    espeak_voice._nearest_manner.cache_clear()


@pytest.mark.parametrize("language", espeak.VOICES)
def test_without_kokoro_s_weights_espeak_speaks(espeak_only, espeak_voices, choose_among, language):
    """Every variant can be measured in every language, and one speaks like the voice."""
    variants = espeak_voice.VARIANTS
    for variant in variants:
        assert espeak_voice._base(language, espeak.Manner(variant)).statistics.median_f0_hz > 0
    choose_among(variants[list(espeak.VOICES).index(language) % len(variants)])
    voice = espeak_voices[CLIPS[1]]
    samples = espeak_only.synthesize(GREETINGS[language], language, voice, SynthesisOptions())
    assert samples.size > espeak_only.sample_rate_hz


@pytest.mark.parametrize("text", ["9" * 400, "a" * 5000, "a\u0301" * 1000])
def test_text_without_end_does_not_break_espeak(espeak_only, espeak_voices, text):
    assert espeak_only.synthesize(text, "de", espeak_voices[CLIPS[0]], SynthesisOptions()).size


def test_several_clips_make_one_voice(espeak_only, tmp_path):
    halves = np.array_split(speech(), 2)
    paths = [write(tmp_path / f"{number}.wav", half) for number, half in enumerate(halves)]
    spectra = [espeak_only.condition([path]).arrays["spectrum_db"] for path in paths]
    both = espeak_only.condition(paths).arrays["spectrum_db"]
    assert all(
        np.abs(both - spectrum).mean() < np.abs(spectra[0] - spectra[1]).mean() for spectrum in spectra
    )
