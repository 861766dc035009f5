"""The protocol as Home Assistant speaks it, by the client of the package `wyoming`, in this process."""

import asyncio
import struct
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping
from wyoming.tts import SynthesizeChunk, SynthesizeStart, SynthesizeStop

from cloning.engines.base import StockVoice
from cloning.management.commands.wyoming import check_settings
from cloning.models import Channel, Generation, Status
from cloning.quantities import Kind, Quantity
from cloning.tests.waiting import wait_until
from cloning.tests.wyoming.asking import ask, hear, synthesize
from cloning.wyoming import server


def voices_of(heard: list[Event]) -> dict[str, str]:
    [program] = Info.from_event(heard[0]).tts
    assert program.installed
    assert program.supports_synthesize_streaming
    assert all(len(voice.languages) == 1 and voice.installed for voice in program.voices)
    return {voice.name: voice.description or "" for voice in program.voices}


def error_of(heard: list[Event]) -> str:
    assert [event.type for event in heard] == ["error"], heard
    assert heard[0].data["text"]
    return heard[0].data["code"]


def test_each_voice_is_there_once_a_language(talk, make_voice, monkeypatch) -> None:
    make_voice("Alice", "de")
    stock = [
        StockVoice("af_heart", "Heart", frozenset({"en"})),
        StockVoice("alice", "Other", frozenset({"en"})),
        StockVoice("any", "Any", frozenset()),
    ]
    monkeypatch.setattr("cloning.engines.registry.stock_voices", lambda language="": stock)
    voices = voices_of(talk(lambda client: ask(client, Describe().event())))
    assert list(voices)[:2] == ["Alice-de", "Alice-en"], "its own language first"
    assert voices["Alice-de"] == "Alice (Deutsch)"
    assert voices["af_heart-en"] == "Heart (English)"
    assert voices["stock:alice-en"] == "Other (English)", "its name is taken"
    assert len(voices) == 17 + 1 + 1 + 17


def test_the_list_is_as_new_as_the_database_lets_it_be(talk, make_voice, monkeypatch) -> None:
    monkeypatch.setattr("cloning.wyoming.voices.FRESH_SECONDS", 5.0)

    async def conversation(client: AsyncClient) -> tuple[list[Event], list[Event], list[Event]]:
        first = await ask(client, Describe().event())
        await asyncio.to_thread(make_voice, "Alice")
        second = await ask(client, Describe().event())
        monkeypatch.setattr("cloning.wyoming.voices.read_info", lambda: 1 / 0)
        return first, second, await ask(client, Describe().event())

    first, second, third = map(voices_of, talk(conversation))
    assert "Alice-en" not in first
    assert "Alice-en" in second
    assert third == second


def test_a_ping_is_answered_and_what_is_not_known_is_dropped(talk) -> None:
    events = (Event("transcribe", {"x": 1}), SynthesizeStop().event(), SynthesizeChunk("x").event())
    heard = talk(lambda client: ask(client, *events, Ping("here").event()))
    assert [(event.type, event.data) for event in heard] == [("pong", {"text": "here"})]


def test_a_text_is_spoken(talk, make_voice, worker) -> None:
    voice = make_voice("Alice", "en")
    heard = talk(lambda client: ask(client, synthesize("Good morning.", name="Alice-de")))
    assert [event.type for event in heard] == ["audio-start", "audio-chunk", "audio-stop"]
    assert {"rate": 24_000, "width": 2, "channels": 1}.items() <= heard[0].data.items()
    samples = struct.unpack(f"<{len(heard[1].payload) // 2}h", heard[1].payload)
    assert max(samples) > 1000
    assert 0.3 < len(samples) / 24_000 < 5
    generation = wait_until(lambda: Generation.objects.filter(status=Status.SUCCEEDED).first())
    assert (generation.voice, generation.language, generation.text) == (voice, "de", "Good morning.")
    assert (generation.requested_via, generation.is_streamed, generation.owner) == (Channel.API, True, None)


def test_who_leaves_ends_what_is_spoken(talk, make_voice) -> None:
    make_voice("Alice", "en")

    async def conversation(client: AsyncClient) -> None:
        await client.write_event(synthesize("Good morning.", name="Alice-en"))
        await asyncio.to_thread(wait_until, Generation.objects.active().exists)
        await client.disconnect()
        await asyncio.to_thread(wait_until, Generation.objects.filter(status=Status.CANCELLED).exists)

    talk(conversation)


