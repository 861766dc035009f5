"""Takes joined into a file, without being measured again."""

import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from cloning import audio
from cloning.errors import GenerationError
from cloning.tests.audio.clips import (
    OTHER_SPEECH,
    SPEECH,
    measure_with_ffmpeg,
    peaky_samples,
    read_wav,
    speech_samples,
    tone,
    write_wav,
)

RATE_HZ = 24_000
MALE, FEMALE = speech_samples(SPEECH, RATE_HZ), speech_samples(OTHER_SPEECH, RATE_HZ)


def speak(waveforms: list[np.ndarray], gain_db: float, folder: Path, pause_seconds: float = 0.35):
    """The stream that a listener hears, and the takes that are kept of it."""
    streamed, pieces = [], []
    for index, waveform in enumerate(waveforms):
        leveller = audio.Leveller(RATE_HZ, gain_db)
        levelled = np.concatenate([leveller.process(waveform), leveller.flush()])
        streamed += [levelled, np.zeros(int(pause_seconds * RATE_HZ), "f4")]
        sound = audio.write_take(levelled, RATE_HZ, folder / f"take{index}.wav")
        pieces.append(as_piece(folder / f"take{index}.wav", sound, pause_seconds))
    return np.concatenate(streamed), pieces


def as_piece(source, sound: audio.TakeSound, pause_seconds: float = 0.0) -> audio.Piece:
    return audio.Piece(
        source, sound.duration_seconds, sound.loudness_blocks, sound.true_peak_dbtp, pause_seconds
    )


def split(waveform: np.ndarray) -> list[np.ndarray]:
    return np.array_split(waveform, 3)


@pytest.mark.parametrize(
    ("voice", "said"),
    [
        (MALE, split(MALE)),
        (FEMALE, split(FEMALE)),
        (MALE[:48_000], split(MALE)),  # the gain from two seconds
        (FEMALE[30_000:78_000], split(FEMALE)),
        (MALE * 0.02, split(MALE * 0.02)),
        (np.clip(MALE * 8, -1, 1), split(np.clip(MALE * 8, -1, 1))),
        (peaky_samples(), split(peaky_samples())),
        (MALE, split(MALE * 0.4)),  # the gain was wrong by 8 dB
        (MALE, split(np.clip(MALE * 2.5, -1, 1))),
        (MALE, [MALE, FEMALE * 0.3, MALE * 1.5]),
    ],
    ids=["male", "female", "from a part", "part of female", "quiet", "loud", "peaky", "low", "high", "mixed"],
)
def test_stream_takes_and_file_are_equally_loud(voice, said, tmp_path):
    streamed, pieces = speak(said, audio.measure_gain(voice, RATE_HZ), tmp_path)
    audio.join(pieces, RATE_HZ, tmp_path / "joined.wav")
    joined, rate_hz = read_wav(tmp_path / "joined.wav")
    stream_lufs, stream_peak_dbtp = measure_with_ffmpeg(streamed)
    file_lufs, file_peak_dbtp = measure_with_ffmpeg(joined)
    taken = np.concatenate([read_wav(piece.source)[0] for piece in pieces])
    assert rate_hz == RATE_HZ
    assert stream_peak_dbtp <= -1 and file_peak_dbtp <= -1
    assert abs(file_lufs - stream_lufs) <= 1
    assert abs(file_lufs - measure_with_ffmpeg(taken)[0]) <= 1
    if abs(stream_lufs + 19) < 0.7:
        assert file_lufs == pytest.approx(-19, abs=0.2)


def test_pieces_lie_where_it_is_said(tmp_path):
    _, pieces = speak([tone(1, 0.3, RATE_HZ), tone(0.5, 0.3, RATE_HZ), tone(2, 0.3, RATE_HZ)], 0.0, tmp_path)
    pauses = [0.25, 5.3, 9.0]
    pieces = [
        as_piece(piece.source, piece, pause_seconds=pause)
        for piece, pause in zip(pieces, pauses, strict=True)
    ]
    joined = audio.join(pieces, RATE_HZ, tmp_path / "joined.wav")
    samples, _ = read_wav(tmp_path / "joined.wav")
    durations = [piece.duration_seconds for piece in pieces]
    starts = [piece.start / RATE_HZ for piece in joined.layout.pieces]
    assert starts == pytest.approx([0, durations[0] + 0.25, sum(durations[:2]) + 5.55], abs=1e-4)
    assert joined.duration_seconds == pytest.approx(sum(durations) + 5.55, abs=1e-4)
    assert samples.size == round(joined.duration_seconds * RATE_HZ)
    for start, duration in zip(starts, durations, strict=True):
        first, end = round(start * RATE_HZ), round((start + duration) * RATE_HZ)
        assert np.abs(samples[first + 200 : first + 400]).max() > 0.1
        assert np.abs(samples[end - 1_200 : end - 120]).max() > 0.1
        assert not samples[end : end + 5_000].any()


