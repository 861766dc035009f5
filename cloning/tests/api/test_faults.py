"""One table of what callers do wrong, and how each dialect answers: in its own words, and nothing is stored or lost."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cloning.jobs import keys
from cloning.models import Generation, Scope, Voice
from cloning.quantities import Kind, Quantity

JSON = "application/json"


@dataclass(frozen=True)
class Call:
    """How one dialect is asked to speak, and how it says what is wrong."""

    path: str
    names: dict[str, str]
    """Of the members, by those of /api/v1."""
    errors: Callable[[Any], dict[str, Any]]
    """The error of an answer, checked for its form."""
    statuses: dict[int, int] = field(default_factory=dict)
    """Where the dialect has another than /api/v1."""
    extra: dict[str, Any] = field(default_factory=dict)
    method: str = "POST"
    accepted: int = 200

    def send(self, client: Client, asked: dict[str, Any] | str | bytes, **options: Any) -> Any:
        """Members by their names in /api/v1, or a body as it is."""
        headers = {"Prefer": "respond-async", **options.pop("headers", {})}
        if isinstance(asked, dict):
            members = {self.names[name]: value for name, value in asked.items()} | self.extra
            if self.method == "GET":
                return client.get(f"{self.path}?{urlencode(members)}", headers=headers, **options)
            asked = json.dumps(members)
        options = {"content_type": JSON, **options}
        return client.generic(self.method, self.path, asked, headers=headers, **options)

    def status(self, status: int) -> int:
        return self.statuses.get(status, status)


def error_of_v1(answer: Any) -> dict[str, Any]:
    error = answer.json()["error"]
    assert error.keys() == {"code", "message", "field"}
    return error


def error_of_openai(answer: Any) -> dict[str, Any]:
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert answer["X-Request-ID"]
    assert answer.get("X-Should-Retry") == ("false" if answer.status_code == 500 else None)
    return error


def error_of_xtts(answer: Any) -> dict[str, Any]:
    assert answer.json().keys() == {"detail"}
    return {"message": answer.json()["detail"]}


XTTS_NAMES = {"text": "text", "voice": "speaker_wav", "language": "language"}
CALLS = {
    "v1": Call(
        "/api/v1/voice-clone/generate",
        {name: name for name in ("text", "voice", "language", "speed")},
        error_of_v1,
        accepted=202,
    ),
    "openai": Call(
        "/v1/audio/speech",
        {"text": "input", "voice": "voice", "language": "language", "speed": "speed"},
        error_of_openai,
        statuses={413: 400, 415: 400, 422: 400},
        extra={"model": "tts-1"},
        accepted=503,  # this client is no server that can stream
    ),
    "xtts": Call("/tts_to_audio/", XTTS_NAMES, error_of_xtts, statuses={415: 400, 422: 400}, accepted=503),
    "xtts stream": Call(
        "/tts_stream/", XTTS_NAMES, error_of_xtts, statuses={422: 400}, method="GET", accepted=503
    ),
}
BY_BODY = ("v1", "openai", "xtts")
EVERYWHERE = tuple(CALLS)


@dataclass(frozen=True)
class Fault:
    status: int
    says: str
    change: dict[str, Any] = field(default_factory=dict)
    body: str | bytes | None = None
    options: dict[str, Any] = field(default_factory=dict)
    calls: tuple[str, ...] = EVERYWHERE


def other(*, content_type: str, body: str) -> Fault:
    return Fault(415, "", body=body, options={"content_type": content_type}, calls=BY_BODY)


FAULTS = {
    "no text": Fault(422, "Write what the voice should say", {"text": ""}),
    "text too long": Fault(422, "at most 40 are allowed", {"text": "a" * 41}),
    "text without a word": Fault(422, "nothing to speak", {"text": "…"}),
    "text with NUL": Fault(422, "Null characters", {"text": "a\0b"}),
    "half a letter": Fault(422, "nothing to speak", {"text": "\ud800"}, calls=BY_BODY),
    "text that is a number": Fault(400, "has to be a string", {"text": 5}, calls=BY_BODY),
    "unknown voice": Fault(422, "There is no such voice", {"voice": "Nobody"}),
    "voice with NUL": Fault(422, "There is no such voice", {"voice": "Ada\0"}),
    "path as a voice": Fault(422, "There is no such voice", {"voice": "../../etc/passwd"}),
    "language that is not spoken": Fault(422, "xx", {"language": "xx"}),
    "number out of range": Fault(422, "between", {"speed": 5}, calls=("v1", "openai")),
    "broken JSON": Fault(400, "no JSON", body='{"text": ', calls=BY_BODY),
    "nested JSON": Fault(400, "no JSON", body="[" * 100_000, calls=BY_BODY),
    "JSON that is no object": Fault(400, "JSON object", body="[]", calls=BY_BODY),
    "bytes that are no text": Fault(400, "no JSON", body=b"\xff\xfe\x00", calls=BY_BODY),
    "form": other(content_type="application/x-www-form-urlencoded", body="text=Hi&voice=Ada"),
    "XML": other(content_type="text/xml", body="<text>Hi</text>"),
    "body of 3 MB": Fault(413, "too large", body='{"a": "%s"}' % ("a" * 3_000_000), calls=BY_BODY),
    "body of a gigabyte": Fault(
        413, "larger than 126 MB", body="", options={"CONTENT_LENGTH": str(10**9)}, calls=BY_BODY
    ),
    "page of another site": Fault(
        403, "CORS_ORIGINS", options={"headers": {"Origin": "https://elsewhere.example"}}
    ),
    "page that hides its site": Fault(
        403, "CORS_ORIGINS", options={"headers": {"Sec-Fetch-Site": "cross-site"}}
    ),
}


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def ada(db, settings, make_reference) -> Voice:
    settings.MAX_TEXT_CHARS, settings.DEADLINE_SECONDS = 40, 0
    voice = Voice.objects.create(name="Ada", language="en")
    voice.references.add(make_reference())
    return voice


@pytest.fixture
def right(ada) -> Callable[[Call], dict[str, Any]]:
    def asked(call: Call) -> dict[str, Any]:
        return {
            "text": "Good morning.",
            "voice": str(ada.pk) if call is CALLS["v1"] else "Ada",
            "language": "en",
        }

    return asked


@pytest.fixture
def unchanged(ada, stored_files) -> Callable[[], bool]:
    before = stored_files()
    return lambda: not Generation.objects.exists() and Voice.objects.get() == ada and stored_files() == before


def message_of(call: Call, answer: Any, status: int) -> str:
    assert answer.status_code == call.status(status), answer.content
    assert answer["Content-Type"] == JSON
    message: str = call.errors(answer)["message"]
    return message


@pytest.mark.parametrize("name", CALLS)
def test_request_that_is_right_is_taken(name, client, right) -> None:
    """Or the table could be of requests that are wrong for another reason."""
    answer = CALLS[name].send(client, right(CALLS[name]))
    assert answer.status_code == CALLS[name].accepted
    if answer.status_code == 503:
        assert (
            CALLS[name]
            .errors(answer)["message"]
            .startswith(("It is not spoken yet", "This server can't stream"))
        )


@pytest.mark.parametrize(
    "name, fault", [(name, fault) for fault, each in FAULTS.items() for name in each.calls]
)
def test_fault_is_said_in_the_words_of_the_dialect(name, fault, client, right, unchanged) -> None:
    call, wrong = CALLS[name], FAULTS[fault]
    asked = {**right(call), **wrong.change} if wrong.body is None else wrong.body
    answer = call.send(client, asked, **wrong.options)
    assert wrong.says in message_of(call, answer, wrong.status)
    assert unchanged()


@pytest.mark.parametrize("name", CALLS)
def test_wrong_method_is_told_the_right_one(name, client, ada) -> None:
    answer = client.delete(CALLS[name].path)
    assert "Use " in message_of(CALLS[name], answer, 405)
    assert CALLS[name].method in answer["Allow"]


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/v1/nothing", "/xtts/nothing/at/all"])
def test_unknown_address(path, client, db) -> None:
    first = path.split("/")[1]
    call = CALLS[{"api": "v1", "v1": "openai", "xtts": "xtts"}[first]]
    for answer in (client.get(path), client.post(path)):
        assert message_of(call, answer, 404)


@pytest.mark.parametrize("name", CALLS)
class TestWithAccounts:
    """Who somebody is, and what they may."""

    def ask(self, name: str, right: Any, secret: str | None, *, is_in_path: bool = False) -> Any:
        call = CALLS[name]
        headers = {"Authorization": f"Bearer {secret}"} if secret is not None and not is_in_path else {}
        return call, call.send(Client(raise_request_exception=False), right(call), headers=headers)

    def test_no_key_and_a_wrong_one(self, name, right, unchanged, accounts) -> None:
        for secret in (None, "", "sk-wrong", "vc_wrong", "vc_" + "é" * 300):
            call, answer = self.ask(name, right, secret and secret.encode().decode("latin-1"))
            assert "key" in message_of(call, answer, 401).lower()
            assert answer["WWW-Authenticate"].startswith("Bearer")
        assert unchanged()

    def test_key_without_the_scope(self, name, right, unchanged, accounts, ada) -> None:
        owner = User.objects.create_user("owner")
        Voice.objects.update(owner=owner)
        others = [scope for scope in Scope if scope != Scope.SPEAK]
        call, answer = self.ask(name, right, keys.make(owner, "Script", others)[1])
        assert "speak" in message_of(call, answer, 403)
        assert unchanged()

    def test_voice_of_somebody_else(self, name, right, unchanged, accounts, ada) -> None:
        owner, other = (User.objects.create_user(each) for each in ("owner", "other"))
        Voice.objects.update(owner=owner)
        call, answer = self.ask(name, right, keys.make(other, "Script", list(Scope))[1])
        assert "There is no such voice" in message_of(call, answer, 422)
        assert unchanged()


@pytest.mark.parametrize("name", CALLS)
class TestNotNow:
    """What is nobody's fault, or will be right later: with `Retry-After`."""

    def test_queue_is_full(self, name, client, right, unchanged, settings) -> None:
        settings.MAX_QUEUED = 0
        call, answer = CALLS[name], CALLS[name].send(client, right(CALLS[name]))
        assert "waiting" in message_of(call, answer, 429 if name == "openai" else 503)
        assert answer["Retry-After"] == "60"
        assert unchanged()

    def test_disk_is_full(self, name, client, right, unchanged, settings) -> None:
        settings.MIN_FREE_MB = 10**9
        answer = CALLS[name].send(client, right(CALLS[name]))
        assert "disk" in message_of(CALLS[name], answer, 503)
        assert answer["Retry-After"] == "300"
        assert unchanged()

    def test_limit_is_reached(self, name, client, right, settings) -> None:
        settings.LIMITS = {kind: {} for kind in Kind} | {Kind.SERVER: {Quantity.REQUESTS: 1}}
        CALLS[name].send(client, right(CALLS[name]))
        answer = CALLS[name].send(client, right(CALLS[name]))
        assert message_of(CALLS[name], answer, 429)
        assert int(answer["Retry-After"]) <= 60
        assert answer["RateLimit"].startswith('"server-requests";r=0')

    def test_program_has_an_error(self, name, client, right, unchanged, monkeypatch) -> None:
        monkeypatch.setattr("cloning.forms.generations.GenerationForm.is_valid", lambda _: 1 / 0)
        answer = CALLS[name].send(client, right(CALLS[name]))
        assert "its log says what" in message_of(CALLS[name], answer, 500)
        assert unchanged()


@pytest.mark.parametrize(
    "path", ["/api/v1/voices", "/v1/audio/voices", "/v1/models", "/speakers", "/speakers_list"]
)
def test_what_others_may_not_list_no_dialect_lists(path, client, ada, settings) -> None:
    """While CORS_ORIGINS is not set, a page of localhost:5173 may generate, and fetch what it knows the id of."""
    origin = settings.CORS_ALLOWED_ORIGINS[0]
    assert client.get(path).status_code == 200
    assert client.get(path, headers={"Origin": origin}).status_code == 403
    settings.TRUSTED_ORIGINS = [origin]
    assert client.get(path, headers={"Origin": origin}).status_code == 200
