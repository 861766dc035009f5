"""`probe` against the real FFmpeg: the one on PATH and the one that imageio-ffmpeg carries."""

import contextlib
import os
import random
import re
import struct
from pathlib import Path

import numpy as np
import pytest

from cloning import audio
from cloning.errors import GenerationError
from cloning.formats import AudioFormat
from cloning.tests.audio.clips import (
    CARRIED_FFMPEG,
    CONTAINERS,
    get_refusal,
    loudness_and_peak,
    make,
    read_wav,
    tone,
    write_wav,
)


@pytest.mark.parametrize("name", [*CONTAINERS, "mp4", "mov"])
def test_reads_every_container_that_people_have(name, uploads, ffmpeg, tmp_path):
    clip = audio.probe(uploads[name], min_seconds=1, max_seconds=300)

    assert clip.duration_seconds == pytest.approx(7.06, abs=0.15)
    assert clip.sample_rate_hz >= 8000
    assert clip.channels == {"mp3": 2, "surround.flac": 6}.get(name, 1)
    assert -10 < clip.peak_dbfs < -3

    normalized = audio.normalize(uploads[name], tmp_path / "out.wav", max_seconds=300)
    samples, rate_hz = read_wav(tmp_path / "out.wav")
    assert rate_hz == 16_000
    assert samples.size / rate_hz == pytest.approx(normalized.duration_seconds, abs=0.001)
    assert loudness_and_peak(tmp_path / "out.wav")[0] == pytest.approx(-23, abs=0.2)


def test_names_container_and_codec(uploads, ffmpeg):
    clip = audio.probe(uploads["mp4"], min_seconds=1, max_seconds=300)
    assert (clip.format_name, clip.codec) == ("mov,mp4,m4a,3gp,3g2,mj2", "aac")
    clip = audio.probe(uploads["amr"], min_seconds=1, max_seconds=300)
    assert (clip.format_name, clip.sample_rate_hz) == ("amr", 8000)
    assert clip.codec.startswith("amr")


@pytest.mark.parametrize("name", ["-i.wav", "a:b.wav", "http:x.wav", "%03d.wav", "with 'quotes' ‮é.wav"])
def test_file_names_are_only_names(name, ffmpeg, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = write_wav(Path(name), tone(2))
    assert audio.probe(source, min_seconds=1, max_seconds=300).duration_seconds == pytest.approx(2, abs=0.01)
    audio.normalize(source, Path("-out:" + name), max_seconds=300)
    audio.encode(source, Path("-mp3:" + name), AudioFormat.MP3, tags={})
    assert len(list(tmp_path.iterdir())) == 3


def test_empty_file(ffmpeg, tmp_path):
    (tmp_path / "a.wav").touch()
    error = get_refusal(tmp_path / "a.wav")
    assert (error.code, str(error)) == ("reference_unreadable", "The file is empty.")


def test_text_named_wav(ffmpeg, tmp_path):
    (tmp_path / "a.wav").write_text("Dear all,\nthis is a letter and no sound.\n" * 50)
    error = get_refusal(tmp_path / "a.wav")
    assert error.code == "reference_unreadable"
    assert "No audio was found" in str(error)


@pytest.mark.parametrize("suffix", [".png", ".gif", ".jpg"])
def test_picture(suffix, ffmpeg, tmp_path):
    source = make(tmp_path / f"a{suffix}", "-f", "lavfi", "-i", "testsrc=size=64x64", "-frames:v", "1")
    assert get_refusal(source).code == "reference_unreadable"


@pytest.mark.parametrize("container", ["mp4", "webm"])
def test_video_without_sound(container, ffmpeg, tmp_path):
    source = make(tmp_path / f"a.{container}", "-f", "lavfi", "-i", "testsrc=duration=2:size=64x64:rate=5")
    error = get_refusal(source)
    assert (error.code, str(error)) == ("reference_unreadable", "The file is a video without sound.")


def test_too_short(ffmpeg, tmp_path):
    error = get_refusal(write_wav(tmp_path / "a.wav", tone(0.2)))
    assert error.code == "reference_too_short"
    assert str(error) == "The clip is 0.2 s long; at least 1 s is needed."


def test_a_little_sound_in_much_silence_is_too_short(ffmpeg, tmp_path):
    samples = np.concatenate([np.zeros(32_000, "f4"), tone(0.6), np.zeros(32_000, "f4")])
    error = get_refusal(write_wav(tmp_path / "a.wav", samples))
    assert error.code == "reference_too_short"
    assert re.match(r"Only 0\.7\d* s of the clip is sound", str(error))


@pytest.fixture(scope="module")
def ten_minutes(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("ten_minutes")
    mp3 = make(folder / "a.mp3", "-f", "lavfi", "-i", "sine=220:duration=600:sample_rate=16000")
    return {"mp3": mp3, "webm": make(folder / "a.webm", "-i", str(mp3), "-c:a", "libvorbis", "-live", "1")}


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ("mp3", "The clip is 600 s long; at most 300 s are allowed."),
        ("webm", "The clip is longer than the 300 s that are allowed."),  # its header gives no length
    ],
)
def test_ten_minutes_are_refused(container, message, ten_minutes, ffmpeg):
    error = get_refusal(ten_minutes[container])
    assert (error.code, str(error)) == ("reference_too_long", message)