def test_the_outline_follows_the_file(tmp_path):
    waveforms = [tone(1, 0.1, RATE_HZ), tone(1.7, 0.2, RATE_HZ), tone(5, 0.05, RATE_HZ)]
    _, pieces = speak(waveforms, 0.0, tmp_path, pause_seconds=0.4)
    joined = audio.join(pieces, RATE_HZ, tmp_path / "joined.wav")
    assert len(joined.peaks) == 120
    samples, _ = soundfile.read(tmp_path / "joined.wav")
    loudest = np.array([np.abs(stretch).max() for stretch in np.array_split(samples, 120)])
    assert joined.peaks == pytest.approx(loudest / loudest.max(), abs=0.05)
    assert max(joined.peaks) == 1
    _, pieces = speak([tone(0.02, 0.3, RATE_HZ)], 0.0, tmp_path)
    assert len(audio.join(pieces, RATE_HZ, tmp_path / "short.wav").peaks) == 120


def test_takes_at_the_right_level_stay_as_they_are(tmp_path):
    _, pieces = speak([MALE], audio.measure_gain(MALE, RATE_HZ), tmp_path)
    assert audio.join(pieces, RATE_HZ, tmp_path / "joined.wav").layout.gain_db == 0
    assert (tmp_path / "joined.wav").read_bytes() == pieces[0].source.read_bytes()


def test_only_takes_whose_peaks_are_too_high_are_limited(tmp_path):
    _, pieces = speak([MALE * 0.8, peaky_samples() * 0.8], audio.measure_gain(MALE, RATE_HZ), tmp_path)
    joined = audio.join(pieces, RATE_HZ, tmp_path / "joined.wav")
    assert joined.layout.gain_db > 0.5
    samples, _ = read_wav(tmp_path / "joined.wav")
    ratio = 10 ** (joined.layout.gain_db / 20)
    first, second = (read_wav(piece.source)[0] for piece in pieces)
    assert np.abs(samples[: first.size] - first * ratio).max() < 2 / 32768
    assert np.abs(samples[-second.size :] - second * ratio).max() > 0.01
    assert measure_with_ffmpeg(samples)[1] <= -1


def test_files_are_opened_one_after_another_and_closed(tmp_path):
    _, pieces = speak(split(MALE), 3.0, tmp_path)
    opened: list[io.BytesIO] = []

    def open_take(content: bytes) -> io.BytesIO:
        assert all(earlier.closed for earlier in opened)
        opened.append(io.BytesIO(content))
        return opened[-1]

    contents = [piece.source.read_bytes() for piece in pieces]
    lazily = [
        as_piece(lambda content=content: open_take(content), piece, piece.pause_seconds)
        for piece, content in zip(pieces, contents, strict=True)
    ]
    audio.join(lazily, RATE_HZ, tmp_path / "a.wav")
    audio.join(pieces, RATE_HZ, tmp_path / "b.wav")
    assert len(opened) == 3 and all(file.closed for file in opened)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_a_damaged_take_leaves_the_earlier_file(tmp_path):
    _, pieces = speak(split(MALE), 3.0, tmp_path)
    whole = pieces[1].source.read_bytes()
    (tmp_path / "joined.wav").write_bytes(b"earlier")
    left = sorted(path.name for path in tmp_path.iterdir())
    for damaged in (b"", b"RIFF", whole[:5_000], b"\0" * 5_000, whole[:30]):
        pieces[1].source.write_bytes(damaged)
        with pytest.raises(GenerationError) as caught:
            audio.join(pieces, RATE_HZ, tmp_path / "joined.wav")
        assert caught.value.code == "encoding_failed"
    write_wav(pieces[1].source, MALE, 16_000)
    with pytest.raises(GenerationError):
        audio.join(pieces, RATE_HZ, tmp_path / "joined.wav")
    assert (tmp_path / "joined.wav").read_bytes() == b"earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == left


def test_nothing_to_join_is_an_error(tmp_path):
    with pytest.raises(GenerationError) as caught:
        audio.join([], RATE_HZ, tmp_path / "joined.wav")
    assert caught.value.code == "speech_silent"
    assert list(tmp_path.iterdir()) == []


def test_half_an_hour_takes_no_more_memory_than_a_minute(tmp_path):
    _, (take,) = speak([peaky_samples() * 0.8], 5.0, tmp_path)
    peaks_bytes = []
    for minutes in (1, 30):
        count = round(minutes * 60 / (take.duration_seconds + take.pause_seconds))
        pieces = [take] * count
        tracemalloc.start()
        duration_seconds = audio.join(pieces, RATE_HZ, tmp_path / "joined.wav").duration_seconds
        peaks_bytes.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert duration_seconds == pytest.approx(minutes * 60, rel=0.1)
    assert peaks_bytes[1] < peaks_bytes[0] + 2_000_000  # the levels of each 100 ms; the samples are 86 MB
