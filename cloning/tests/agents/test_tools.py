"""The tools by the official client, in this process."""

import base64
import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from mcp import Client, MCPError
from mcp.types import CallToolResult

from cloning.agents.transports import find_security, identify
from cloning.engines.base import StockVoice
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import keys
from cloning.models import Channel, Generation, Scope, Status
from cloning.quantities import Kind, Quantity
from cloning.scoring import find_likeness


def call(tool: str, **arguments: Any) -> Any:
    return lambda client: client.call_tool(tool, arguments)


def refusal(result: CallToolResult) -> str:
    assert result.is_error
    assert result.structured_content is None
    return result.content[0].text


def read_in_vain(uri: str) -> Any:
    """Returns why."""

    async def conversation(client: Client) -> str:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
        return str(caught.value)

    return conversation


def test_tools_say_what_they_take_and_give(ask) -> None:
    tools = {tool.name: tool for tool in ask(lambda client: client.list_tools()).tools}
    assert set(tools) == {"list_voices", "speak", "check_generation", "cancel_generation"}
    assert tools["speak"].input_schema["required"] == ["text", "voice"]
    assert "ctx" not in tools["speak"].input_schema["properties"]
    for tool in tools.values():
        assert tool.description
        assert tool.output_schema["type"] == "object"
    assert [name for name, tool in tools.items() if tool.annotations.read_only_hint] == [
        "list_voices", "check_generation",
    ]  # fmt: skip


def test_voices_are_listed(ask, make_voice, monkeypatch) -> None:
    alice = make_voice("Alice", "de")
    make_voice("Tom", "en")
    stock = StockVoice("af_alice", "Alice", frozenset({"en"}))
    monkeypatch.setattr("cloning.engines.registry.stock_voices", lambda language="": [stock])
    listed = ask(call("list_voices", query="ali")).structured_content
    assert (listed["engine"], listed["is_clone"], listed["is_complete"]) == (
        "Preview (not a clone)",
        False,
        True,
    )
    assert listed["voices"] == [
        {"id": str(alice.pk), "name": "Alice", "language": "de", "is_stock": False},
        {"id": "stock:af_alice", "name": "Alice", "language": "en", "is_stock": True},
    ]
    assert [each["name"] for each in ask(call("list_voices")).structured_content["voices"]] == [
        "Alice", "Tom", "Alice",
    ]  # fmt: skip


def test_a_text_is_spoken_and_the_file_is_there_in_every_way(ask, make_voice, worker, settings) -> None:
    make_voice("Alice", "de")
    told: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(progress)

    async def conversation(client: Client) -> tuple[CallToolResult, Any]:
        arguments = {"text": "Guten Morgen.", "voice": "alice", "seed": 7, "include_audio": True}
        result = await client.call_tool("speak", arguments, progress_callback=note)
        return result, await client.read_resource(result.structured_content["resource_uri"])

    result, resource = ask(conversation)
    generation = Generation.objects.get()
    assert (generation.language, generation.seed, generation.audio_format) == ("de", 7, "mp3")
    assert (generation.requested_via, generation.owner) == (Channel.API, None)
    assert not result.is_error
    found = result.structured_content
    assert (found["status"], found["progress"], found["id"]) == ("succeeded", 1.0, str(generation.pk))
    assert found["audio_url"] == f"http://localhost:{settings.PORT}/api/v1/files/{generation.pk}.mp3"
    assert found["path"] == generation.audio.path
    assert generation.scores
    assert (found["likeness"], found["understood"]) == (find_likeness(generation.scores["similarity"]), None)
    text, link, audio = result.content
    assert str(generation.pk) in text.text
    assert (link.type, str(link.uri), link.mime_type) == (
        "resource_link",
        found["resource_uri"],
        "audio/mpeg",
    )
    stored = generation.audio.open().read()
    assert base64.b64decode(audio.data) == base64.b64decode(resource.contents[0].blob) == stored
    assert resource.contents[0].mime_type == "audio/mpeg"
    assert told == sorted(set(told)), "it grows each time"


