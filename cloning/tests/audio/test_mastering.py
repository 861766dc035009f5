"""Normalized references, and speech joined, levelled and encoded, measured by our own arithmetic."""

import re
import subprocess

import numpy as np
import pytest

from cloning import audio
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.tests.audio.clips import (
    CARRIED_FFMPEG,
    OTHER_SPEECH,
    SPEECH,
    loudness_and_peak,
    make,
    speech_samples,
    tone,
    write_wav,
)


def test_quiet_and_loud_recordings_come_out_alike(ffmpeg, tmp_path):
    speech = speech_samples()
    results = []
    for gain_db in (-35, -15, 5):
        source = make(
            tmp_path / f"{gain_db}.flac",
            "-i",
            str(SPEECH),
            "-af",
            f"volume={gain_db}dB",
            "-sample_fmt",
            "s32",
        )
        normalized = audio.normalize(source, tmp_path / f"{gain_db}.wav", max_seconds=300)
        loudness_lufs, true_peak_dbtp = loudness_and_peak(tmp_path / f"{gain_db}.wav")
        assert normalized.loudness_lufs == pytest.approx(loudness_lufs, abs=0.2)
        assert true_peak_dbtp <= -1
        results.append((loudness_lufs, normalized.duration_seconds, normalized.gain_db))
    loudnesses, durations, gains = (np.array(column) for column in zip(*results, strict=True))
    assert np.abs(loudnesses + 23).max() < 0.2
    assert np.ptp(durations) < 0.05
    assert gains[0] - gains[1] == pytest.approx(20, abs=0.3)
    assert speech.size / 16_000 - durations.max() < 1


def test_true_peak_bounds_the_gain(ffmpeg, tmp_path):
    samples = tone(5, 0.01)
    samples[40_000:40_040] = 0.9
    samples[60_000:60_040] = -0.9
    normalized = audio.normalize(write_wav(tmp_path / "a.wav", samples), tmp_path / "b.wav", max_seconds=300)
    assert normalized.loudness_lufs < -26
    assert -2.5 < loudness_and_peak(tmp_path / "b.wav")[1] <= -1


@pytest.mark.parametrize("noise_db", [-90, -55, -45])
@pytest.mark.parametrize("silence_seconds", [0.5, 6])
def test_silence_at_the_ends_goes_and_speech_stays(noise_db, silence_seconds, ffmpeg, tmp_path):
    speech = speech_samples(OTHER_SPEECH)
    quiet = np.zeros(int(silence_seconds * 16_000), "f4")
    samples = np.concatenate([quiet, speech, np.zeros(24_000, "f4"), speech, quiet])
    samples = samples + np.random.default_rng(3).normal(0, 10 ** (noise_db / 20), samples.size)
    samples[100:140] += 0.3  # the click of the record button
    source = write_wav(tmp_path / "a.wav", samples)

    seconds = audio.normalize(source, tmp_path / "b.wav", max_seconds=300).duration_seconds

    words = 2 * speech.size / 16_000 + 1.5 - 0.55 - 0.48  # the recording's own silence before and after
    assert words - 0.05 < seconds < words + 0.2


def test_steady_sound_and_speech_without_a_pause_stay_whole(ffmpeg, tmp_path):
    noise = np.random.default_rng(4).normal(0, 0.05, 48_000)
    for number, samples in enumerate((tone(3), noise, speech_samples()[16_000:48_000])):
        source = write_wav(tmp_path / f"{number}.wav", samples)
        normalized = audio.normalize(source, tmp_path / "b.wav", max_seconds=300)
        assert normalized.duration_seconds == pytest.approx(samples.size / 16_000, abs=0.12)


def test_channels_out_of_phase_do_not_cancel(ffmpeg, tmp_path):
    speech = speech_samples()
    mono = audio.normalize(write_wav(tmp_path / "m.wav", speech), tmp_path / "mono.wav", max_seconds=300)
    for name, right in (("opposite", -speech), ("silent", 0 * speech), ("same", speech)):
        source = write_wav(tmp_path / f"{name}.wav", np.stack([speech, right], axis=1))
        stereo = audio.normalize(source, tmp_path / "out.wav", max_seconds=300)
        assert stereo.gain_db == pytest.approx(mono.gain_db, abs=0.2), name
        assert stereo.duration_seconds == pytest.approx(mono.duration_seconds, abs=0.02)


def test_normalising_reads_no_more_than_asked(ffmpeg, tmp_path):
    source = write_wav(tmp_path / "a.wav", tone(20))
    assert audio.normalize(source, tmp_path / "b.wav", max_seconds=4).duration_seconds == 4


@pytest.mark.parametrize("audio_format", AudioFormat)
def test_encodes_and_marks_as_synthetic(audio_format, ffmpeg, tmp_path):
    source = make(tmp_path / "speech.wav", "-i", str(SPEECH), "-ar", "24000")
    target = tmp_path / f"out{audio_format.suffix}"
    audio.encode(source, target, audio_format, tags={"comment": "Synthetic speech; id 42; é"})

    clip = audio.probe(target, min_seconds=1, max_seconds=60)
    assert clip.duration_seconds == pytest.approx(7.06, abs=0.1)
    assert clip.channels == 1
    assert clip.sample_rate_hz == (48_000 if audio_format == "opus" else 24_000)
    assert target.stat().st_size / 7.06 < {"mp3": 12_000, "opus": 10_000}.get(audio_format, 50_000)
    described = subprocess.run(
        [CARRIED_FFMPEG, "-hide_banner", "-i", str(target)], capture_output=True, text=True
    ).stderr
    assert re.search(r"comment +: Synthetic speech; id 42; é", described, re.IGNORECASE)

    again = tmp_path / "again"
    audio.encode(source, again, audio_format, tags={"comment": "Synthetic speech; id 42; é"})
    assert again.read_bytes() == target.read_bytes()


def test_encoding_what_is_no_audio_fails_without_a_file(ffmpeg, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(GenerationError) as caught:
        audio.encode(tmp_path / "a.wav", tmp_path / "b.mp3", AudioFormat.MP3, tags={})
    assert caught.value.code == ErrorCode.ENCODING_FAILED
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_a_file_that_was_there_survives_a_failure(ffmpeg, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    (tmp_path / "b.mp3").write_bytes(b"earlier")
    with pytest.raises(GenerationError):
        audio.encode(tmp_path / "a.wav", tmp_path / "b.mp3", AudioFormat.MP3, tags={})
    assert (tmp_path / "b.mp3").read_bytes() == b"earlier"
