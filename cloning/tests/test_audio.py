"""The audio layer against the real FFmpeg: the one on PATH and the one that imageio-ffmpeg carries."""

import contextlib
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import textwrap
import threading
import time
import wave
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from scipy.signal import lfilter, resample_poly

from cloning import audio
from cloning.audio import AudioError

DATA = Path(__file__).parent / "data"
SPEECH = DATA / "1688-142285-0007.flac"  # 7.06 s
OTHER_SPEECH = DATA / "3080-5032-0000.flac"  # 4.56 s
CARRIED_FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()  # has every encoder that these tests need


@pytest.fixture(params=["on_path", "carried"])
def ffmpeg(request, monkeypatch) -> str:
    found = shutil.which("ffmpeg") if request.param == "on_path" else CARRIED_FFMPEG
    if not found:
        pytest.skip("no ffmpeg on PATH")
    monkeypatch.setattr(audio, "ffmpeg_path", lambda: found)
    return found


def make(target: Path, *arguments: str) -> Path:
    """Runs FFmpeg with `arguments` to write `target`."""
    subprocess.run([CARRIED_FFMPEG, "-v", "error", "-y", *arguments, str(target)], check=True)
    return target


def speech_samples(source: Path = SPEECH) -> np.ndarray:
    raw = subprocess.run(
        [CARRIED_FFMPEG, "-v", "error", "-i", str(source), "-f", "f32le", "-ar", "16000", "-ac", "1", "-"],
        check=True,
        capture_output=True,
    ).stdout
    return np.frombuffer(raw, "<f4")


def write_wav(target: Path, samples: np.ndarray, rate_hz: int = 16_000) -> Path:
    """Shape (samples,) or (samples, channels), in [-1, 1]."""
    with wave.open(str(target), "wb") as output:
        output.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        output.setsampwidth(2)
        output.setframerate(rate_hz)
        output.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return target


def read_wav(source: Path) -> tuple[np.ndarray, int]:
    with wave.open(str(source), "rb") as opened:
        assert (opened.getnchannels(), opened.getsampwidth()) == (1, 2)
        frames = opened.readframes(opened.getnframes())
        return np.frombuffer(frames, "<i2").astype(np.float32) / 32768, opened.getframerate()


def loudness_and_peak(source: Path) -> tuple[float, float]:
    """LUFS and dBTP, computed here from ITU-R BS.1770-4 (its filter tables are for 48 kHz)."""
    samples, rate_hz = read_wav(source)
    samples = resample_poly(samples.astype(float), 48_000 // rate_hz, 1)
    shelved = lfilter(
        [1.53512485958697, -2.69169618940638, 1.19839281085285],
        [1, -1.69065929318241, 0.73248077421585],
        samples,
    )
    weighted = lfilter([1, -2, 1], [1, -1.99004745483398, 0.99007225036621], shelved)
    blocks = np.lib.stride_tricks.sliding_window_view(weighted, 19_200)[::4_800]
    powers = np.square(blocks).mean(axis=1)
    powers = powers[powers > 10 ** ((-70 + 0.691) / 10)]
    powers = powers[powers > powers.mean() / 10]
    true_peak = np.abs(resample_poly(samples, 4, 1)).max()
    return -0.691 + 10 * np.log10(powers.mean()), 20 * np.log10(true_peak)


def tone(seconds: float, amplitude: float = 0.3, rate_hz: int = 16_000) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * 220 * np.arange(int(seconds * rate_hz)) / rate_hz)).astype("f4")


def refused(source: Path, **limits) -> AudioError:
    with pytest.raises(AudioError) as caught:
        audio.probe(source, **({"min_seconds": 1, "max_seconds": 300} | limits))
    message = str(caught.value)
    assert message.endswith(".") and len(message) < 200
    for leaked in ("ffmpeg version", "Invalid data", "Error", str(source), "/tmp"):
        assert leaked not in message
    return caught.value


# --- what people have ----------------------------------------------------------------------------------

