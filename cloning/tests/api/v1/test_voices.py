"""/api/v1/voices"""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cloning.api.v1 import voices as calls
from cloning.models import Generation, Reference, Voice
from cloning.tests.performing import perform
from cloning.tests.wrong_requests import UNKNOWN_ID

VOICES = "/api/v1/voices"

pytestmark = pytest.mark.django_db


@pytest.fixture
def make(api, clips):
    def send(*names: str, address: str = VOICES, **fields: str):
        files = [SimpleUploadedFile(f"{name}.wav", clips[name]) for name in names or ("speech",)]
        return api.post(address, {"name": "Ada", "reference": files, **fields})

    return send


def patch(api, voice: dict[str, Any], **members: object):
    return api.patch(f"{VOICES}/{voice['id']}", json.dumps(members), content_type="application/json")


def error_of(response) -> tuple[int, str, str | None]:
    error = response.json()["error"]
    return response.status_code, error["code"], error["field"]


def test_voice_is_made_and_read(api, make) -> None:
    response = make("speech", "other", language="pt-BR", notes="From the\r\nattic.")
    assert response.status_code == 201
    made = response.json()
    assert (made["name"], made["language"], made["notes"]) == ("Ada", "pt", "From the\nattic.")
    assert (made["sample_url"], made["last_used_at"]) == (None, None)
    assert {each["name"] for each in made["references"]} == {"speech.wav", "other.wav"}
    assert api.get(f"{VOICES}/{made['id']}").json() == made
    assert api.get(VOICES).json()["results"][0] == made


def test_sample_and_use_are_shown(api, make, post) -> None:
    made = make().json()
    perform(Generation.objects.get())
    assert post((), voice=made["id"]).status_code == 202
    listed = api.get(VOICES).json()["results"][0]
    assert api.get(listed["sample_url"])["Content-Type"] == "audio/wav"
    assert listed["last_used_at"] == api.get("/api/v1/generations").json()["results"][0]["created_at"]
    assert len(api.get("/api/v1/generations").json()["results"]) == 1, "the sample is not among them"


def test_search_and_pages(api, make, monkeypatch) -> None:
    monkeypatch.setattr(calls, "PAGE_SIZE", 2)
    for name in ("Ärztin", "Bob", "bärbel"):
        make(name=name)
    names = [each["name"] for each in api.get(VOICES, {"q": "ÄR"}).json()["results"]]
    assert names == ["bärbel", "Ärztin"]
    first = api.get(VOICES).json()
    assert [each["name"] for each in first["results"]] == ["Bob", "bärbel"]
    assert [each["name"] for each in api.get(first["next"]).json()["results"]] == ["Ärztin"]
    make(name="Dora", language="es")
    assert [each["name"] for each in api.get(VOICES, {"language": "es"}).json()["results"]] == ["Dora"]
    assert error_of(api.get(VOICES, {"page": "3"})) == (404, "page_unknown", "page")
    assert api.get(VOICES, {"q": "%\0'"}).json()["results"] == []


@pytest.mark.parametrize(
    "fields, error",
    [
        ({"name": ""}, (422, "name_missing", "name")),
        ({"name": " \u200b\x00\u202e "}, (422, "name_missing", "name")),
        ({"name": "x" * 81}, (422, "name_too_long", "name")),
        ({"name": "ADA"}, (409, "name_taken", "name")),
        ({"name": "Bob", "language": "xx"}, (422, "language_unsupported", "language")),
        ({"name": "Bob", "notes": "x" * 2001}, (422, "notes_too_long", "notes")),
        ({"name": "Bob", "reference": ""}, (422, "reference_missing", "reference")),
    ],
)
def test_wrong_fields(fields, error, make) -> None:
    make()
    assert error_of(make(**fields)) == error
    assert Voice.objects.count() == 1


@pytest.mark.parametrize("name", ["text", "silence", "hls_playlist"])
def test_clip_goes_through_the_same_probing_as_any_upload(name: str, make) -> None:
    response = make(name)
    assert response.status_code == 422 and response.json()["error"]["field"] == "reference"
    assert not Voice.objects.exists() and not Reference.objects.exists()


