"""MP3 and Opus files taken apart, and put together again."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from cloning.audio import ffmpeg
from cloning.audio.mastering import encode
from cloning.audio.packets import (
    CHECKED_BYTES,
    TAG_CRC_AT,
    DamagedFileError,
    compute_crc16,
    find_first_frame,
    find_tag,
    read_mp3,
    read_opus,
    write_mp3,
    write_opus,
)
from cloning.formats import AudioFormat
from cloning.tests.audio.clips import SPEECH, decode, speech_samples, write_wav

RATE_HZ = 24_000
SECONDS = 5


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples = np.tile(speech_samples(SPEECH, RATE_HZ), 3)[: SECONDS * RATE_HZ]
    return write_wav(tmp_path_factory.mktemp("packets") / "speech.wav", samples, RATE_HZ)


@pytest.fixture(scope="module")
def mp3(speech: Path) -> Path:
    encode(speech, speech.with_suffix(".mp3"), AudioFormat.MP3, tags={"title": "A title"})
    return speech.with_suffix(".mp3")


@pytest.fixture(scope="module")
def opus(speech: Path) -> Path:
    encode(speech, speech.with_suffix(".opus"), AudioFormat.OPUS, tags={"title": "A title"})
    return speech.with_suffix(".opus")


def probe_tags(path: Path) -> str:
    shown = ["ffprobe", "-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "csv", str(path)]
    return subprocess.run(shown, capture_output=True, text=True, check=True).stdout


def test_an_mp3_is_the_same_again(mp3: Path, tmp_path: Path) -> None:
    packets = read_mp3(mp3)
    assert {len(packet) for packet in packets} == {240}
    write_mp3(
        packets,
        tmp_path / "again.mp3",
        frame_size=576,
        sample_count=SECONDS * RATE_HZ,
        tags={"title": "Another"},
        timeout_seconds=20,
    )
    assert read_mp3(tmp_path / "again.mp3") == packets
    again = (tmp_path / "again.mp3").read_bytes()
    assert np.array_equal(decode(again), decode(mp3.read_bytes()))
    assert decode(again).size == SECONDS * RATE_HZ
    assert "Another" in probe_tags(tmp_path / "again.mp3")
    assert [path.name for path in tmp_path.iterdir()] == ["again.mp3"]


def test_the_ends_of_an_mp3_are_as_the_encoder_says(mp3: Path, tmp_path: Path) -> None:
    def read_tag(path: Path) -> bytes:
        data = path.read_bytes()
        frame = data[find_first_frame(data) :]
        place = find_tag(frame)
        crc_at = place + TAG_CRC_AT
        without = frame[:crc_at] + bytes(2) + frame[crc_at + 2 : CHECKED_BYTES]
        assert compute_crc16(without) == int.from_bytes(frame[crc_at : crc_at + 2], "big")
        return frame[place : place + 120] + frame[place + 140 : place + TAG_CRC_AT]  # less the encoder's name

    again = tmp_path / "again.mp3"
    count = SECONDS * RATE_HZ
    write_mp3(read_mp3(mp3), again, frame_size=576, sample_count=count, tags={}, timeout_seconds=20)
    assert read_tag(again) == read_tag(mp3)


def test_an_opus_file_is_the_same_again(opus: Path, tmp_path: Path) -> None:
    head, packets = read_opus(opus)
    write_opus(head, packets, tmp_path / "again.opus", sample_count=SECONDS * RATE_HZ, rate_hz=RATE_HZ)
    assert read_opus(tmp_path / "again.opus") == (head, packets)
    again = (tmp_path / "again.opus").read_bytes()
    assert again[:47] == opus.read_bytes()[:47]  # a page with its checksum
    assert np.array_equal(decode(again), decode(opus.read_bytes()))
    assert decode(again).size == SECONDS * RATE_HZ
    assert "A title" in probe_tags(tmp_path / "again.opus")
    command = [ffmpeg.find_ffmpeg(), "-v", "warning", "-err_detect", "crccheck+explode"]
    command += ["-i", str(tmp_path / "again.opus"), "-f", "null", "-"]
    checked = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not checked.stderr


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-300],
        lambda data: data[: len(data) // 2] + bytes(500) + data[len(data) // 2 + 500 :],
        lambda data: b"RIFF" + data,
        lambda data: data[: len(data) // 2 - 7] + data[len(data) // 2 :],
    ],
    ids=["cut", "zeros", "other", "shifted"],
)
def test_what_is_damaged_is_refused(damage, mp3: Path, opus: Path, tmp_path: Path) -> None:
    for source, read in ((mp3, read_mp3), (opus, read_opus)):
        path = tmp_path / source.name
        path.write_bytes(damage(source.read_bytes()))
        with pytest.raises(DamagedFileError):
            read(path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(DamagedFileError):
        read_opus(tmp_path / "empty")
    assert read_mp3(tmp_path / "empty") == []
