"""Generations that are asked for in JSON."""

from typing import Any

import pytest

from cloning.models import Generation, Voice
from cloning.tests.api_client import GENERATE
from cloning.tests.wrong_requests import WRONG, Wrong

NOW = {"Prefer": "respond-async"}


@pytest.fixture
def post_json(api):
    def post(members: Any) -> Any:
        return api.post(GENERATE, members, content_type="application/json", headers=NOW)

    return post


@pytest.fixture
def ada(make_reference) -> str:
    """A voice that can be named."""
    voice = Voice.objects.create(name="Ada")
    voice.references.add(make_reference())
    return str(voice.pk)


def test_object_asks_for_the_same_as_a_form(post_json, api, ada) -> None:
    asked = {"text": "Guten Morgen.", "voice": ada, "language": "de", "speed": 1.5, "temperature": 0.5}
    answers = [post_json({**asked, "seed": 7, "format": "mp3", "stream": False, "on_disconnect": None})]
    form = {name: str(value) for name, value in asked.items()} | {"seed": "7", "format": "mp3"}
    answers.append(api.post(GENERATE, form, headers=NOW))
    assert [answer.status_code for answer in answers] == [202, 202]
    first, second = (Generation.objects.get(pk=answer.json()["id"]) for answer in answers)
    for name in ("text", "language", "speed", "temperature", "seed", "audio_format", "voice", "is_streamed"):
        assert getattr(first, name) == getattr(second, name), name
    assert (first.speed, first.audio_format) == (1.5, "mp3")


def test_cast_is_an_object(post_json, ada) -> None:
    answer = post_json(
        {"text": "Ada: Hello.\nTom: Hi.", "dialogue": True, "cast": {"ADA": "Ada", "tom": None}}
    )
    assert answer.status_code == 202
    made = Generation.objects.get(pk=answer.json()["id"])
    assert [(each.name, each.voice.name) for each in made.cast.all()] == [("Ada", "Ada")]


def without_clips() -> dict[str, Wrong]:
    return {
        name: wrong
        for name, wrong in WRONG.items()
        if wrong.reference == ("speech",) and not {"start_seconds", "end_seconds"} & wrong.fields.keys()
    }


@pytest.mark.parametrize("name", without_clips())
def test_a_wrong_field_is_the_same_error(name, post_json, ada) -> None:
    wrong = WRONG[name]
    answer = post_json({"text": "Good morning.", "voice": ada, **wrong.fields})
    if answer.status_code == 400:  # of another type, as "fast" where a number belongs
        assert wrong.fields.keys() & {"speed", "temperature", "seed", "stream", "dialogue", "cast"}
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (wrong.status, wrong.code)


@pytest.mark.parametrize(
    "members, status, code",
    [
        ({}, 422, "text_missing"),
        ({"text": 7}, 400, "request_unreadable"),
        ({"text": "Hi", "speed": True}, 400, "request_unreadable"),
        ({"text": "Hi", "stream": "true"}, 400, "request_unreadable"),
        ({"text": "Hi", "dialogue": True, "cast": {"Ada": {}}}, 422, "cast_invalid"),
        ({"text": "Hi"}, 422, "reference_missing"),
        ({"text": "Hi", "seed": 1e400}, 422, "out_of_range"),
        ({"text": "\ud800"}, 422, "text_unspeakable"),
    ],
)
def test_what_an_object_may_not_say(members, status, code, post_json, db) -> None:
    answer = post_json(members)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert not Generation.objects.exists()
