"""Listening, with the real web server and a real worker."""

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.tests.live_site import LiveSite, serving
from cloning.tests.waiting import wait_until

PATIENCE_SECONDS = 120
SENTENCES = [
    "The rain had stopped before anybody noticed that the garden gate was open.",
    "Somebody must have left it so when the letters were brought in the morning.",
    "The dog, of course, was gone, and with it one of the two old leather boots.",
    "Nobody spoke for a while, and then all of them began to speak at the same time.",
]
LONG_TEXT = " ".join(SENTENCES * 10)


@dataclass
class Heard:
    status: int
    headers: dict[str, str]
    content: bytes
    is_whole: bool


def connection(site: LiveSite) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", int(site.url.rpartition(":")[2]), timeout=PATIENCE_SECONDS)


def hear(response: http.client.HTTPResponse, on_piece: Callable[[int], object] = lambda _: None) -> Heard:
    """To its end, or to where it breaks off. `on_piece` is told how much came so far."""
    content = b""
    is_whole = True
    try:
        while piece := response.read1(65536):
            content += piece
            on_piece(len(content))
    except (http.client.IncompleteRead, ConnectionError):
        is_whole = False
    return Heard(response.status, dict(response.getheaders()), content, is_whole)


def listen(site: LiveSite, generation: str, stream_format: str, **more: Any) -> Heard:
    client = connection(site)
    client.request("GET", f"/api/v1/generations/{generation}/stream.{stream_format}")
    return hear(client.getresponse(), **more)


def form(clip: bytes, **fields: str) -> tuple[bytes, dict[str, str]]:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = '--b\r\nContent-Disposition: form-data; name="reference"; filename="a.flac"\r\n\r\n'
    body = "".join([*parts, file]).encode() + clip + b"\r\n--b--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=b"}


def speak(site: LiveSite, clip: bytes = b"", **fields: str) -> http.client.HTTPResponse:
    client = connection(site)
    client.request("POST", "/api/v1/voice-clone/generate", *form(clip or MALE_CLIP.read_bytes(), **fields))
    return client.getresponse()


