"""Speech levelled as it comes."""

import tracemalloc

import numpy as np
import pytest

from cloning import audio
from cloning.audio.limiting import Limiter
from cloning.errors import GenerationError
from cloning.tests.audio.clips import (
    OTHER_SPEECH,
    SPEECH,
    measure_with_ffmpeg,
    peaky_samples,
    speech_samples,
    tone,
)

RATE_HZ = 24_000
rng = np.random.default_rng(7)


def level(waveform: np.ndarray, gain_db: float, cuts: np.ndarray | tuple[int, ...] = ()) -> np.ndarray:
    leveller = audio.Leveller(RATE_HZ, gain_db)
    chunks = [leveller.process(chunk) for chunk in np.split(waveform, cuts)]
    return np.concatenate([*chunks, leveller.flush()])


def spoken(clip=SPEECH) -> np.ndarray:
    return speech_samples(clip, RATE_HZ)


@pytest.mark.parametrize("clip", [SPEECH, OTHER_SPEECH])
def test_quiet_and_loud_voices_come_out_alike(clip):
    for amplitude in (0.01, 0.3, 1, 6):
        waveform = np.clip(spoken(clip) * amplitude, -1, 1)
        levelled = level(waveform, audio.measure_gain(waveform, RATE_HZ))
        loudness_lufs, true_peak_dbtp = measure_with_ffmpeg(levelled)
        assert loudness_lufs == pytest.approx(-19, abs=0.5), amplitude
        assert true_peak_dbtp <= -1


@pytest.mark.parametrize(
    "waveform",
    [
        spoken() * 8,
        peaky_samples(),
        rng.uniform(-1, 1, 3 * RATE_HZ).astype("f4"),
        np.sign(rng.normal(size=3 * RATE_HZ)).astype("f4"),
        np.sin(np.pi / 2 * np.arange(RATE_HZ) + np.pi / 4).astype("f4"),
        np.concatenate([np.zeros(500, "f4"), np.ones(1, "f4"), np.zeros(500, "f4")]),
    ],
    ids=["loud", "peaky", "noise", "bits", "between samples", "impulse"],
)
def test_true_peaks_stay_below_the_limit(waveform):
    for gain_db in (0, 8, 20):
        assert measure_with_ffmpeg(level(waveform, gain_db))[1] <= -1


def test_the_output_does_not_depend_on_how_the_input_is_cut():
    waveform = np.concatenate([np.zeros(3_210, "f4"), peaky_samples()[:60_000], spoken()[:60_000]])
    expected = level(waveform, 9)
    for _ in range(60):
        cuts = np.sort(rng.integers(0, waveform.size, rng.integers(1, 200)))
        assert level(waveform, 9, cuts).tobytes() == expected.tobytes()
    assert level(waveform[:8_000], 9, np.arange(1, 8_000)).tobytes() == level(waveform[:8_000], 9).tobytes()


def test_sound_comes_out_within_a_few_milliseconds():
    leveller, waveform = audio.Leveller(RATE_HZ, 3.0), tone(1, 0.3, RATE_HZ)
    given = received = 0
    for chunk in np.split(waveform, range(240, waveform.size, 240)):
        given += chunk.size
        received += leveller.process(chunk).size
        assert given - received <= 0.007 * RATE_HZ


def test_only_the_surroundings_of_a_peak_are_changed():
    waveform = tone(2, 0.3, RATE_HZ)
    waveform[24_000] = 1
    levelled = level(waveform, 6.0)
    expected = waveform * np.float32(10 ** (6 / 20))
    assert levelled.size == waveform.size
    assert (levelled[120:23_800] == expected[120:23_800]).all()  # after the fade
    assert (levelled[24_000 + 4_096 :] == expected[24_000 + 4_096 :]).all()
    assert np.abs(np.diff(levelled[23_800:23_990] / expected[23_800:23_990])[1::7]).max() < 0.02


def test_limited_speech_stays_clean():
    """What a limiter adds to a tone that it holds 6 dB down is 40 dB lower than the tone."""
    levelled = level(tone(3, 0.9, RATE_HZ), 6.0)[RATE_HZ : 2 * RATE_HZ]
    spectrum = np.abs(np.fft.rfft(levelled * np.hanning(levelled.size))) ** 2
    at_tone = spectrum[215:226].sum()
    assert 10 * np.log10(at_tone / (spectrum.sum() - at_tone)) > 40


def test_silence_before_the_speech_goes():
    quiet = rng.normal(0, 10 ** (-70 / 20), 5 * RATE_HZ).astype("f4")
    for silence in (np.zeros(RATE_HZ, "f4"), quiet):
        levelled = level(np.concatenate([silence, tone(1, 0.3, RATE_HZ)]), 0.0)
        assert levelled.size / RATE_HZ == pytest.approx(1.03, abs=0.011)
        assert abs(levelled[0]) < 1e-6
    assert level(tone(1, 0.3, RATE_HZ), 0.0).size == RATE_HZ


def test_the_first_sound_fades_in():
    cosine = np.cos(2 * np.pi * 220 * np.arange(RATE_HZ) / RATE_HZ).astype("f4") / 2
    assert np.abs(np.diff(level(cosine, 0.0), prepend=0)).max() < 0.04


def test_values_that_are_no_numbers_become_silence():
    waveform = tone(1, 0.3, RATE_HZ)
    bad = waveform.copy()
    bad[5_000:5_010], bad[6_000], bad[7_000] = np.nan, np.inf, -np.inf
    waveform[5_000:5_010] = waveform[6_000] = waveform[7_000] = 0
    assert level(bad, 3.0).tobytes() == level(waveform, 3.0).tobytes()
    assert audio.measure_gain(bad, RATE_HZ) == audio.measure_gain(waveform, RATE_HZ)


def test_a_gain_is_bounded():
    assert audio.measure_gain(spoken() * 0.003, RATE_HZ) == 50
    clicks = np.zeros(3 * RATE_HZ, "f4")
    clicks[::RATE_HZ] = 0.5
    assert audio.measure_gain(clicks, RATE_HZ) == pytest.approx(6.02 - 1 + 8, abs=0.2)
    assert audio.measure_gain(np.full(RATE_HZ, 50, "f4") * tone(1, 1, RATE_HZ), RATE_HZ) > -20


@pytest.mark.parametrize("waveform", [np.zeros(0, "f4"), np.zeros(9_000, "f4"), np.full(9_000, np.nan, "f4")])
def test_silence_has_no_gain_and_gives_no_sound(waveform):
    with pytest.raises(GenerationError) as caught:
        audio.measure_gain(waveform, RATE_HZ)
    assert caught.value.code == "speech_silent"
    assert level(waveform, 0.0).size == 0


@pytest.mark.parametrize("waveform", [np.zeros(RATE_HZ, "f4"), spoken()[:RATE_HZ]])
def test_half_an_hour_takes_no_more_memory_than_a_second(waveform):
    leveller = audio.Leveller(RATE_HZ, 9.0)
    leveller.process(waveform)
    tracemalloc.start()
    for _ in range(1_800):
        leveller.process(waveform)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 2_000_000


def test_a_limiter_gives_back_as_much_as_it_got():
    for size in (0, 1, 11, 12, 127, 128, 129, 5_000):
        limiter, samples = Limiter(RATE_HZ), rng.uniform(-0.5, 0.5, size).astype("f4")
        limited = np.concatenate([limiter.process(samples), limiter.flush()])
        assert limited.tobytes() == samples.tobytes()
