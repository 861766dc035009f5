"""/api/v1/clips/check, and parts of clips wherever they are sent."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cloning.accounts import checks
from cloning.jobs.measuring import measure_next
from cloning.models import Generation
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.throttling import Throttle

pytestmark = pytest.mark.django_db


def send(api, address: str, *clips, **fields: object):
    files = [SimpleUploadedFile(clip.name, clip.read_bytes()) for clip in clips or (MALE_CLIP,)]
    return api.post(address, {"reference": files, **fields})


def error_of(response) -> tuple[int, str, str | None]:
    error = response.json()["error"]
    return response.status_code, error["code"], error["field"]


def test_a_clip_is_checked(api) -> None:
    found = send(api, "/api/v1/clips/check").json()
    assert (found["duration_seconds"], found["start_seconds"], found["end_seconds"]) == (7.06, 0.0, 7.06)
    assert (found["verdict"], found["advice"][:21]) == ("warn", "That is little speech")
    assert [each["name"] for each in found["checks"] if each["verdict"] != "ok"] == ["speech"]
    assert found["measures"]["speech_seconds"] == pytest.approx(5.8, abs=0.2)


def test_what_cant_be_checked(api, clips, monkeypatch) -> None:
    address = "/api/v1/clips/check"
    text = SimpleUploadedFile("clip", clips["text"])
    assert error_of(api.post(address, {"reference": text})) == (422, "reference_unreadable", "reference")
    assert error_of(send(api, address, MALE_CLIP, FEMALE_CLIP)) == (422, "reference_missing", "reference")
    assert error_of(send(api, address, start_seconds="x")) == (422, "out_of_range", "start_seconds")
    assert error_of(api.post(address, "{}", content_type="application/json"))[0] == 415
    monkeypatch.setattr(checks, "checks", Throttle(1, 3600.0))
    send(api, address, start_seconds="x")
    assert error_of(send(api, address)) == (429, "too_often", None)


def test_a_part_for_each_clip(api) -> None:
    fields = {"name": "Ada", "start_seconds": ["1", ""], "end_seconds": ["4", "3.5"]}
    made = send(api, "/api/v1/voices", MALE_CLIP, FEMALE_CLIP, **fields).json()
    parts = {each["name"]: (each["start_seconds"], each["end_seconds"]) for each in made["references"]}
    assert parts == {MALE_CLIP.name: (1.0, 4.0), FEMALE_CLIP.name: (0.0, 3.5)}
    wrong = {**fields, "name": "Bob", "start_seconds": ["1"]}
    response = send(api, "/api/v1/voices", MALE_CLIP, FEMALE_CLIP, **wrong)
    assert error_of(response) == (422, "out_of_range", "start_seconds")


def test_a_clip_of_a_voice_is_trimmed(api) -> None:
    made = send(api, "/api/v1/voices", name="Ada").json()
    measure_next()
    [reference] = api.get(f"/api/v1/voices/{made['id']}").json()["references"]
    assert (reference["check"]["verdict"], reference["start_seconds"]) == ("warn", None)
    address = f"/api/v1/voices/{made['id']}/references/{reference['id']}"

    def patch(**members: object):
        return api.patch(address, json.dumps(members), content_type="application/json")

    assert error_of(patch(end_seconds=70)) == (422, "out_of_range", "end_seconds")
    assert error_of(patch(start_seconds=10**400)) == (422, "out_of_range", "start_seconds")
    assert error_of(patch(start_seconds="1"))[:2] == (400, "request_unreadable")
    [trimmed] = patch(start_seconds=1, end_seconds=4.5).json()["references"]
    assert (trimmed["start_seconds"], trimmed["end_seconds"], trimmed["check"]) == (1.0, 4.5, None)
    assert trimmed["id"] != reference["id"]
    assert error_of(patch(start_seconds=1))[:2] == (404, "reference_unknown")


def test_a_generation_of_a_part(api) -> None:
    fields = {"text": "Hello.", "start_seconds": "2", "end_seconds": "5"}
    response = api.post(
        "/api/v1/voice-clone/generate",
        {"reference": SimpleUploadedFile("a.flac", MALE_CLIP.read_bytes()), **fields},
        headers={"Prefer": "respond-async"},
    )
    assert response.status_code == 202
    assert Generation.objects.get().references.get().ends == (2.0, 5.0)