def ended(site: LiveSite, generation: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = site.get(f"/api/v1/generations/{generation}")
        return found if found["status"] not in ("queued", "running") else None

    return wait_until(look)


def decode(content: bytes, folder: Path) -> Path:
    """What FFmpeg makes of it, as WAV."""
    source, target = folder / "heard", folder / "heard.wav"
    source.write_bytes(content)
    subprocess.run(["ffmpeg", "-y", "-loglevel", "error", "-i", source, target], check=True)
    return target


def duration_seconds(wav: Path) -> float:
    command = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", wav]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def loudness_lufs(sound: Path) -> float:
    command = ["ffmpeg", "-nostats", "-i", sound, "-af", "ebur128", "-f", "null", "-"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", printed)[-1])


def as_wav(pcm: bytes) -> bytes:
    """PCM with a header of its length."""
    layout = struct.pack("<IHHIIHH", 16, 1, 1, 24_000, 48_000, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", len(pcm) + 36)
        + b"WAVEfmt "
        + layout
        + b"data"
        + struct.pack("<I", len(pcm))
        + pcm
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with serving(tmp_path_factory.mktemp("streams")) as site:
        speak(site, text="Now the voice is known.").read()
        yield site


@pytest.mark.parametrize("stream_format", ["mp3", "wav", "opus", "pcm"])
def test_what_is_heard_is_what_is_in_the_file(stream_format: str, site, tmp_path) -> None:
    heard_at: list[float] = []
    fields = {"format": stream_format, "text": " ".join(SENTENCES), "stream": "true"}
    heard = hear(speak(site, **fields), on_piece=lambda _: heard_at.append(time.monotonic()))
    assert (heard.status, heard.is_whole) == (200, True)
    done = ended(site, heard.headers["X-Generation-Id"])
    assert done["status"] == "succeeded"
    assert done["download_url"].endswith(".wav" if stream_format == "pcm" else f".{stream_format}")
    decoded = decode(as_wav(heard.content) if stream_format == "pcm" else heard.content, tmp_path)
    assert duration_seconds(decoded) == pytest.approx(done["duration_seconds"], abs=0.1)
    if stream_format == "wav":
        assert heard.content[4:8] == heard.content[40:44] == b"\xff" * 4
    final = tmp_path / "final"
    client = connection(site)
    client.request("GET", done["download_url"])
    final.write_bytes(client.getresponse().read())
    assert loudness_lufs(decoded) == pytest.approx(loudness_lufs(final), abs=1.0)
    again = listen(site, heard.headers["X-Generation-Id"], stream_format)
    assert again.is_whole
    if stream_format in ("pcm", "wav"):
        # What follows a sentence is faded out only once its end is known.
        live, stored = (np.frombuffer(each.content, "<i2", offset=44).astype(int) for each in (heard, again))
        assert live.size == stored.size
        assert np.corrcoef(live, stored)[0, 1] > 0.9999
    else:
        length_seconds = duration_seconds(decoded)
        assert duration_seconds(decode(again.content, tmp_path)) == pytest.approx(length_seconds, abs=0.1)


def test_many_hear_the_same_from_the_beginning_however_late_they_come(site) -> None:
    response = speak(site, text=LONG_TEXT, stream="true", format="mp3")
    generation = response.headers["X-Generation-Id"]
    heard: list[Heard] = []
    listeners = [
        threading.Thread(target=lambda: heard.append(listen(site, generation, "mp3"))) for _ in range(8)
    ]

    def send_for_another(count: int) -> None:
        if listeners_left and count > 30_000 * (len(listeners) - len(listeners_left)):
            listeners_left.pop().start()

    listeners_left = list(listeners)
    first = hear(response, on_piece=send_for_another)
    assert first.is_whole
    assert not listeners_left, "all came while it was spoken"
    for listener in listeners:
        listener.join()
    assert [each.is_whole for each in heard] == [True] * 8
    assert {each.content for each in heard} == {first.content}


def test_sound_is_heard_long_before_the_end(site) -> None:
    response = speak(site, text=LONG_TEXT, stream="true")
    assert response.read1(4000)
    found = site.get(f"/api/v1/generations/{response.headers['X-Generation-Id']}")
    assert found["status"] == "running"
    assert found["progress"] < 0.5
    response.close()


def test_who_leaves_frees_what_they_held_within_a_second(site) -> None:
    held = web_holds(site)
    generation = speak(site, text=LONG_TEXT, stream="true").headers["X-Generation-Id"]
    clients = []
    for stream_format in ("mp3", "opus", "wav", "pcm", "mp3", "opus"):
        client = connection(site)
        client.request("GET", f"/api/v1/generations/{generation}/stream.{stream_format}")
        clients.append((client, client.getresponse()))
    assert web_holds(site) > held
    for client, response in clients:
        response.close()
        client.close()
    left_at = time.monotonic()
    wait_until(lambda: web_holds(site) <= held or time.monotonic() > left_at + 20)
    assert time.monotonic() - left_at < 5  # a second, on a machine that does nothing else
    cancel(site, generation)


def test_caller_who_leaves_can_have_it_cancelled(site) -> None:
    client = connection(site)
    fields = {"text": LONG_TEXT, "stream": "true", "on_disconnect": "cancel"}
    client.request("POST", "/api/v1/voice-clone/generate", *form(MALE_CLIP.read_bytes(), **fields))
    response = client.getresponse()
    response.read1(1000)
    generation = response.headers["X-Generation-Id"]
    response.close()
    client.close()
    assert ended(site, generation)["status"] == "cancelled"


def test_deletion_in_the_middle_is_noticed_by_who_listens(site) -> None:
    response = speak(site, text=LONG_TEXT, stream="true")
    generation = response.headers["X-Generation-Id"]
    client = connection(site)
    response.read1(1000)
    client.request("DELETE", f"/api/v1/generations/{generation}")
    assert client.getresponse().status == 204
    with pytest.raises(http.client.IncompleteRead):
        response.read()


def test_a_broken_clip_is_an_error_and_no_sound(site) -> None:
    answer = speak(site, clip=b"no sound at all", text="Hello.", stream="true")
    assert (answer.status, json.load(answer)["error"]["code"]) == (422, "reference_unreadable")


def test_nothing_of_this_is_an_error_in_the_log(site) -> None:
    log = site.log.read_text()
    assert "Traceback" not in log
    assert "ERROR" not in log


def cancel(site: LiveSite, generation: str) -> None:
    client = connection(site)
    client.request("POST", f"/api/v1/generations/{generation}/cancel")
    assert client.getresponse().status == 200


def web_holds(site: LiveSite) -> int:
    """Open files, connections, and FFmpegs."""
    rows = processes()
    [master] = [pid for pid, parent, command in rows if "gunicorn" in command and parent == site.process.pid]
    [web] = [pid for pid, parent, command in rows if "gunicorn" in command and parent == master]
    encoders = [pid for pid, parent, command in rows if parent == web]
    return len(list(Path(f"/proc/{web}/fd").iterdir())) + 10 * len(encoders)


def processes() -> list[tuple[int, int, str]]:
    listing = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
    rows = [line.split(maxsplit=2) for line in listing.stdout.splitlines()]
    return [(int(pid), int(parent), command) for pid, parent, command in rows]


def worker_process(site: LiveSite) -> int:
    [worker] = [
        pid
        for pid, parent, command in processes()
        if parent == site.process.pid and re.search(r"manage.py worker", command)
    ]
    return worker


@pytest.fixture
def xtts_site(tmp_path, tiny_weights) -> Iterator[LiveSite]:
    with serving(tmp_path, ENGINE="xtts_v2", MODEL_CACHE=str(tiny_weights), LEASE_SECONDS="2") as site:
        clip = FEMALE_CLIP.read_bytes()
        speak(site, clip, text=LONG_TEXT[:400]).read()  # by which the voice's gain gets known
        yield site


def chunks(site: LiveSite) -> int:
    with sqlite3.connect(f"file:{site.storage_root}/db.sqlite3?mode=ro", uri=True, timeout=20) as database:
        return int(database.execute("SELECT count(*) FROM cloning_soundchunk").fetchone()[0])


def test_killed_worker_costs_a_new_connection_and_no_sentence(xtts_site, tmp_path) -> None:
    """Killed while a sentence is given out, so that its rest never comes."""
    text = " ".join(SENTENCES * 4)
    response = speak(xtts_site, FEMALE_CLIP.read_bytes(), text=text, stream="true", format="pcm")
    generation = response.headers["X-Generation-Id"]
    wait_until(lambda: chunks(xtts_site) > 0)
    os.kill(worker_process(xtts_site), signal.SIGKILL)
    heard = hear(response)
    again = listen(xtts_site, generation, "pcm")
    while not again.is_whole:
        again = listen(xtts_site, generation, "pcm")
    done = ended(xtts_site, generation)
    assert done["status"] == "succeeded"
    assert len(again.content) / 48_000 == pytest.approx(done["duration_seconds"], abs=0.01)
    assert heard.is_whole == (heard.content == again.content)
    numbers = [take["take"] for segment in done["segments"] for take in segment["takes"]]
    assert set(numbers) == {1}, "nothing was spoken twice"
    # But for the ends of sentences, which fade out in the files.
    assert len(listen(xtts_site, generation, "pcm").content) == len(again.content)


def test_an_http_1_0_client_is_served_without_chunks(site) -> None:
    generation = speak(site, text="Good morning.").headers["Location"].rpartition("/")[2]
    with socket.create_connection(
        ("127.0.0.1", int(site.url.rpartition(":")[2])), PATIENCE_SECONDS
    ) as client:
        client.sendall(
            f"GET /api/v1/generations/{generation}/stream.pcm HTTP/1.0\r\nHost: localhost\r\n\r\n".encode()
        )
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"200 OK" in head
    assert body == listen(site, generation, "pcm").content
