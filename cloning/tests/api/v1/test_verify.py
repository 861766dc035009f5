"""/api/v1/verify"""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cloning.accounts import checks
from cloning.jobs import marking
from cloning.models import Generation
from cloning.tests.clips import MALE_CLIP
from cloning.tests.performing import perform
from cloning.throttling import Throttle

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/verify"


def upload(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("audio", content)


def read_result(generation: Generation) -> bytes:
    with generation.audio.open("rb") as file:
        return file.read()


def error_of(response) -> tuple[int, str, str | None]:
    error = response.json()["error"]
    return response.status_code, error["code"], error["field"]


def test_what_was_spoken_here_is_known_again(api, spoken) -> None:
    found = api.post(ADDRESS, {"audio": upload(read_result(spoken))}).json()
    assert found["made_here"] is True
    assert found["watermark"]["found"] is True
    assert found["watermark"]["confidence"] > 0.999
    assert api.get(f"/api/v1/generations/{spoken.pk}").json()["watermarked"] is True


def test_what_was_not_is_not(api) -> None:
    found = api.post(ADDRESS, {"audio": upload(MALE_CLIP.read_bytes())}).json()
    assert (found["made_here"], found["watermark"]["found"]) == (False, False)
    assert found["fingerprint"] == {"match": False, "created_at": None}
    assert found["manifest"] == {"state": "none", "issuer": None}


def test_another_servers_speech_is_not_ours(api, make_generation, settings) -> None:
    settings.C2PA = False
    spoken = perform(make_generation())
    settings.WATERMARK_KEY = "of another server"
    result = read_result(spoken)
    spoken.delete()
    assert api.post(ADDRESS, {"audio": upload(result)}).json()["made_here"] is False


def test_where_no_mark_is_wanted_it_is_said(api, settings, make_generation) -> None:
    settings.WATERMARK = settings.C2PA = False
    generation = perform(make_generation())
    assert api.get(f"/api/v1/generations/{generation.pk}").json()["watermarked"] is False
    found = api.post(ADDRESS, {"audio": upload(read_result(generation))}).json()
    assert (found["made_here"], found["watermark"]["found"]) == (True, False)
    assert found["fingerprint"] == {"match": True, "created_at": str(generation.created_at.date())}


def test_silence_is_not_ours(api, clips) -> None:
    assert api.post(ADDRESS, {"audio": upload(clips["silence"])}).json()["made_here"] is False


def test_what_cant_be_searched(api, clips, settings, monkeypatch) -> None:
    assert error_of(api.post(ADDRESS, {"audio": upload(clips["text"])})) == (
        422,
        "reference_unreadable",
        "audio",
    )
    assert error_of(api.post(ADDRESS, {"audio": upload(b"")})) == (422, "reference_unreadable", "audio")
    assert error_of(api.post(ADDRESS, {"other": "1"})) == (422, "reference_missing", "audio")
    assert error_of(api.post(ADDRESS, "{}", content_type="application/json"))[:2] == (415, "not_multipart")
    settings.MAX_REFERENCE_MB = 1
    assert error_of(api.post(ADDRESS, {"audio": upload(bytes(1024**2 + 1))})) == (
        413,
        "reference_too_large",
        "audio",
    )
    monkeypatch.setattr(marking.slots, "wait_seconds", 0.01)
    monkeypatch.setattr(marking.slots, "_free", type(marking.slots._free)(1))
    with marking.slots.take():
        assert error_of(api.post(ADDRESS, {"audio": upload(MALE_CLIP.read_bytes())}))[0] == 503
    monkeypatch.setattr(checks, "checks", Throttle(1, 3600.0))
    api.post(ADDRESS, {"other": "1"})
    assert error_of(api.post(ADDRESS, {"other": "1"})) == (429, "too_often", None)


def test_a_manifest_of_ours_alone_is_enough(api, spoken, settings) -> None:
    """The mark is that of another key; a byte more and the manifest is broken."""
    settings.WATERMARK_KEY = "of another server"
    result = read_result(spoken)
    found = api.post(ADDRESS, {"audio": upload(result)}).json()
    assert (found["made_here"], found["watermark"]["found"], found["manifest"]["state"]) == (
        True,
        False,
        "trusted",
    )
    assert found["manifest"]["issuer"].startswith("Voice cloning server ")
    assert api.get(f"/api/v1/generations/{spoken.pk}").json()["signed"] is True
    changed = bytearray(result)
    changed[len(changed) // 2] ^= 1
    found = api.post(ADDRESS, {"audio": upload(bytes(changed))}).json()
    assert (found["made_here"], found["manifest"]) == (False, {"state": "invalid", "issuer": None})
