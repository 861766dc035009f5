"""The dialect of xtts-api-server: its answers, whose settings are kept, and where a key may stand."""

import json
import logging
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction
from django.test import Client, RequestFactory
from django.utils import timezone

from cloning.accounts.personal_data import describe_keys
from cloning.api.xtts_server import speakers, speech
from cloning.api.xtts_server.calls import CALLS
from cloning.engines import registry
from cloning.engines.base import StockVoice
from cloning.errors import GenerationError
from cloning.jobs import departures, keys, xtts_settings
from cloning.models import Generation, Scope, Status, Voice, XttsSettings
from cloning.tests.performing import store_sound

SPEAKING = [Scope.READ, Scope.SPEAK]
RIGHT = {"text": "Good morning.", "speaker_wav": "Ada", "language": "en"}
SLIDERS = {
    "temperature": "0.6",
    "speed": "1.25",
    "length_penalty": "1.5",
    "repetition_penalty": "4.5",
    "top_p": "0.8",
    "top_k": "40",
    "enable_text_splitting": False,
    "stream_chunk_size": "120",
}
"""As SillyTavern sends them: the values of jQuery are strings."""


@pytest.fixture
def ada(db, make_reference) -> Voice:
    voice = Voice.objects.create(name="Ada", language="de")
    voice.references.add(make_reference())
    return voice


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def key_of(user: User, *scopes: Scope) -> str:
    return keys.make(user, "SillyTavern", scopes or SPEAKING)[1]


def post(client: Client, path: str, members: object, **headers: str):
    body = members if isinstance(members, str) else json.dumps(members)
    return client.post(path, body, content_type="application/json", headers=headers)


def test_voices_are_listed_by_their_names(ada, client, make_generation, monkeypatch) -> None:
    stock = [StockVoice(key, key, frozenset(["en"])) for key in ("ada", "af_heart")]
    monkeypatch.setattr(registry, "stock_voices", lambda language="": stock)
    store_sound(make_generation(list(ada.references.all()), sample_of=ada))
    listed = client.get("/speakers", headers={"Host": "127.0.0.1:8020"}).json()
    preview_url = "http://127.0.0.1:8020/xtts/sample/Ada.wav"
    assert listed == [
        {"name": "Ada", "voice_id": "Ada", "preview_url": preview_url, "lang": "de"},
        {"name": "af_heart", "voice_id": "af_heart", "preview_url": None, "lang": "en"},
    ]
    assert client.get("/speakers_list").json() == ["Ada", "af_heart"]
    sample = client.get("/xtts/sample/Ada.wav")
    assert (sample.status_code, sample["Content-Type"]) == (200, "audio/wav")
    assert client.get("/sample/af_heart.wav").json() == {
        "detail": "There is no sample of this voice, or not yet."
    }


def test_of_two_of_one_name_the_own_is_listed_and_found(ada, accounts, make_reference) -> None:
    owner, other = (User.objects.create_user(name) for name in ("owner", "other"))
    Voice.objects.update(owner=owner, is_shared=True)
    mine = Voice.objects.create(name="ADA", owner=other)
    mine.references.add(make_reference(owner=other))
    assert [each.name for each in speakers.list_speakers(other) if each.name in ("Ada", "ADA")] == ["ADA"]
    assert speakers.find_speaker("ada.wav", other) == mine
    assert speakers.find_speaker("Ada", owner) == ada
    Voice.objects.filter(pk=ada.pk).update(is_shared=False)
    mine.delete()
    assert speakers.find_speaker("Ada", other) is None


