"""Uploads that mean harm: they reach neither files nor the network, and no decoder that is not needed."""

import contextlib
import socket
import struct
import subprocess
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

from cloning.audio import ffmpeg as ffmpeg_module
from cloning.audio.decoding import AUDIO_TRACK, input_arguments
from cloning.errors import ErrorCode
from cloning.tests.audio.clips import get_refusal, make, tone, write_wav


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
        assert get_refusal(playlist).code == "reference_unreadable"
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
    assert get_refusal(source).code in ("reference_unreadable", "reference_silent", "reference_too_short")

    allowed = ("-enable_drefs", "1", "-use_absolute_path", "1")
    command = [ffmpeg, "-nostdin", "-v", "error", *allowed, "-i", str(source), "-f", "s16le", "-"]
    leaked = subprocess.run(command, capture_output=True, timeout=120).stdout
    assert np.abs(np.frombuffer(leaked, "<i2")).max() > 5_000  # shows that the attack is a real one


def test_no_video_decoder_is_opened(uploads, ffmpeg):
    run = ffmpeg_module.run(
        [*input_arguments(uploads["mp4"]), *AUDIO_TRACK, "-f", "null", "-"], 20, ErrorCode.ENCODING_FAILED
    )
    assert run.returncode == 0
    assert "(h264) not on whitelist" in run.log