def test_what_takes_longer_is_looked_after_and_can_be_stopped(ask, make_voice) -> None:
    make_voice("Alice", "en")
    waiting = ask(call("speak", text="Good morning.", voice="Alice", wait_seconds=0)).structured_content
    assert waiting["status"] == "queued"
    assert waiting["audio_url"] is waiting["path"] is waiting["resource_uri"] is None
    assert "No worker is running" in waiting["hint"]
    checked = ask(call("check_generation", generation_id=waiting["id"], wait_seconds=0.1))
    assert checked.structured_content["status"] == "queued"
    stopped = ask(call("cancel_generation", generation_id=waiting["id"])).structured_content
    assert stopped["status"] == Generation.objects.get().status == Status.CANCELLED
    assert ask(call("cancel_generation", generation_id=waiting["id"])).structured_content == stopped


def test_a_generation_that_failed_is_an_error(ask, make_generation) -> None:
    generation = make_generation()
    failed = {"status": Status.FAILED, "error_code": "speech_silent", "error_message": "Nothing was heard."}
    Generation.objects.filter(pk=generation.pk).update(**failed)
    result = ask(call("check_generation", generation_id=str(generation.pk)))
    assert result.is_error
    assert result.structured_content["error"] == "Nothing was heard."


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"voice": "Nobody"}, "voice_unknown"),
        ({"voice": ""}, "voice_unknown"),
        ({"voice": "\x00"}, "voice_unknown"),
        ({"text": ""}, "text_missing"),
        ({"text": "🙂"}, "text_unspeakable"),
        ({"text": "a\x00b"}, "text_unspeakable"),
        ({"text": "x" * 20_001}, "text_too_long"),
        ({"language": "tlh"}, "language_unsupported"),
        ({"speed": 9}, "out_of_range"),
        ({"seed": -1}, "out_of_range"),
        ({"format": "exe"}, "format"),
        ({"voice": "x" * 201}, "voice"),
        ({"wait_seconds": 10**9}, "wait_seconds"),
        ({"text": {"a": 1}}, "text"),
    ],
)
def test_what_is_wrong_is_said_and_leaves_nothing(
    ask, make_voice, arguments: dict[str, Any], code: str
) -> None:
    make_voice("Alice", "en")
    result = ask(call("speak", **{"text": "Good morning.", "voice": "Alice", **arguments}))
    assert code in refusal(result)
    assert not Generation.objects.exists()


@pytest.mark.parametrize("generation_id", ["", "x", "../../etc/passwd", str(uuid.UUID(int=7))])
def test_what_is_not_there_is_not_found(ask, generation_id: str) -> None:
    for tool in ("check_generation", "cancel_generation"):
        assert "generation_unknown" in refusal(ask(call(tool, generation_id=generation_id)))
    assert ask(read_in_vain(f"speech://{generation_id}/audio.mp3"))


def test_a_format_that_it_was_not_asked_for_in_is_not_encoded(ask, spoken) -> None:
    assert "There is no mp3 of it" in ask(read_in_vain(f"speech://{spoken.pk}/audio.mp3"))


def test_a_crash_is_told_without_its_words(ask, monkeypatch) -> None:
    monkeypatch.setattr("cloning.agents.speech.find_engine", lambda: 1 / 0)
    told = refusal(ask(call("list_voices")))
    assert "internal_error" in told
    assert "division" not in told


def test_limits_are_those_of_everybody(ask, make_voice, settings) -> None:
    make_voice("Alice", "en")
    settings.MAX_QUEUED = 0
    told = refusal(ask(call("speak", text="Good morning.", voice="Alice")))
    assert "queue_full" in told
    assert "Try again in 60 s" in told
    settings.LIMITS = {**{kind: {} for kind in Kind}, Kind.SERVER: {Quantity.REQUESTS: 1}}
    assert not ask(call("list_voices")).is_error
    assert "limit_reached" in refusal(ask(call("list_voices")))