@pytest.mark.parametrize(
    "root", ["", "/xtts", "/xtts/", "/xtts/anything", "/xtts/anything/", "/xtts//anything"]
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_calls_are_at_the_root_and_below_a_prefix_with_and_without_the_slash(
    root, slash, ada, client
) -> None:
    assert client.get(f"{root}/speakers_list{slash}").json()[0] == "Ada"
    assert client.get(f"{root}/languages{slash}").json()["languages"]["Chinese"] == "zh-cn"
    assert set(client.get(f"{root}/get_folders{slash}").json().values()) == {""}
    assert client.get(f"{root}/get_models_list{slash}").json() == ["preview"]
    assert client.get(f"{root}/get_tts_settings{slash}").json()["top_k"] == 50
    assert client.get(f"{root}/tts_stream{slash}").status_code == 400
    assert post(client, f"{root}/tts_to_audio{slash}", {}).status_code == 400
    for call in ("set_output", "set_speaker_folder", "switch_model", "tts_to_file"):
        refused = post(client, f"{root}/{call}{slash}", {"model_name": "main", "output_folder": "/etc"})
        assert refused.status_code == 403
        assert refused.json().keys() == {"detail"}


def test_every_call_is_one_of_the_dialect(client, db) -> None:
    for name in CALLS:
        answer = client.post(f"/{name}/nothing")
        assert answer.status_code in (404, 405)
    nothing = client.get("/xtts/key/nothing")
    assert (nothing.status_code, nothing.json().keys()) == (404, {"detail"})


def test_text_is_spoken_with_what_was_set(ada, client, settings, rf) -> None:
    """As a whole file; test_sillytavern.py waits for a real one."""
    settings.DEADLINE_SECONDS = 0
    assert post(client, "/set_tts_settings", SLIDERS).json()["message"] == "Settings successfully applied"
    unfinished = post(client, "/tts_to_audio/", {**RIGHT, "speaker_wav": "ada.wav"})
    assert (unfinished.status_code, unfinished.json().keys()) == (503, {"detail"})
    row = Generation.objects.get()
    assert (row.voice, row.speed, row.temperature) == (ada, 1.25, 0.6)
    store_sound(row)
    request = rf.post("/tts_to_audio/")
    request.user = AnonymousUser()
    spoken = speech.send_spoken(request, row)
    assert (spoken.status_code, spoken["Content-Type"]) == (200, "audio/wav")
    Generation.objects.update(status=Status.FAILED, error_code="worker_lost", error_message="It was lost.")
    with pytest.raises(GenerationError, match="It was lost"):
        speech.send_spoken(request, row)
    post(client, "/set_tts_settings", {"speed": 0.2, "temperature": 0.01})
    post(client, "/tts_to_audio/", RIGHT)
    nearest = Generation.objects.exclude(pk=row.pk).get()
    assert (nearest.speed, nearest.temperature) == (0.5, 0.05)


def test_settings_are_of_one_address_without_accounts(client, db) -> None:
    assert post(client, "/set_tts_settings", SLIDERS).status_code == 200
    kept = client.get("/get_tts_settings").json()
    assert kept == {
        name: value if isinstance(value, bool) else float(value) for name, value in SLIDERS.items()
    }
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert elsewhere.get("/get_tts_settings").json()["speed"] == 1.0
    assert post(client, "/set_tts_settings", {"speed": 0.2, "top_k": None}).status_code == 200
    assert client.get("/get_tts_settings").json() == {**kept, "speed": 0.2}
    with pytest.raises(IntegrityError), transaction.atomic():
        XttsSettings.objects.create(address="127.0.0.1")
    XttsSettings.objects.update(changed_at=timezone.now() - timedelta(days=29))
    xtts_settings.forget_old()
    assert XttsSettings.objects.exists()
    XttsSettings.objects.update(changed_at=timezone.now() - timedelta(days=31))
    xtts_settings.forget_old()
    assert not XttsSettings.objects.exists()


@pytest.mark.parametrize(
    "name, value",
    [
        ("temperature", "0"),
        ("temperature", 1.01),
        ("speed", "2.1"),
        ("length_penalty", [1]),
        ("repetition_penalty", 11),
        ("top_p", "NaN"),
        ("top_p", float("inf")),
        ("top_k", "1" * 5000),
        ("top_k", 1.5),
        ("stream_chunk_size", {"a": 1}),
        ("stream_chunk_size", 19),
        ("speed", "1\0"),
    ],
)
def test_settings_out_of_range_change_nothing(name, value, client, db) -> None:
    refused = post(client, "/set_tts_settings", {"speed": 1.5, name: value})
    assert refused.status_code == 400
    assert refused.json()["detail"].startswith(f"{name}: ")
    assert not XttsSettings.objects.exists()


def test_settings_are_of_one_key_and_go_with_it(client, accounts, db) -> None:
    user = User.objects.create_user("tom")
    first, second = key_of(user), key_of(user)
    assert post(client, f"/xtts/{first}/set_tts_settings", SLIDERS).status_code == 200
    assert client.get("/get_tts_settings", headers={"Authorization": f"Bearer {first}"}).json()["top_k"] == 40
    assert client.get(f"/xtts/{second}/get_tts_settings").json()["top_k"] == 50
    told = [each["xtts_settings"] for each in describe_keys(user)]
    assert sorted(each["top_k"] if each else 0 for each in told) == [0, 40]
    departures.begin(user)
    assert departures.finish(user)
    assert not XttsSettings.objects.exists()


def test_a_cookie_speaks_nothing_and_has_no_settings(ada, client, accounts) -> None:
    """It is sent whichever page has led the browser to the address."""
    user = User.objects.create_user("tom")
    client.force_login(user)
    assert client.get("/speakers").status_code == 200
    for path in ("/tts_stream/?text=Hi&speaker_wav=Ada", "/get_tts_settings"):
        answer = client.get(path)
        assert (answer.status_code, answer.json().keys()) == (401, {"detail"})
    assert not Generation.objects.exists()


def test_key_in_the_path_is_in_no_log(ada, client, accounts, caplog, monkeypatch) -> None:
    owner = User.objects.create_user("tom")
    Voice.objects.update(owner=owner)
    secret = key_of(owner)
    mistyped = secret.removeprefix("vc_")
    with caplog.at_level(logging.DEBUG):
        listed = client.get(f"/xtts/{secret}/speakers")
        assert listed.json()[0]["name"] == "Ada"
        assert listed["Referrer-Policy"] == "no-referrer"
        for key in (mistyped, f"{secret}x"):
            assert client.get(f"/xtts/{key}/speakers").status_code == 401
            assert client.get(f"/xtts/{key}").status_code == 404
        assert client.get(f"/xtts/{secret}/nothing").status_code == 404
        assert post(client, f"/xtts/{secret}/tts_to_audio", "{").status_code == 400
        too_large = client.generic("POST", f"/xtts/{secret}/tts_to_audio/", CONTENT_LENGTH=str(10**9))
        assert (too_large.status_code, too_large.json().keys()) == (413, {"detail"})
        monkeypatch.setattr(speech, "find_speaker", lambda *_: 1 / 0)
        failed = post(client, f"/xtts/{secret}/tts_to_audio", RIGHT)
        assert (failed.status_code, failed.json().keys()) == (500, {"detail"})
    assert "/xtts/tts_to_audio" in caplog.text
    assert mistyped not in caplog.text + str([vars(record) for record in caplog.records])


def test_sample_of_a_key_in_the_path_has_it_too(client, accounts, ada, make_generation) -> None:
    owner = User.objects.create_user("tom")
    Voice.objects.update(owner=owner)
    ada.references.update(owner=owner)
    store_sound(make_generation(list(ada.references.all()), sample_of=ada, owner=owner))
    secret = key_of(owner)
    preview_url = client.get(f"/xtts/{secret}/speakers").json()[0]["preview_url"]
    assert preview_url == f"http://testserver/xtts/{secret}/sample/Ada.wav"
    assert client.get(preview_url.removeprefix("http://testserver")).status_code == 200
    assert client.get("/sample/Ada.wav").status_code == 401
    assert client.get(f"/xtts/{key_of(User.objects.create_user('ann'))}/sample/Ada.wav").status_code == 404


@pytest.mark.parametrize(
    "headers, is_foreign",
    [
        ({}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "same-origin"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site", "Host": "192.0.2.1:8020"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Referer": "http://localhost:8000/"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Referer": "https://elsewhere.example/a"}, True),
        ({"Referer": "http://localhost:8000.example/"}, True),
        ({"Referer": "http://[/"}, False),
        ({"Origin": "null"}, True),
        ({"Origin": "http://localhost:8000"}, False),
    ],
)
def test_page_of_another_site_is_known_by_what_the_browser_says(headers, is_foreign, settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.CORS_ALLOWED_ORIGINS = settings.TRUSTED_ORIGINS = ["http://localhost:8000"]
    request = RequestFactory().get("/tts_stream/", headers={"Host": "localhost:8020", **headers})
    assert speech.is_foreign_page(request) == is_foreign


def test_page_of_another_site_has_nothing_spoken(ada, client) -> None:
    address = "/tts_stream/?text=Hi&speaker_wav=Ada&language=en"
    refused = client.get(address, headers={"Sec-Fetch-Site": "cross-site"})
    assert (refused.status_code, refused.json().keys()) == (403, {"detail"})
    assert client.get(address).status_code == 503  # this client is no server that can stream
    assert client.head(address)["Content-Type"] == "audio/wav"
    assert post(client, "/tts_to_audio/", RIGHT, Origin="https://elsewhere.example").status_code == 403
    assert not Generation.objects.exists()


def test_lists_are_for_pages_that_the_operator_has_named(ada, client, settings) -> None:
    assert client.get("/speakers", headers={"Origin": "http://localhost:5173"}).status_code == 403
    settings.CORS_ALLOWED_ORIGINS = settings.TRUSTED_ORIGINS = ["http://localhost:8000"]
    listed = client.get("/speakers", headers={"Origin": "http://localhost:8000"})
    assert listed["Access-Control-Allow-Origin"] == "http://localhost:8000"
    asked = {
        "Origin": "http://localhost:8000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,cache-control,content-type",
    }
    for path in ("/set_tts_settings", "/tts_to_audio/", "/xtts/vc_key/tts_to_audio/"):
        preflight = client.options(path, headers=asked)
        assert preflight.status_code == 200
        assert preflight["Access-Control-Allow-Origin"] == "http://localhost:8000"
        allowed = {name.strip() for name in preflight["Access-Control-Allow-Headers"].split(",")}
        assert {"authorization", "cache-control", "content-type"} <= allowed
        assert "POST" in preflight["Access-Control-Allow-Methods"]
