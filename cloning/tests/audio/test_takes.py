"""Takes: what was streamed, as a file."""

import json
import wave

import numpy as np
import pytest

from cloning import audio
from cloning.audio.loudness import Stretch, integrate_loudness
from cloning.errors import GenerationError
from cloning.tests.audio.clips import (
    OTHER_SPEECH,
    SPEECH,
    measure_with_ffmpeg,
    peaky_samples,
    read_wav,
    speech_samples,
    tone,
)

RATE_HZ = 24_000


def level(waveform: np.ndarray) -> np.ndarray:
    leveller = audio.Leveller(RATE_HZ, audio.measure_gain(waveform, RATE_HZ))
    return np.concatenate([leveller.process(waveform), leveller.flush()])


def read_frames(path) -> bytes:
    with wave.open(str(path), "rb") as opened:
        return opened.readframes(opened.getnframes())


@pytest.mark.parametrize("silence_seconds", [0.0, 0.02, 0.7])
def test_what_was_streamed_is_how_the_file_begins(silence_seconds, tmp_path):
    waveform = np.append(speech_samples(rate_hz=RATE_HZ), np.zeros(int(silence_seconds * RATE_HZ), "f4"))
    leveller, streamed = audio.Leveller(RATE_HZ, 3.0), b""
    for chunk in np.array_split(waveform, 37):
        streamed += audio.encode_pcm(leveller.process(chunk))
    streamed += audio.encode_pcm(leveller.flush())

    leveller = audio.Leveller(RATE_HZ, 3.0)
    levelled = np.concatenate([leveller.process(waveform), leveller.flush()])
    sound = audio.write_take(levelled, RATE_HZ, tmp_path / "take.wav")

    frames = read_frames(tmp_path / "take.wav")
    faded = 2 * 120
    assert len(frames) == 2 * RATE_HZ * sound.duration_seconds <= len(streamed)
    assert frames[:-faded] == streamed[: len(frames) - faded]


def test_silence_after_the_speech_goes_and_the_end_fades(tmp_path):
    cosine = np.cos(2 * np.pi * 220 * np.arange(RATE_HZ) / RATE_HZ).astype("f4") / 4
    for after in (np.zeros(2 * RATE_HZ, "f4"), np.full(2 * RATE_HZ, 1e-3, "f4"), np.zeros(0, "f4")):
        sound = audio.write_take(np.append(cosine, after), RATE_HZ, tmp_path / "take.wav")
        assert sound.duration_seconds == pytest.approx(1.03 if after.size else 1, abs=0.011)
        assert abs(read_wav(tmp_path / "take.wav")[0][-1]) < 0.005


@pytest.mark.parametrize(
    "waveform",
    [
        speech_samples(SPEECH, RATE_HZ),
        speech_samples(OTHER_SPEECH, RATE_HZ) * 0.05,
        peaky_samples(),
        tone(0.2, 0.5, RATE_HZ),
    ],
    ids=["speech", "quiet", "peaky", "short"],
)
def test_a_take_says_how_loud_it_is(waveform, tmp_path):
    sound = audio.write_take(level(waveform), RATE_HZ, tmp_path / "take.wav")
    samples, _ = read_wav(tmp_path / "take.wav")
    loudness_lufs, true_peak_dbtp = measure_with_ffmpeg(np.tile(samples, 1 if samples.size > RATE_HZ else 20))
    measured = integrate_loudness([Stretch(sound.loudness_blocks, sound.duration_seconds)])
    assert measured == pytest.approx(loudness_lufs, abs=0.15)
    assert sound.true_peak_dbtp == pytest.approx(true_peak_dbtp, abs=0.2)
    assert true_peak_dbtp <= -1
    assert json.loads(json.dumps(vars(sound))) == vars(sound)
    assert len(sound.loudness_blocks) == np.ceil(samples.size / 2_400)


def test_peaks_are_drawn_as_high_as_they_are(tmp_path):
    samples = np.concatenate([tone(1, 0.1, RATE_HZ), tone(1, 0.4, RATE_HZ), tone(1, 0.2, RATE_HZ)])
    peaks = audio.write_take(samples, RATE_HZ, tmp_path / "take.wav").peaks
    assert len(peaks) == 60
    assert [peaks[10], peaks[30], peaks[50]] == pytest.approx([0.1, 0.4, 0.2], abs=0.01)
    assert len(audio.write_take(tone(0.02, 0.3, RATE_HZ), RATE_HZ, tmp_path / "take.wav").peaks) == 60


@pytest.mark.parametrize("samples", [np.zeros(0, "f4"), np.zeros(9_000, "f4"), np.full(9_000, 1e-3, "f4")])
def test_silence_is_no_take(samples, tmp_path):
    with pytest.raises(GenerationError) as caught:
        audio.write_take(samples, RATE_HZ, tmp_path / "take.wav")
    assert caught.value.code == "speech_silent"
    assert list(tmp_path.iterdir()) == []
