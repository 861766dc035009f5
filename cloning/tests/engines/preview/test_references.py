"""Which recordings are taken, and why others are refused."""

import numpy as np
import pytest

from cloning.engines.base import EngineError
from cloning.engines.preview.measure import (
    ANALYSIS_RATE_HZ,
    band_centres_hz,
    measure,
    recorded_f0,
)
from cloning.tests.engines.preview.changes import (
    in_a_room,
    music,
    resynthesised,
    sines,
    through_ffmpeg,
    with_noise,
)
from cloning.tests.engines.preview.hearing import CLIPS, recording, speech, write


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.random.default_rng(0).normal(0, 0.1, 5 * 16_000), "only noise"),
        (with_noise(speech(), -10), "only noise"),
        (np.zeros(5 * 16_000), "silent"),
        (np.zeros(8_000), "silent"),
        (sines(261.6, 329.6, 392.0), "music or tones"),
        (sines(440.0), "music or tones"),
        (sines(261.6, 329.6, 392.0) * np.linspace(1, 0, 5 * 16_000) ** 2, "music or tones"),
        (music(), "music or tones"),
        (resynthesised(speech(CLIPS[0]), f0_spread=np.nan), "whispered"),
        (resynthesised(speech(CLIPS[1]), f0_spread=np.nan), "whispered"),
    ],
    ids=[
        "noise", "drowned", "silence", "short silence", "chord", "tone", "fading chord", "music", "whisper",
        "another whisper",
    ],
)  # fmt: skip
def test_a_reference_that_can_not_be_used_is_refused_with_the_reason(espeak_only, tmp_path, samples, reason):
    with pytest.raises(EngineError, match=reason):
        espeak_only.condition([write(tmp_path / "clip.wav", samples)])


@pytest.mark.parametrize("clip", CLIPS)
def test_clips_of_one_speaker_may_be_recorded_differently(espeak_only, tmp_path, clip):
    halves = np.array_split(speech(clip), 2)
    changed = through_ffmpeg(in_a_room(halves[1]), tmp_path, ".wav", "-ar", "8000", "-c:a", "pcm_mulaw")
    espeak_only.condition([write(tmp_path / "1.wav", halves[0]), write(tmp_path / "2.wav", changed)])


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize(
    "change",
    [
        lambda samples, _: with_noise(samples, 15),
        lambda samples, _: in_a_room(samples),
        lambda samples, _: resynthesised(samples, f0_spread=1.8),
        lambda samples, _: resynthesised(samples, f0_spread=0.3),
        lambda samples, tmp_path: through_ffmpeg(samples, tmp_path, ".mp3", "-b:a", "32k"),
        lambda samples, tmp_path: through_ffmpeg(
            samples, tmp_path, ".wav", "-ar", "8000", "-c:a", "pcm_mulaw"
        ),
    ],
    ids=["noise", "room", "lively", "flat", "mp3", "telephone"],
)
def test_a_good_voice_is_accepted_as_people_record_it(espeak_only, tmp_path, clip, change):
    voice = espeak_only.condition([write(tmp_path / "clip.wav", change(speech(clip), tmp_path))])
    assert float(voice.arrays["median_f0_hz"][0]) == pytest.approx(recording(clip).median_f0_hz, rel=0.15)


@pytest.mark.parametrize("clip", CLIPS)
def test_two_seconds_of_a_voice_are_enough(espeak_only, tmp_path, clip):
    excerpt = speech(clip)[2 * ANALYSIS_RATE_HZ : 4 * ANALYSIS_RATE_HZ]
    voice = espeak_only.condition([write(tmp_path / "clip.wav", excerpt)])
    assert float(voice.arrays["median_f0_hz"][0]) == pytest.approx(recording(clip).median_f0_hz, rel=0.25)


@pytest.mark.parametrize("clip", CLIPS)
def test_a_telephone_s_band_is_not_taken_for_the_voice_s(espeak_only, recordings, tmp_path, clip):
    band = "highpass=f=300,lowpass=f=3400,lowpass=f=3400,aresample=8000"
    called = through_ffmpeg(speech(clip), tmp_path, ".wav", "-af", band)
    measured = measure(called, recorded_f0).spectrum_db
    by_telephone, whole = (
        espeak_only.condition([path]).arrays["spectrum_db"]
        for path in (write(tmp_path / "clip.wav", called), recordings[clip])
    )
    highs = band_centres_hz() > 4000
    assert (measured - whole)[highs].max() < -15
    assert np.abs(by_telephone - whole)[highs].max() < 12


@pytest.mark.parametrize("clip", CLIPS)
def test_a_noisy_reference_is_accepted_at_nearly_its_pitch(espeak_only, tmp_path, clip):
    voice = espeak_only.condition([write(tmp_path / "noisy.wav", with_noise(speech(clip), 5))])
    assert float(voice.arrays["median_f0_hz"][0]) == pytest.approx(recording(clip).median_f0_hz, rel=0.15)
