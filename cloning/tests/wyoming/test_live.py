"""`make run` with WYOMING_PORT, a real worker, and the client of the package `wyoming`. Found by zeroconf."""

import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from wyoming.client import AsyncClient, AsyncTcpClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeVoice
from zeroconf import IPVersion, ServiceBrowser, Zeroconf

from cloning.models import Generation
from cloning.tests.clips import MALE_CLIP
from cloning.tests.live_site import PROJECT, LiveSite, free_port, running, serving
from cloning.tests.waiting import wait_until
from cloning.tests.wyoming.asking import hear, synthesize
from cloning.wyoming.announcing import SERVICE, find_address

ANYWHERE = "0.0.0.0"  # noqa: S104


def save_voice(site: LiveSite, name: str) -> None:
    body = f'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n{name}\r\n--b\r\n'
    body += 'Content-Disposition: form-data; name="reference"; filename="a.flac"\r\n\r\n'
    request = urllib.request.Request(
        f"{site.url}/api/v1/voices",
        data=body.encode() + MALE_CLIP.read_bytes() + b"\r\n--b--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert json.load(urllib.request.urlopen(request))["name"] == name


async def speak(port: int) -> tuple[list[Event], list[Event], list[Event | None]]:
    async with AsyncTcpClient("127.0.0.1", port, read_timeout=120) as client:
        await client.write_event(Describe().event())
        described = await asyncio.wait_for(hear(client), 1.0)  # as long as Home Assistant waits
        await client.write_event(Synthesize("Good morning.", SynthesizeVoice(name="Alice-en")).event())
        plain = await hear(client)
        client.is_streaming = True
        await client.write_event(SynthesizeStart(SynthesizeVoice(name="Alice-en")).event())
        await client.write_event(SynthesizeChunk("The rain had stopped. Nobody ").event())
        started = await client.read_event()
        await client.write_event(SynthesizeChunk("had noticed.").event())
        await client.write_event(SynthesizeStop().event())
        return described, plain, [started, *await hear(client)]


def test_home_assistants_way_through_a_whole_site(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, WYOMING_PORT=str(port)) as site:
        wait_until(lambda: f"Wyoming: tcp://127.0.0.1:{port}" in site.log.read_text())
        save_voice(site, "Alice")
        described, plain, streamed = asyncio.run(speak(port))
        assert "Alice-en" in [voice.name for voice in Info.from_event(described[0]).tts[0].voices]
        assert [event.type for event in plain] == ["audio-start", "audio-chunk", "audio-stop"]
        assert [event.type for event in streamed] == [
            "audio-start", "audio-chunk", "audio-stop", "synthesize-stopped",
        ]  # fmt: skip
        for heard in (plain, streamed):
            assert len(heard[1].payload or b"") > 24_000
        texts = [each["text"].strip() for each in site.get("/api/v1/generations")["results"]]
        assert texts == ["Nobody had noticed.", "The rain had stopped.", "Good morning."]
        variables = {
            "PATH": os.environ["PATH"],
            "STORAGE_ROOT": str(site.storage_root),
            "DATABASE_URL": f"sqlite:///{site.storage_root}/db.sqlite3",
            "WYOMING_PORT": str(port),
        }
        command = [sys.executable, "manage.py", "healthcheck", "wyoming"]
        assert subprocess.run(command, cwd=PROJECT, env=variables).returncode == 0
        variables["WYOMING_PORT"] = str(free_port())
        assert subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True).returncode == 1


def can_multicast() -> bool:
    try:
        Zeroconf(interfaces=[find_address(ANYWHERE)]).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not can_multicast(), reason="needs a network in which mDNS can be sent")
def test_it_is_found_in_the_network(tmp_path: Path) -> None:
    port = free_port()
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "STORAGE_ROOT": str(tmp_path / "storage")},
        check=True,
    )
    found: set[tuple[str, int]] = set()

    def note(zeroconf: Zeroconf, service_type: str, name: str, **_: object) -> None:
        if info := zeroconf.get_service_info(service_type, name):
            found.update((each, info.port or 0) for each in info.parsed_addresses(IPVersion.V4Only))

    with running("wyoming", folder=tmp_path, WYOMING_HOST=ANYWHERE, WYOMING_PORT=str(port)):
        zeroconf = Zeroconf(interfaces=[find_address(ANYWHERE)])
        try:
            ServiceBrowser(zeroconf, SERVICE, handlers=[note])
            wait_until(lambda: (find_address(ANYWHERE), port) in found)
        finally:
            zeroconf.close()


SENTENCES = ["The rain had stopped.", "Nobody had noticed.", "The gate was open."]


def test_a_text_that_comes_in_pieces_is_spoken_while_it_comes(talk, make_voice, worker) -> None:
    make_voice("Alice", "en")

    async def conversation(client: AsyncClient) -> list[Event | None]:
        client.is_streaming = True
        await client.write_event(SynthesizeStart(SynthesizeVoice(name="alice-en")).event())
        for piece in (*SENTENCES[0].split(" "), "\n", "😊\n", *SENTENCES[1].split(" ")):
            await client.write_event(SynthesizeChunk(piece + " ").event())
        started = await client.read_event()  # nothing says yet that the text is whole
        await client.write_event(SynthesizeChunk(SENTENCES[2]).event())
        await client.write_event(synthesize("All of it, for servers that know no streams."))
        await client.write_event(SynthesizeStop().event())
        return [started, *await hear(client)]

    heard = talk(conversation)
    assert [event.type for event in heard] == [
        "audio-start", "audio-chunk", "audio-stop", "synthesize-stopped",
    ]  # fmt: skip
    texts = list(Generation.objects.order_by("created_at").values_list("text", flat=True))
    assert len(texts) >= 2
    assert " ".join(" ".join(texts).replace("😊", "").split()) == " ".join(SENTENCES)
    assert len(set(Generation.objects.values_list("seed", flat=True))) == 1


def test_two_texts_are_spoken_one_after_the_other(talk, make_voice, worker) -> None:
    make_voice("Alice", "en")

    async def conversation(client: AsyncClient) -> list[list[Event]]:
        await client.write_event(synthesize("One.", name="Alice"))
        await client.write_event(synthesize("Two.", name="Alice"))
        return [await hear(client), await hear(client)]

    for heard in talk(conversation):
        assert [event.type for event in heard] == ["audio-start", "audio-chunk", "audio-stop"]