def test_everybody_sees_their_own_and_what_is_shared(ask, make_voice, make_generation, ann) -> None:
    tom = User.objects.create_user("tom")
    make_voice("Alice", owner=ann)
    make_voice("Shared", owner=tom, is_shared=True)
    make_voice("Secret", owner=tom)
    listed = ask(call("list_voices"), ann).structured_content["voices"]
    assert [each["name"] for each in listed] == ["Alice", "Shared"]
    assert "voice_unknown" in refusal(ask(call("speak", text="Hello.", voice="Secret"), ann))
    spoken = ask(call("speak", text="Hello.", voice="Shared", wait_seconds=0), ann).structured_content
    assert Generation.objects.get(pk=spoken["id"]).owner == ann
    for tool in ("check_generation", "cancel_generation"):
        assert "generation_unknown" in refusal(ask(call(tool, generation_id=spoken["id"]), tom))
    assert "no such generation" in ask(read_in_vain(f"speech://{spoken['id']}/audio.mp3"), tom)
    assert Generation.objects.get(pk=spoken["id"]).status == Status.QUEUED


@pytest.mark.parametrize(
    ("tool", "arguments", "scope"),
    [
        ("list_voices", {}, Scope.READ),
        ("check_generation", {"generation_id": "x"}, Scope.READ),
        ("speak", {"text": "Hello.", "voice": "Alice"}, Scope.SPEAK),
        ("cancel_generation", {"generation_id": "x"}, Scope.SPEAK),
    ],
)
def test_a_key_is_good_for_its_scopes_alone(
    ask, ann, tool: str, arguments: dict[str, Any], scope: Scope
) -> None:
    key, _ = keys.make(ann, "agent", [each for each in Scope if each != scope])
    assert "scope_missing" in refusal(ask(call(tool, **arguments), ann, key))
    key, _ = keys.make(ann, "agent", [scope])
    assert "scope_missing" not in ask(call(tool, **arguments), ann, key).content[0].text


def test_over_http_a_key_says_who_asks(ann) -> None:
    key, secret = keys.make(ann, "agent", [Scope.READ])
    actor = identify({b"authorization": f"Bearer {secret}".encode()}, ("192.0.2.7", 5000))
    assert (actor.user, actor.key, actor.address) == (ann, key, "192.0.2.7")
    for headers, code in (
        ({}, ErrorCode.LOGIN_REQUIRED),
        ({b"authorization": b"Basic YTpi"}, ErrorCode.LOGIN_REQUIRED),
        ({b"authorization": b"Bearer \xff\xfe"}, ErrorCode.KEY_INVALID),
        ({b"authorization": f"Bearer {secret}x".encode()}, ErrorCode.KEY_INVALID),
    ):
        with pytest.raises(GenerationError) as caught:
            identify(headers, None)
        assert caught.value.code == code


def test_without_accounts_nobody_asks(db) -> None:
    actor = identify({b"authorization": b"Bearer x"}, ("2001:db8::1", 5000))
    assert (actor.person, actor.key, actor.address) == (None, None, "2001:db8::/64")


def test_only_own_names_and_pages_are_served(settings) -> None:
    settings.ALLOWED_HOSTS = ["*", "voice.example"]
    settings.BASE_URL = "https://voice.example"
    security = find_security("0.0.0.0", 8010)  # noqa: S104
    assert security.enable_dns_rebinding_protection
    assert {"voice.example", "voice.example:*", "127.0.0.1:*"} <= set(security.allowed_hosts)
    assert not {"*", "*:*", "0.0.0.0:*"} & set(security.allowed_hosts)
    assert "https://voice.example" in security.allowed_origins
    assert "http://localhost:5173" not in security.allowed_origins


def test_the_command_says_what_is_missing(ann, monkeypatch) -> None:
    with pytest.raises(CommandError, match="--user NAME"):
        call_command("mcp")
    with pytest.raises(CommandError, match="no account “nobody”"):
        call_command("mcp", user="nobody")
    with pytest.raises(CommandError, match="API key says who asks"):
        call_command("mcp", user="ann", http=True)
    with pytest.raises(CommandError, match="can't be used"):
        call_command("mcp", http=True, host="192.0.2.1")
    monkeypatch.setattr("cloning.management.commands.mcp.find_spec", lambda name: None)
    with pytest.raises(CommandError, match=r"install\.py agents"):
        call_command("mcp")
