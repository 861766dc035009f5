"""What a stranger sends is read within bounds. The writer is that of the package `wyoming`."""

import asyncio
import json
from typing import Any

import pytest
from wyoming.event import Event, async_write_event
from wyoming.tts import Synthesize, SynthesizeVoice

from cloning.wyoming import wire
from cloning.wyoming.wire import MAX_PAYLOAD_BYTES, WrongEventError, max_line_bytes, read_event


def read_all(sent: bytes) -> list[Event]:
    async def read() -> list[Event]:
        reader = asyncio.StreamReader(limit=max_line_bytes())
        reader.feed_data(sent)
        reader.feed_eof()
        events = []
        while event := await read_event(reader):
            events.append(event)
        return events

    return asyncio.run(read())


def line(**members: Any) -> bytes:
    return json.dumps(members).encode() + b"\n"


class Collecting:
    def __init__(self) -> None:
        self.sent = b""

    def write(self, data: bytes) -> None:
        self.sent += data

    def writelines(self, parts: Any) -> None:
        self.sent += b"".join(parts)

    async def drain(self) -> None: ...


def test_what_the_package_writes_is_read() -> None:
    writer = Collecting()
    first = Synthesize("Grüße 😊", SynthesizeVoice(name="alice-de")).event()
    asyncio.run(async_write_event(first, writer))
    asyncio.run(async_write_event(Event("audio-chunk", {"rate": 1}, b"\0" * 200_000), writer))
    asyncio.run(async_write_event(Event("describe"), writer))
    assert [(event.type, event.data) for event in read_all(writer.sent)] == [
        ("synthesize", {"text": "Grüße 😊", "voice": {"name": "alice-de"}}),
        ("audio-chunk", {"rate": 1}),
        ("describe", {}),
    ]


def test_data_in_the_line_are_merged_with_those_after_it() -> None:
    [event] = read_all(line(type="synthesize", data={"text": "a", "b": 1}, data_length=12) + b'{"text":"c"}')
    assert event.data == {"text": "c", "b": 1}


def test_an_event_that_breaks_off_is_the_end() -> None:
    assert read_all(b'{"type":"descr') == []
    assert read_all(line(type="synthesize", data_length=12) + b'{"te') == []
    assert read_all(line(type="audio-chunk", payload_length=12) + b"abc") == []


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: voice\r\n\r\n",
        b"\xff\xfe\n",
        b"[1]\n",
        b"[" * 100_000 + b"\n",
        b'{"a":' * 100_000 + b"\n",
        b"1" * 10_000 + b"\n",
        line(),
        line(type=7),
        line(type="x", data=[1]),
        line(type="x", data_length="12"),
        line(type="x", data_length=-1),
        line(type="x", data_length=True),
        line(type="x", data_length=1.5),
        line(type="x", data_length=10**12),
        line(type="x", payload_length=MAX_PAYLOAD_BYTES + 1),
        line(type="x", data_length=3) + b"[1]",
        line(type="x", data_length=3) + b"nul",
    ],
)
def test_what_is_no_event_is_refused(sent: bytes) -> None:
    with pytest.raises(WrongEventError):
        read_all(sent)


def test_a_line_without_an_end_is_not_kept() -> None:
    with pytest.raises(WrongEventError, match="bytes"):
        read_all(b" " * (2 * max_line_bytes()))


def test_who_says_nothing_is_not_waited_for_without_an_end(monkeypatch) -> None:
    monkeypatch.setattr(wire, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(wire, "ARRIVAL_SECONDS", 0.05)

    async def read(begun: bytes) -> Event | None:
        reader = asyncio.StreamReader()
        reader.feed_data(begun)
        return await read_event(reader)

    assert asyncio.run(read(b"")) is None
    assert asyncio.run(read(line(type="x", data_length=5))) is None
    assert asyncio.run(read(line(type="x", payload_length=5))) is None