CONTAINERS = {
    "wav": ["-c:a", "pcm_s16le"],
    "float.wav": ["-c:a", "pcm_f32le"],
    "alaw.wav": ["-c:a", "pcm_alaw", "-ar", "8000"],
    "w64": [],
    "mp3": ["-c:a", "libmp3lame", "-ar", "44100", "-ac", "2"],
    "m4a": ["-c:a", "aac", "-ar", "44100"],
    "alac.m4a": ["-c:a", "alac"],
    "ogg": ["-c:a", "libvorbis"],
    "opus": ["-c:a", "libopus"],
    "flac": ["-c:a", "flac"],
    "webm": ["-c:a", "libopus", "-ar", "48000", "-live", "1"],  # as browsers record: no duration
    "mka": ["-c:a", "flac"],
    "aiff": [],
    "amr": ["-c:a", "libopencore_amrnb", "-ar", "8000", "-b:a", "12.2k"],
    "3gp": ["-c:a", "libopencore_amrnb", "-ar", "8000", "-b:a", "12.2k"],
    "aac": ["-c:a", "aac"],
    "caf": [],
    "au": [],
    "wma": ["-c:a", "wmav2", "-ar", "44100"],
    "surround.flac": ["-ac", "6"],
}


@pytest.fixture(scope="module")
def uploads(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("uploads")
    made = {
        name: make(folder / f"clip.{name}", "-i", str(SPEECH), *arguments)
        for name, arguments in CONTAINERS.items()
    }
    picture = ("-f", "lavfi", "-i", "testsrc=duration=7:size=320x240:rate=10", "-i", str(SPEECH))
    made["mp4"] = make(folder / "film.mp4", *picture, "-c:v", "libx264", "-c:a", "aac", "-shortest")
    made["mov"] = make(folder / "film.mov", *picture, "-c:v", "mpeg4", "-c:a", "pcm_s16le", "-shortest")
    return made


@pytest.mark.parametrize("name", [*CONTAINERS, "mp4", "mov"])
def test_reads_every_container_that_people_have(name, uploads, ffmpeg, tmp_path):
    clip = audio.probe(uploads[name], min_seconds=1, max_seconds=300)

    assert clip.duration_seconds == pytest.approx(7.06, abs=0.15)
    assert clip.sample_rate_hz >= 8000
    assert clip.channels == {"mp3": 2, "surround.flac": 6}.get(name, 1)
    assert -10 < clip.peak_dbfs < -3

    normalised = audio.normalise(uploads[name], tmp_path / "out.wav", max_seconds=300)
    samples, rate_hz = read_wav(tmp_path / "out.wav")
    assert rate_hz == 16_000
    assert samples.size / rate_hz == pytest.approx(normalised.duration_seconds, abs=0.001)
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
    audio.normalise(source, Path("-out:" + name), max_seconds=300)
    audio.encode(source, Path("-mp3:" + name), "mp3", comment="c")
    assert len(list(tmp_path.iterdir())) == 3


def test_without_ffmpeg_on_path_the_carried_one_is_used(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert audio.ffmpeg_path() == CARRIED_FFMPEG


# --- what is refused -----------------------------------------------------------------------------------


def test_empty_file(ffmpeg, tmp_path):
    (tmp_path / "a.wav").touch()
    error = refused(tmp_path / "a.wav")
    assert (error.code, str(error)) == ("reference_unreadable", "The file is empty.")


def test_text_named_wav(ffmpeg, tmp_path):
    (tmp_path / "a.wav").write_text("Dear all,\nthis is a letter and no sound.\n" * 50)
    error = refused(tmp_path / "a.wav")
    assert error.code == "reference_unreadable"
    assert "No audio was found" in str(error)


@pytest.mark.parametrize("suffix", [".png", ".gif", ".jpg"])
def test_picture(suffix, ffmpeg, tmp_path):
    source = make(tmp_path / f"a{suffix}", "-f", "lavfi", "-i", "testsrc=size=64x64", "-frames:v", "1")
    assert refused(source).code == "reference_unreadable"


@pytest.mark.parametrize("container", ["mp4", "webm"])
def test_video_without_sound(container, ffmpeg, tmp_path):
    source = make(tmp_path / f"a.{container}", "-f", "lavfi", "-i", "testsrc=duration=2:size=64x64:rate=5")
    error = refused(source)
    assert (error.code, str(error)) == ("reference_unreadable", "The file is a video without sound.")


def test_too_short(ffmpeg, tmp_path):
    error = refused(write_wav(tmp_path / "a.wav", tone(0.2)))
    assert error.code == "reference_too_short"
    assert str(error) == "The clip is 0.2 s long; at least 1 s is needed."


def test_a_little_sound_in_much_silence_is_too_short(ffmpeg, tmp_path):
    samples = np.concatenate([np.zeros(32_000, "f4"), tone(0.6), np.zeros(32_000, "f4")])
    error = refused(write_wav(tmp_path / "a.wav", samples))
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
    error = refused(ten_minutes[container])
    assert (error.code, str(error)) == ("reference_too_long", message)


def test_limits_are_inclusive(ffmpeg, tmp_path):
    source = make(tmp_path / "a.mp3", "-f", "lavfi", "-i", "sine=220:duration=3", "-b:a", "64k")
    audio.probe(source, min_seconds=3, max_seconds=3)


@pytest.mark.parametrize("noise", [0, 0.0005])
def test_silence(noise, ffmpeg, tmp_path):
    samples = np.random.default_rng(1).uniform(-noise, noise, 48_000).astype("f4")
    source = write_wav(tmp_path / "a.wav", samples)
    assert refused(source).code == "reference_silent"
    with pytest.raises(AudioError, match="silent"):
        audio.normalise(source, tmp_path / "out.wav", max_seconds=300)
    assert not (tmp_path / "out.wav").exists()


def test_an_offset_or_a_click_is_no_sound(ffmpeg, tmp_path):
    assert refused(write_wav(tmp_path / "a.wav", np.full(48_000, 0.3, "f4"))).code == "reference_silent"
    click = np.zeros(48_000, "f4")
    click[20_000:20_100] = 0.9
    click[20_100:20_200] = -0.9
    assert refused(write_wav(tmp_path / "b.wav", click)).code == "reference_silent"


def test_header_of_an_mp3_alone(uploads, ffmpeg, tmp_path):
    source = tmp_path / "a.mp3"
    source.write_bytes(uploads["mp3"].read_bytes()[:100])
    assert refused(source).code == "reference_unreadable"


@pytest.mark.parametrize("name", ["mp3", "wav", "flac", "ogg", "opus", "webm", "amr", "aac"])
def test_half_a_file_counts_as_what_decodes(name, uploads, ffmpeg, tmp_path):
    whole = uploads[name].read_bytes()
    source = tmp_path / f"half.{name}"
    source.write_bytes(whole[: len(whole) // 2])
    assert 2 < audio.probe(source, min_seconds=1, max_seconds=300).duration_seconds < 5


def test_half_an_m4a_has_lost_its_index(uploads, ffmpeg, tmp_path):
    whole = uploads["m4a"].read_bytes()
    (tmp_path / "half.m4a").write_bytes(whole[: len(whole) // 2])
    assert refused(tmp_path / "half.m4a").code == "reference_unreadable"


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
    assert refused(source).code == "reference_too_long"


def test_bytes_without_sense_only_ever_raise_audio_errors(uploads, ffmpeg, tmp_path):
    chance = random.Random(7 if ffmpeg == CARRIED_FFMPEG else 8)
    source, target = tmp_path / "fuzz", tmp_path / "fuzz.wav"
    names = sorted(uploads)
    for number in range(30):
        content = bytearray(uploads[names[number % len(names)]].read_bytes())
        if number % 3 == 0:
            content = content[: chance.randrange(4, 64)] + chance.randbytes(chance.randrange(1, 20_000))
        elif number % 3 == 1:
            for _ in range(chance.randrange(1, 60)):
                content[chance.randrange(min(len(content), 4_000))] = chance.randrange(256)
        else:
            content = bytearray(chance.randbytes(chance.randrange(1, 5_000)))
        source.write_bytes(content)
        with contextlib.suppress(AudioError):
            audio.probe(source, min_seconds=1, max_seconds=20, timeout_seconds=120)
        with contextlib.suppress(AudioError):
            audio.normalise(source, target, max_seconds=20, timeout_seconds=120)
            samples, _ = read_wav(target)
            assert samples.size
    assert {path.name for path in tmp_path.iterdir()} <= {"fuzz", "fuzz.wav"}


def test_ffmpeg_that_takes_too_long_is_stopped(uploads, tmp_path, monkeypatch):
    slow = tmp_path / "slow-ffmpeg"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setattr(audio, "ffmpeg_path", lambda: str(slow))
    started = time.monotonic()
    assert refused(uploads["mp3"], timeout_seconds=0.2).code == "reference_unreadable"
    with pytest.raises(AudioError, match=r"longer than 0\.2 s") as caught:
        audio.encode(uploads["wav"], tmp_path / "out.mp3", "mp3", comment="", timeout_seconds=0.2)
    assert caught.value.code == "encoding_failed"
    assert time.monotonic() - started < 120
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert [path.name for path in tmp_path.iterdir()] == ["slow-ffmpeg"]


def test_endless_complaints_of_ffmpeg_are_not_kept(uploads, tmp_path, monkeypatch):
    loud = tmp_path / "loud-ffmpeg"
    loud.write_text("#!/bin/sh\nhead -c 50000000 /dev/zero >&2\nexit 1\n")
    loud.chmod(0o755)
    monkeypatch.setattr(audio, "ffmpeg_path", lambda: str(loud))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    run = audio._ffmpeg([], 20, "encoding_failed")
    assert len(run.log) <= 64 * 1024


def test_ffmpeg_that_cannot_start(uploads, tmp_path, monkeypatch):
    monkeypatch.setattr(audio, "ffmpeg_path", lambda: str(tmp_path / "nothing"))
    assert refused(uploads["mp3"]).code == "ffmpeg_missing"


# --- hostile uploads -----------------------------------------------------------------------------------


@pytest.fixture
def listener():
    """A local web server's port and the connections it has seen."""
    seen: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    seen.append(connection.recv(4096))
                    connection.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1], seen
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def hls(address: str) -> str:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{address}\n#EXT-X-ENDLIST\n"


def dash(address: str) -> str:
    return textwrap.dedent(f"""\
        <?xml version="1.0"?>
        <MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011"
             type="static" mediaPresentationDuration="PT5S"><Period><AdaptationSet mimeType="audio/mp4">
        <Representation id="1" bandwidth="1000"><BaseURL>{address}</BaseURL></Representation>
        </AdaptationSet></Period></MPD>
        """)


def sdp(address: str) -> str:
    port = address.split(":")[2].split("/")[0] if address.startswith("http") else "9"
    return f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n"


PLAYLISTS = {
    "hls": hls,
    "concat": lambda address: f"ffconcat version 1.0\nfile '{address}'\nduration 5\n",
    "dash": dash,
    "sdp": sdp,
    "plain": lambda address: f"{address}\n",
}


@pytest.mark.parametrize("suffix", [".m3u8", ".mp3", ".wav"])
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_playlists_reach_neither_files_nor_the_network(kind, suffix, ffmpeg, listener, tmp_path):
    port, seen = listener
    secret = write_wav(tmp_path / "secret.wav", tone(3))
    for address in (f"http://127.0.0.1:{port}/a.mp3", f"file://{secret}", secret.name, f"concat:{secret}"):
        playlist = tmp_path / f"upload{suffix}"
        playlist.write_text(PLAYLISTS[kind](address))
        assert refused(playlist).code == "reference_unreadable"
    assert seen == []


def test_the_same_playlists_do_reach_out_where_nothing_forbids_it(ffmpeg, listener, tmp_path):
    """Shows that the test above can fail."""
    port, seen = listener
    (tmp_path / "a.m3u8").write_text(hls(f"http://127.0.0.1:{port}/a.ts"))
    allowed = ("-protocol_whitelist", "file,http,tcp")
    command = [ffmpeg, "-nostdin", *allowed, "-i", str(tmp_path / "a.m3u8"), "-f", "null", "-"]
    subprocess.run(command, capture_output=True, timeout=120)
    assert len(seen) >= 1


def alias_to(path: Path) -> bytes:
    """A QuickTime data reference (`alis`) by absolute path, as FFmpeg's mov demuxer reads it."""
    name = str(path).encode()
    name += b"\0" * (len(name) % 2)
    record = bytes(4) + bytes(10) + bytes([0]) + bytes(27) + bytes(12) + bytes([0]) + bytes(63) + bytes(16)
    record += struct.pack(">hh", 1, 1) + bytes(16)
    record += struct.pack(">HH", 2, len(name)) + name + struct.pack(">HH", 0xFFFF, 0) + bytes(40)
    return struct.pack(">I4s", 8 + len(record), b"alis") + record


def with_external_data(movie: bytes, path: Path) -> bytes:
    """The movie with its data reference (`dref`) pointing at another file; the index is at the end of it."""
    changed = bytearray(movie)
    entry = changed.index(b"dref") + 12
    old_size = struct.unpack(">I", changed[entry : entry + 4])[0]
    new = alias_to(path)
    changed[entry : entry + old_size] = new
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        at = changed.index(box) - 4
        size = struct.unpack(">I", changed[at : at + 4])[0]
        changed[at : at + 4] = struct.pack(">I", size + len(new) - old_size)
    return bytes(changed)


def test_a_movie_that_points_at_another_file_does_not_read_it(ffmpeg, tmp_path):
    secret = write_wav(tmp_path / "secret.wav", tone(5))
    silent = write_wav(tmp_path / "silent.wav", np.zeros(48_000, "f4"))
    source = make(tmp_path / "a.mov", "-i", str(silent), "-c:a", "pcm_s16le")
    source.write_bytes(with_external_data(source.read_bytes(), secret))
    assert refused(source).code in ("reference_unreadable", "reference_silent", "reference_too_short")

    allowed = ("-enable_drefs", "1", "-use_absolute_path", "1")
    command = [ffmpeg, "-nostdin", "-v", "error", *allowed, "-i", str(source), "-f", "s16le", "-"]
    leaked = subprocess.run(command, capture_output=True, timeout=120).stdout
    assert np.abs(np.frombuffer(leaked, "<i2")).max() > 5_000  # shows that the attack is a real one


def test_no_video_decoder_is_opened(uploads, ffmpeg):
    run = audio._ffmpeg([*audio._input(uploads["mp4"]), "-f", "null", "-"], 20, "encoding_failed")
    assert run.returncode == 0
    assert "(h264) not on whitelist" in run.log


# --- normalising ---------------------------------------------------------------------------------------


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
        normalised = audio.normalise(source, tmp_path / f"{gain_db}.wav", max_seconds=300)
        loudness_lufs, true_peak_dbtp = loudness_and_peak(tmp_path / f"{gain_db}.wav")
        assert normalised.loudness_lufs == pytest.approx(loudness_lufs, abs=0.2)
        assert true_peak_dbtp <= -1
        results.append((loudness_lufs, normalised.duration_seconds, normalised.gain_db))
    loudnesses, durations, gains = (np.array(column) for column in zip(*results, strict=True))
    assert np.abs(loudnesses + 23).max() < 0.2
    assert np.ptp(durations) < 0.05
    assert gains[0] - gains[1] == pytest.approx(20, abs=0.3)
    assert speech.size / 16_000 - durations.max() < 1


def test_true_peak_bounds_the_gain(ffmpeg, tmp_path):
    samples = tone(5, 0.01)
    samples[40_000:40_040] = 0.9
    samples[60_000:60_040] = -0.9
    normalised = audio.normalise(write_wav(tmp_path / "a.wav", samples), tmp_path / "b.wav", max_seconds=300)
    assert normalised.loudness_lufs < -26
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

    seconds = audio.normalise(source, tmp_path / "b.wav", max_seconds=300).duration_seconds

    words = 2 * speech.size / 16_000 + 1.5 - 0.55 - 0.48  # the recording's own silence before and after
    assert words - 0.05 < seconds < words + 0.2


def test_steady_sound_and_speech_without_a_pause_stay_whole(ffmpeg, tmp_path):
    noise = np.random.default_rng(4).normal(0, 0.05, 48_000)
    for number, samples in enumerate((tone(3), noise, speech_samples()[16_000:48_000])):
        source = write_wav(tmp_path / f"{number}.wav", samples)
        normalised = audio.normalise(source, tmp_path / "b.wav", max_seconds=300)
        assert normalised.duration_seconds == pytest.approx(samples.size / 16_000, abs=0.12)


def test_channels_out_of_phase_do_not_cancel(ffmpeg, tmp_path):
    speech = speech_samples()
    mono = audio.normalise(write_wav(tmp_path / "m.wav", speech), tmp_path / "mono.wav", max_seconds=300)
    for name, right in (("opposite", -speech), ("silent", 0 * speech), ("same", speech)):
        source = write_wav(tmp_path / f"{name}.wav", np.stack([speech, right], axis=1))
        stereo = audio.normalise(source, tmp_path / "out.wav", max_seconds=300)
        assert stereo.gain_db == pytest.approx(mono.gain_db, abs=0.2), name
        assert stereo.duration_seconds == pytest.approx(mono.duration_seconds, abs=0.02)


def test_normalising_reads_no_more_than_asked(ffmpeg, tmp_path):
    source = write_wav(tmp_path / "a.wav", tone(20))
    assert audio.normalise(source, tmp_path / "b.wav", max_seconds=4).duration_seconds == 4


# --- writing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("audio_format", audio.FORMATS)
def test_encodes_and_marks_as_synthetic(audio_format, ffmpeg, tmp_path):
    source = make(tmp_path / "speech.wav", "-i", str(SPEECH), "-ar", "24000")
    target = tmp_path / f"out{audio.FORMATS[audio_format].suffix}"
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
    with pytest.raises(AudioError) as caught:
        audio.encode(tmp_path / "a.wav", tmp_path / "b.mp3", "mp3", comment="")
    assert caught.value.code == "encoding_failed"
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_a_file_that_was_there_survives_a_failure(ffmpeg, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    (tmp_path / "b.mp3").write_bytes(b"earlier")
    with pytest.raises(AudioError):
        audio.encode(tmp_path / "a.wav", tmp_path / "b.mp3", "mp3", comment="")
    assert (tmp_path / "b.mp3").read_bytes() == b"earlier"


WRITERS = """
from pathlib import Path
import resource
import sys
import numpy as np
from cloning import audio

ffmpeg, source, folder, size_limit = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
audio.ffmpeg_path = lambda: ffmpeg
if size_limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_limit, resource.RLIM_INFINITY))
speech = [(np.sin(np.arange(99_999)).astype("f4"), 0)]
writers = {
    "normalise": lambda: audio.normalise(source, folder / "out.wav", max_seconds=300),
    "write_speech": lambda: audio.write_speech(speech, 24_000, folder / "out.wav"),
}
for name in audio.FORMATS:
    writers[name] = lambda name=name: audio.encode(source, folder / "out", name, comment="c" * 200)
for name, write in writers.items():
    try:
        write()
        print(name, "written")
    except audio.AudioError as error:
        print(name, error.code, error, list(folder.iterdir()))
"""


def what_writers_say(ffmpeg: str, folder: Path, size_limit: int) -> set[str]:
    source = make(folder.parent / "speech.wav", "-i", str(SPEECH), "-ar", "24000")
    command = [sys.executable, "-c", WRITERS, ffmpeg, str(source), str(folder), str(size_limit)]
    return set(
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout.splitlines()
    )


STORAGE_FULL = {
    f"{name} storage_full The server's storage is full; the audio could not be saved. []"
    for name in ("normalise", "write_speech", *audio.FORMATS)
}


def test_a_file_size_limit_leaves_no_half_file(ffmpeg, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    assert what_writers_say(ffmpeg, folder, size_limit=20_000) == STORAGE_FULL


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_no_half_file(ffmpeg, small_disk):
    assert what_writers_say(ffmpeg, small_disk, size_limit=0) == STORAGE_FULL


# --- joining -------------------------------------------------------------------------------------------


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
    with pytest.raises(AudioError) as caught:
        audio.write_speech(pieces, 24_000, tmp_path / "a.wav")
    assert caught.value.code == "speech_silent"
    assert list(tmp_path.iterdir()) == []


def test_peaks_follow_the_loudness(ffmpeg, tmp_path):
    samples = np.concatenate([tone(1, 0.1), tone(1, 0.4), np.zeros(16_000, "f4"), tone(1, 0.2)])
    drawn = audio.peaks(write_wav(tmp_path / "a.wav", samples), 40)
    assert len(drawn) == 40
    assert [drawn[5], drawn[15], drawn[25], drawn[35]] == pytest.approx([0.25, 1, 0, 0.5], abs=0.03)
    assert len(audio.peaks(write_wav(tmp_path / "b.wav", tone(0.01)), 400)) == 400