def test_change(api, make) -> None:
    made = make().json()
    make("other", name="Bob")
    changed = patch(api, made, name="  Ada   Lovelace ").json()
    assert (changed["name"], changed["references"]) == ("Ada Lovelace", made["references"])
    assert patch(api, made, notes="\ud800 from 1843", language="fr").json()["notes"] == "from 1843"
    assert patch(api, made).json()["language"] == "fr", "what is left out stays"
    assert patch(api, made, language="").json()["language"] is None
    assert error_of(patch(api, made, name="BOB")) == (409, "name_taken", "name")
    assert error_of(patch(api, made, name=3)) == (400, "request_unreadable", None)
    assert patch(api, made, name="ada LOVELACE").json()["name"] == "ada LOVELACE", "of its own"


def test_clips_are_added_heard_and_removed(api, make, clips) -> None:
    made = make().json()
    address = f"{VOICES}/{made['id']}/references"
    added = make("other", address=address)
    assert added.status_code == 201
    [other] = [each for each in added.json()["references"] if each["name"] == "other.wav"]
    heard = api.get(other["audio_url"], headers={"Range": "bytes=0-3"})
    assert (heard.status_code, b"".join(heard)) == (206, b"RIFF")
    assert len(api.delete(f"{address}/{other['id']}").json()["references"]) == 1
    assert error_of(api.delete(f"{address}/{other['id']}"))[:2] == (404, "reference_unknown")
    assert error_of(api.get(f"{address}/{other['id']}"))[:2] == (404, "reference_unknown")
    last = made["references"][0]["id"]
    assert error_of(api.delete(f"{address}/{last}"))[:2] == (409, "last_reference")
    assert error_of(api.post(address, {"x": "y"}))[:2] == (422, "reference_missing")


def test_deletion_is_for_good(api, make, nothing_kept, django_capture_on_commit_callbacks) -> None:
    made = make().json()
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"{VOICES}/{made['id']}").status_code == 204
    assert nothing_kept() and not Voice.objects.exists()
    assert error_of(api.get(f"{VOICES}/{made['id']}")) == (404, "voice_gone", None)


@pytest.mark.parametrize("path", ["", "/references", "/export", f"/references/{UNKNOWN_ID}"])
def test_voice_that_is_not_there(path: str, api) -> None:
    method = api.post if path == "/references" else api.get
    assert error_of(method(f"{VOICES}/{UNKNOWN_ID}{path}"))[:2] == (404, "voice_gone")


@pytest.mark.parametrize("path", ["", "/{id}", "/{id}/export"])
def test_pages_of_other_origins_see_no_voice(path: str, api, make) -> None:
    address = VOICES + path.format(id=make().json()["id"])
    response = api.get(address, headers={"Origin": "http://localhost:5173"})
    assert error_of(response)[:2] == (403, "origin_not_allowed")


def test_only_multipart_makes_a_voice(api) -> None:
    response = api.post(VOICES, "{}", content_type="application/json")
    assert error_of(response)[:2] == (415, "not_multipart")


def test_stock_voices_are_listed_last_and_speak(api, make, post, settings) -> None:
    assert api.get(VOICES).json()["results"] == [], "without Kokoro there are none"
    settings.PREVIEW_VOICE = "kokoro"
    make(name="Zoe")
    mine, *stock = api.get(VOICES).json()["results"]
    assert (mine["name"], mine["is_stock"]) == ("Zoe", False)
    assert all(each["is_stock"] and each["id"].startswith("stock:") for each in stock)
    [heart] = api.get(VOICES, {"q": "hEARt"}).json()["results"]
    assert (heart["id"], heart["language"], heart["references"]) == ("stock:af_heart", "en", [])
    spanish = api.get(VOICES, {"language": "es"}).json()["results"]
    assert {each["name"] for each in spanish} == {"Dora", "Alex"}
    assert post((), voice=heart["id"]).status_code == 202
    generation = Generation.objects.listed().get()
    assert (generation.stock_voice, generation.voice, generation.references.count()) == ("af_heart", None, 0)


@pytest.mark.parametrize("voice", ["stock:", "stock:nobody", "stock:../af_heart", "stock:\0", "heart"])
def test_stock_voice_that_is_none(voice: str, post, settings) -> None:
    settings.PREVIEW_VOICE = "kokoro"
    assert error_of(post((), voice=voice)) == (422, "voice_unknown", "voice")
    assert error_of(post(voice="stock:af_heart")) == (422, "voice_ambiguous", "voice")