def test_limits_are_inclusive(ffmpeg, tmp_path):
    source = make(tmp_path / "a.mp3", "-f", "lavfi", "-i", "sine=220:duration=3", "-b:a", "64k")
    audio.probe(source, min_seconds=3, max_seconds=3)


@pytest.mark.parametrize("noise", [0, 0.0005])
def test_silence(noise, ffmpeg, tmp_path):
    samples = np.random.default_rng(1).uniform(-noise, noise, 48_000).astype("f4")
    source = write_wav(tmp_path / "a.wav", samples)
    assert get_refusal(source).code == "reference_silent"
    with pytest.raises(GenerationError, match="silent"):
        audio.normalize(source, tmp_path / "out.wav", max_seconds=300)
    assert not (tmp_path / "out.wav").exists()


def test_an_offset_or_a_click_is_no_sound(ffmpeg, tmp_path):
    assert get_refusal(write_wav(tmp_path / "a.wav", np.full(48_000, 0.3, "f4"))).code == "reference_silent"
    click = np.zeros(48_000, "f4")
    click[20_000:20_100] = 0.9
    click[20_100:20_200] = -0.9
    assert get_refusal(write_wav(tmp_path / "b.wav", click)).code == "reference_silent"


def test_header_of_an_mp3_alone(uploads, ffmpeg, tmp_path):
    source = tmp_path / "a.mp3"
    source.write_bytes(uploads["mp3"].read_bytes()[:100])
    assert get_refusal(source).code == "reference_unreadable"


@pytest.mark.parametrize("name", ["mp3", "wav", "flac", "ogg", "opus", "webm", "amr", "aac"])
def test_half_a_file_counts_as_what_decodes(name, uploads, ffmpeg, tmp_path):
    whole = uploads[name].read_bytes()
    source = tmp_path / f"half.{name}"
    source.write_bytes(whole[: len(whole) // 2])
    assert 2 < audio.probe(source, min_seconds=1, max_seconds=300).duration_seconds < 5


def test_half_an_m4a_has_lost_its_index(uploads, ffmpeg, tmp_path):
    whole = uploads["m4a"].read_bytes()
    (tmp_path / "half.m4a").write_bytes(whole[: len(whole) // 2])
    assert get_refusal(tmp_path / "half.m4a").code == "reference_unreadable"


@pytest.mark.parametrize("claimed_bytes", [0x7FFFFFFF, 0xFFFFFFFF])
def test_wav_that_claims_to_be_huge_counts_as_what_decodes(claimed_bytes, ffmpeg, tmp_path):
    source = write_wav(tmp_path / "a.wav", tone(2))
    content = bytearray(source.read_bytes())
    content[40:44] = struct.pack("<I", claimed_bytes)
    source.write_bytes(content)
    assert audio.probe(source, min_seconds=1, max_seconds=300).duration_seconds == pytest.approx(2, abs=0.01)


def test_a_few_bytes_that_decode_for_hours_are_refused(ffmpeg, tmp_path):
    source = make(tmp_path / "a.flac", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono:d=7200")
    assert source.stat().st_size < 1024**2
    assert get_refusal(source).code == "reference_too_long"


def test_bytes_without_sense_only_ever_raise_generation_errors(uploads, ffmpeg, tmp_path):
    chance = random.Random(7 if ffmpeg == CARRIED_FFMPEG else 8)
    source, target = tmp_path / "fuzz", tmp_path / "fuzz.wav"
    names = sorted(uploads)
    for number in range(30):
        content = bytearray(uploads[names[number % len(names)]].read_bytes())
        if number % 5 == 0:
            content = content[: chance.randrange(4, 64)] + chance.randbytes(chance.randrange(1, 20_000))
        elif number % 5 == 1:
            for _ in range(chance.randrange(1, 60)):
                content[chance.randrange(min(len(content), 4_000))] = chance.randrange(256)
        elif number % 5 == 2:  # a size or a count that is not so
            at = chance.randrange(min(len(content), 400) - 4)
            content[at : at + 4] = chance.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0"])
        elif number % 5 == 3:  # one kind goes on as another
            other = uploads[chance.choice(names)].read_bytes()
            content[chance.randrange(len(content)) :] = other[chance.randrange(len(other)) :]
        else:
            content = bytearray(chance.randbytes(chance.randrange(1, 5_000)))
        source.write_bytes(content)
        with contextlib.suppress(GenerationError):
            audio.probe(source, min_seconds=1, max_seconds=20, timeout_seconds=120)
        with contextlib.suppress(GenerationError):
            audio.normalize(source, target, max_seconds=20, timeout_seconds=120)
            samples, _ = read_wav(target)
            assert samples.size
    assert {path.name for path in tmp_path.iterdir()} <= {"fuzz", "fuzz.wav"}
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
