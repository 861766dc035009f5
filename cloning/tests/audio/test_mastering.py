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
    read_wav,
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
    audio.encode(source, target, audio_format, comment="Synthetic speech; id 42; é")

    clip = audio.probe(target, min_seconds=1, max_seconds=60)
    assert clip.duration_seconds == pytest.approx(7.06, abs=0.1)
    assert clip.channels == 1
    assert clip.sample_rate_hz == (48_000 if audio_format == "opus" else 24_000)
    assert target.stat().st_size / 7.06 < {"mp3": 12_000, "opus": 8_000}.get(audio_format, 50_000)
    described = subprocess.run(
        [CARRIED_FFMPEG, "-hide_banner", "-i", str(target)], capture_output=True, text=True
    ).stderr
    assert re.search(r"comment +: Synthetic speech; id 42; é", described, re.IGNORECASE)

    again = tmp_path / "again"
    audio.encode(source, again, audio_format, comment="Synthetic speech; id 42; é")
    assert again.read_bytes() == target.read_bytes()


def test_encoding_what_is_no_audio_fails_without_a_file(ffmpeg, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(GenerationError) as caught:
        audio.encode(tmp_path / "a.wav", tmp_path / "b.mp3", AudioFormat.MP3, comment="")
    assert caught.value.code == ErrorCode.ENCODING_FAILED
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_a_file_that_was_there_survives_a_failure(ffmpeg, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    (tmp_path / "b.mp3").write_bytes(b"earlier")
    with pytest.raises(GenerationError):
        audio.encode(tmp_path / "a.wav", tmp_path / "b.mp3", AudioFormat.MP3, comment="")
    assert (tmp_path / "b.mp3").read_bytes() == b"earlier"


def piece(
    seconds: float = 1.0, before: float = 0.4, after: float = 0.7, amplitude: float = 0.3
) -> np.ndarray:
    around = [np.zeros(int(part * 24_000), "f4") for part in (before, after)]
    return np.concatenate([around[0], tone(seconds, amplitude, 24_000), around[1]])


def test_pieces_are_joined_with_the_pauses_asked_for(ffmpeg, tmp_path):
    pieces = [(piece(), 0.25), (piece(), 0.8), (piece(), 5.0)]
    seconds = audio.write_speech(pieces, 24_000, tmp_path / "a.wav")

    samples, rate_hz = read_wav(tmp_path / "a.wav")
    assert (rate_hz, samples.size / rate_hz) == (24_000, pytest.approx(seconds, abs=0.001))
    assert seconds == pytest.approx(3 * 1.06 + 0.25 + 0.8, abs=0.05)
    sounding = np.convolve(np.abs(samples) > 0.01, np.ones(480), "same") > 0
    edges = np.flatnonzero(np.diff(sounding.astype(int))) / rate_hz
    assert np.diff(edges)[1::2] == pytest.approx([0.25 + 0.05, 0.8 + 0.05], abs=0.03)


@pytest.mark.parametrize("amplitude", [0.01, 0.1, 1.0])
def test_speech_is_levelled(amplitude, ffmpeg, tmp_path):
    speech = speech_samples(OTHER_SPEECH) * amplitude
    audio.write_speech([(speech, 0.3), (speech, 0)], 16_000, tmp_path / "a.wav")
    loudness_lufs, true_peak_dbtp = loudness_and_peak(tmp_path / "a.wav")
    assert true_peak_dbtp <= -1
    assert loudness_lufs == pytest.approx(-19, abs=0.3)


def test_peaks_do_not_keep_speech_quiet(ffmpeg, tmp_path):
    """A few clicks, 6 dB above the speech's own peaks, are limited."""
    speech = speech_samples(OTHER_SPEECH)
    speech = speech / np.abs(speech).max()
    clicked = speech / 2
    clicked[8_000::16_000] = 1
    loudnesses = []
    for name, samples in (("clicked", clicked), ("speech", speech)):
        audio.write_speech([(samples, 0)], 16_000, tmp_path / f"{name}.wav")
        loudness_lufs, true_peak_dbtp = loudness_and_peak(tmp_path / f"{name}.wav")
        assert true_peak_dbtp <= -1
        loudnesses.append(loudness_lufs)
    assert loudnesses == pytest.approx([-19, -19], abs=0.6)


def test_a_single_short_word_is_levelled_too(ffmpeg, tmp_path):
    seconds = audio.write_speech([(piece(0.2), 0)], 24_000, tmp_path / "a.wav")
    samples, _ = read_wav(tmp_path / "a.wav")
    assert seconds == pytest.approx(0.26, abs=0.02)
    assert 0.1 < np.abs(samples).max() < 0.9


def test_joins_begin_and_end_without_a_click(ffmpeg, tmp_path):
    cosine = np.cos(2 * np.pi * 220 * np.arange(24_000) / 24_000).astype("f4")
    audio.write_speech([(cosine, 0.1), (cosine, 0)], 24_000, tmp_path / "a.wav")
    samples, _ = read_wav(tmp_path / "a.wav")
    assert abs(samples[0]) < 0.01 and abs(samples[-1]) < 0.01
    assert np.abs(np.diff(samples)).max() < 0.03


def test_values_that_are_no_numbers_do_no_harm(ffmpeg, tmp_path):
    bad = piece()
    bad[20_000:20_010] = np.nan
    bad[21_000] = np.inf
    bad[22_000] = -50
    seconds = audio.write_speech([(bad, 0.1), (piece(), 0)], 24_000, tmp_path / "a.wav")
    samples, _ = read_wav(tmp_path / "a.wav")
    assert seconds == pytest.approx(2 * 1.06 + 0.1, abs=0.05)
    assert np.abs(samples).max() < 0.95


def test_silent_pieces_leave_only_their_pause(ffmpeg, tmp_path):
    silent, nothing = np.zeros(24_000, "f4"), np.zeros(0, "f4")
    pieces = [(silent, 1), (piece(), 0.2), (nothing, 0.3), (piece(), 0), (np.zeros(3, "f4"), 9)]
    seconds = audio.write_speech(pieces, 24_000, tmp_path / "a.wav")
    assert seconds == pytest.approx(2 * 1.06 + 0.5, abs=0.05)


@pytest.mark.parametrize("pieces", [[], [(np.zeros(24_000, "f4"), 1)], [(np.full(9_000, np.nan, "f4"), 0)]])
def test_no_sound_at_all_is_an_error(pieces, ffmpeg, tmp_path):
    with pytest.raises(GenerationError) as caught:
        audio.write_speech(pieces, 24_000, tmp_path / "a.wav")
    assert caught.value.code == "speech_silent"
    assert list(tmp_path.iterdir()) == []


def test_peaks_follow_the_loudness(ffmpeg, tmp_path):
    samples = np.concatenate([tone(1, 0.1), tone(1, 0.4), np.zeros(16_000, "f4"), tone(1, 0.2)])
    drawn = audio.compute_peaks(write_wav(tmp_path / "a.wav", samples), 40)
    assert len(drawn) == 40
    assert [drawn[5], drawn[15], drawn[25], drawn[35]] == pytest.approx([0.25, 1, 0, 0.5], abs=0.03)
    assert len(audio.compute_peaks(write_wav(tmp_path / "b.wav", tone(0.01)), 400)) == 400