def stream(text: str) -> tuple[Event, ...]:
    return SynthesizeStart().event(), SynthesizeChunk(text).event(), SynthesizeStop().event()


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([synthesize("Hello.", name="Nobody-de")], "voice_unknown"),
        ([synthesize("Hello.", name="\x00\n" * 500)], "voice_unknown"),
        ([synthesize("Hello.", language="tlh")], "language_unsupported"),
        ([synthesize("")], "text_missing"),
        (stream(""), "text_missing"),
        ([synthesize("🙂", name="Alice-en")], "text_unspeakable"),
        (stream("🙂"), "text_unspeakable"),
        ([synthesize("x" * 20_001)], "text_too_long"),
        ([*stream("x" * 15_000)[:2], *stream("x" * 5_001)[1:]], "text_too_long"),
        ([Event("synthesize", {"text": 7})], "bad_request"),
        ([Event("synthesize", {"text": "a", "voice": "Alice"})], "bad_request"),
        ([Event("synthesize", {"text": "a", "voice": {"name": []}})], "bad_request"),
        ([Event("synthesize", {"text": "a", "text_format": "ssml"})], "bad_request"),
        ([Event("synthesize", {"text": "a\x00b", "voice": {"name": "Alice"}})], "text_unspeakable"),
        ([synthesize("[pause 99s] a", name="Alice-en")], "pause_invalid"),
    ],
)
def test_what_is_wrong_is_said_and_leaves_nothing(talk, make_voice, events, code: str) -> None:
    make_voice("Alice", "en")
    assert error_of(talk(lambda client: ask(client, *events))) == code
    assert not Generation.objects.exists()


def test_garbage_is_refused_and_closed(talk) -> None:
    async def conversation(client: AsyncClient) -> list[Event]:
        client._writer.write(b"GET / HTTP/1.1\r\n\r\n")
        return await hear(client)

    assert error_of(talk(conversation)) == "request_unreadable"


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ({"MAX_QUEUED": 0}, "queue_full"),
        ({"MAX_STREAMS": 0}, "server_busy"),
        (
            {"LIMITS": {**{kind: {} for kind in Kind}, Kind.ADDRESS: {Quantity.CHARACTERS: 5}}},
            "limit_reached",
        ),
    ],
)
def test_limits_are_those_of_everybody(talk, make_voice, settings, limit: dict[str, Any], code: str) -> None:
    for name, value in limit.items():
        setattr(settings, name, value)
    make_voice("Alice", "en")
    assert error_of(talk(lambda client: ask(client, synthesize("Good morning.", name="Alice")))) == code
    assert not Generation.objects.exists()


def test_too_many_connections_are_refused(talk, monkeypatch) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS_OF_ADDRESS", 1)

    async def conversation(client: AsyncClient) -> tuple[list[Event], list[Event]]:
        await ask(client, Ping().event())
        second = AsyncClient.from_uri(f"tcp://127.0.0.1:{client.port}")
        async with second:
            refused = await hear(second)
        return refused, await ask(client, Ping().event())

    refused, served = talk(conversation)
    assert error_of(refused) == "server_busy"
    assert served[0].type == "pong"


def test_with_accounts_it_speaks_in_the_name_of_one(talk, make_voice, ann, settings, worker) -> None:
    settings.WYOMING_USER = "ann"
    tom = User.objects.create_user("tom")
    make_voice("Alice", "en", owner=ann)
    make_voice("Shared", "en", owner=tom, is_shared=True)
    make_voice("Secret", "en", owner=tom)

    async def conversation(client: AsyncClient) -> tuple[list[Event], list[Event], list[Event]]:
        listed = await ask(client, Describe().event())
        spoken = await ask(client, synthesize("Good morning.", name="Shared-en"))
        return listed, spoken, await ask(client, synthesize("Good morning.", name="Secret-en"))

    listed, spoken, refused = talk(conversation)
    assert {name.partition("-")[0] for name in voices_of(listed)} == {"Alice", "Shared"}
    assert spoken[-1].type == "audio-stop"
    assert Generation.objects.get().owner == ann
    assert error_of(refused) == "voice_unknown"


def test_without_its_account_it_lists_no_voices_of_people_and_speaks_nothing(talk, make_voice, ann, settings):
    settings.WYOMING_USER = "ann"
    make_voice("Alice", "en", owner=ann, is_shared=True)
    User.objects.update(is_active=False)

    async def conversation(client: AsyncClient) -> tuple[list[Event], list[Event]]:
        return await ask(client, Describe().event()), await ask(client, synthesize("Hi.", name="Alice-en"))

    listed, refused = talk(conversation)
    assert voices_of(listed) == {}
    assert error_of(refused) == "login_required"


def test_the_command_says_what_is_missing(accounts) -> None:
    with pytest.raises(CommandError, match="WYOMING_USER has to name the account"):
        call_command("wyoming")
    with pytest.raises(CommandError, match="WYOMING_USER has to name the account"):
        check_settings()  # as `serve` does before it starts anything


def test_an_account_that_is_gone_is_no_reason_to_end(accounts, transactional_db, settings, caplog) -> None:
    """Five quick ends would end the whole site."""
    settings.WYOMING_USER, settings.WYOMING_HOST, settings.WYOMING_PORT = "ann", "192.0.2.1", 10200
    with pytest.raises(CommandError, match=r"Port 10200 of 192\.0\.2\.1, WYOMING_PORT, can't be used"):
        call_command("wyoming")  # it came as far as this
    assert "there is no account “ann”. Nothing is spoken until there is" in caplog.text
