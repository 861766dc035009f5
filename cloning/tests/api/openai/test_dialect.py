"""What OpenAI's dialect refuses, and to whom it lists what."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cloning.api.openai.voices import choose_voice
from cloning.engines import registry
from cloning.engines.base import StockVoice
from cloning.jobs import keys
from cloning.jobs.aliases import NAMES
from cloning.models import Scope, Voice

RIGHT = {"model": "tts-1", "input": "Good morning.", "voice": "Ada"}


@pytest.fixture
def ada(db, make_reference) -> Voice:
    voice = Voice.objects.create(name="Ada", language="de")
    voice.references.add(make_reference())
    return voice


def post(members: object, **headers: str):
    body = members if isinstance(members, str) else json.dumps(members)
    client = Client(raise_request_exception=False, headers=headers)
    return client.post("/v1/audio/speech", body, content_type="application/json")


@pytest.mark.parametrize(
    "members, status, code, param",
    [
        ("{", 400, "request_unreadable", None),
        ("[" * 100_000, 400, "request_unreadable", None),
        ([], 400, "request_unreadable", None),
        ({}, 400, "voice_not_found", "voice"),
        ({**RIGHT, "voice": "Bob"}, 400, "voice_not_found", "voice"),
        ({**RIGHT, "voice": {"id": 5}}, 400, "voice_not_found", "voice"),
        ({**RIGHT, "voice": "\0"}, 400, "voice_not_found", "voice"),
        ({**RIGHT, "input": 5}, 400, "request_unreadable", None),
        ({**RIGHT, "input": "…"}, 400, "text_unspeakable", "input"),
        ({**RIGHT, "input": "\ud800"}, 400, "text_unspeakable", "input"),
        ({**RIGHT, "input": "a" * 20_001}, 400, "text_too_long", "input"),
        ({**RIGHT, "speed": 5}, 400, "out_of_range", None),
        ({**RIGHT, "speed": True}, 400, "request_unreadable", None),
        ({**RIGHT, "seed": -1}, 400, "out_of_range", "seed"),
        ({**RIGHT, "language": "xx"}, 400, "language_unsupported", "language"),
        ({**RIGHT, "response_format": "exe"}, 400, "out_of_range", "response_format"),
    ],
)
def test_what_is_wrong_is_said(members, status, code, param, ada) -> None:
    answer = post(members)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)
    assert error["message"]


def test_full_queue_is_worth_another_try(ada, settings) -> None:
    settings.MAX_QUEUED = 0
    answer = post(RIGHT)
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert answer.json()["error"]["type"] == "rate_limit_error"


def test_unknown_address_and_method(db) -> None:
    assert Client().get("/v1/chat/completions").json()["error"]["code"] == "not_found"
    assert Client().get("/v1/audio/speech").status_code == 405
    assert Client().post("/v1/chat/completions").status_code == 404


def test_voice_is_a_name_or_an_alias_and_the_language_that_of_the_voice(ada, settings, monkeypatch) -> None:
    stock = [StockVoice("heart", "Heart", frozenset(["en"])), StockVoice("dora", "Dora", frozenset(["es"]))]
    monkeypatch.setattr(
        registry,
        "stock_voices",
        lambda language="": [each for each in stock if not language or language in each.languages],
    )
    settings.VOICE_ALIASES = {"nova": "Ada", "reader": "heart"}
    user = User()
    assert choose_voice("ada", "Hi.", "", user).voice == str(ada.pk)
    assert choose_voice("nova", "Hi.", "", user).language == "de"
    assert choose_voice("nova", "Hi.", "fr", user).language == "fr"
    assert choose_voice("reader", "Hi.", "", user).voice == "stock:heart"
    assert choose_voice("alloy", "Hola.", "es", user).voice == "stock:dora"
    assert choose_voice("alloy", "Добрый день", "", user).language == "ru"
    assert all(choose_voice(name, "Hi.", "", user).voice for name in NAMES)
    assert choose_voice("nobody", "Hi.", "", user).voice == ""


def test_key_is_asked_for_where_there_are_accounts(ada, settings) -> None:
    settings.REQUIRE_LOGIN = True
    owner = User.objects.create_user("owner")
    Voice.objects.update(owner=owner)
    _, secret = keys.make(owner, name="Script", scopes=[Scope.READ])
    assert post(RIGHT).status_code == 401
    wrong = post(RIGHT, Authorization="Bearer sk-wrong")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "invalid_api_key")
    assert post(RIGHT, Authorization=f"Bearer {secret}").status_code == 403
    listed = Client(headers={"Authorization": f"Bearer {secret}"}).get("/v1/audio/voices").json()["voices"]
    assert "Ada" in [voice["name"] for voice in listed]
    assert Client().get("/v1/audio/voices").status_code == 401


def test_listing_without_a_key_is_of_what_is_shared(ada, settings) -> None:
    settings.REQUIRE_LOGIN, settings.ALLOW_ANONYMOUS_LISTINGS = True, True
    for is_shared in (False, True):
        Voice.objects.update(is_shared=is_shared)
        listed = Client().get("/v1/audio/voices").json()["voices"]
        assert ("Ada" in [voice["name"] for voice in listed]) == is_shared
    assert Client().get("/v1/models").status_code == 200
    assert post(RIGHT).status_code == 401


def test_other_sites_in_the_browser_may_not_speak(ada) -> None:
    assert post(RIGHT, Origin="https://elsewhere.example").status_code == 403


@pytest.mark.parametrize("path", ["models", "models/tts-1", "audio/voices", "audio/voice_consents"])
def test_pages_that_may_only_generate_are_not_told_what_there_is(ada, settings, path) -> None:
    settings.CORS_ALLOWED_ORIGINS, settings.TRUSTED_ORIGINS = ["http://localhost:5173"], []
    client = Client(headers={"Origin": "http://localhost:5173"})
    assert client.get(f"/v1/{path}").json()["error"]["code"] == "origin_not_allowed"
    settings.TRUSTED_ORIGINS = ["http://localhost:5173"]
    assert client.get(f"/v1/{path}").status_code == 200


def test_names_that_nobody_speaks_for_are_not_listed(ada, monkeypatch) -> None:
    for stock, expected in (([StockVoice("heart", "Heart", frozenset(["en"]))], True), ([], False)):
        monkeypatch.setattr(registry, "stock_voices", lambda language="", stock=stock: stock)
        listed = Client().get("/v1/audio/voices").json()["voices"]
        assert ("alloy" in [voice["name"] for voice in listed]) == expected
