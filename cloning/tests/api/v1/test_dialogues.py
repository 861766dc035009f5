"""Dialogues over the API."""

import json

import pytest

from cloning.api.serializers import download_name
from cloning.models import Generation, Voice
from cloning.tests.api_client import GENERATE
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP

pytestmark = pytest.mark.django_db

TEXT = "Anna: Good morning.\nTom: Good morning, Anna. Note: I am late.\nNote: he is."


@pytest.fixture
def voices(make_reference) -> dict[str, Voice]:
    made = {}
    for name, clip in (("Anna", FEMALE_CLIP), ("Uncle Tom", MALE_CLIP)):
        made[name] = Voice.objects.create(name=name)
        made[name].references.set([make_reference(clip)])
    return made


@pytest.fixture
def post(client, voices):
    def send(cast: object = None, text: str = TEXT, **fields: object):
        given = {} if cast is None else {"cast": cast if isinstance(cast, str) else json.dumps(cast)}
        data = {"text": text, "dialogue": "true", **given, **fields}
        return client.post(GENERATE, data, headers={"Prefer": "respond-async"})

    return send


def test_each_name_has_a_voice_by_id_name_or_key(post, voices) -> None:
    answer = post({"ANNA": str(voices["Anna"].pk), "tom": "uncle tom", "Note": None})
    assert answer.status_code == 202, answer.json()
    made = answer.json()
    assert made["dialogue"] is True
    assert made["cast"] == [
        {"name": "Anna", "voice": str(voices["Anna"].pk)},
        {"name": "Tom", "voice": str(voices["Uncle Tom"].pk)},
    ]
    said = [(each["speaker"], each["text"]) for each in made["segments"]]
    assert said == [
        ("Anna", "Good morning."),
        ("Tom", "Good morning, Anna. Note: I am late."),
        ("Tom", "Note: he is."),
    ]
    generation = Generation.objects.get()
    assert (generation.voice, generation.text) == (None, TEXT)
    assert generation.references.count() == 2


def test_stock_voices_take_part(post, settings) -> None:
    settings.PREVIEW_VOICE = "kokoro"
    made = post({"Anna": "stock:af_heart", "Tom": "am_michael", "Note": "Anna"}).json()
    assert [each["voice"] for each in made["cast"]][:2] == ["stock:af_heart", "stock:am_michael"]


@pytest.mark.parametrize(
    ("cast", "field", "code", "says"),
    [
        (None, "cast", "cast_invalid", "Choose a voice for Anna."),
        ({"Anna": "Anna"}, "cast", "cast_invalid", "Choose a voice for Tom."),
        ({"Anna": "Anna", "Tom": "Ada"}, "cast", "cast_invalid", "The voice for Tom is not there"),
        ({"Anna": "Anna", "Tom": "\0"}, "cast", "cast_invalid", "The voice for Tom is not there"),
        ({"Anna": "Anna", "Tom": "\ud800"}, "cast", "cast_invalid", "The voice for Tom is not there"),
        ({"Anna": 7}, "cast", "cast_invalid", "Send a JSON object"),
        ("[]", "cast", "cast_invalid", "Send a JSON object"),
        ("{", "cast", "cast_invalid", "Send a JSON object"),
        ("[" * 100_000, "cast", "cast_invalid", "Send a JSON object"),
        ({"Anna": None, "Tom": None, "Note": None}, "text", "speaker_missing", "No line begins with a name"),
        ({"Anna": None, "Tom": "Anna", "Note": None}, "text", "speaker_missing", "Nobody says the beginning"),
    ],
)
def test_what_is_wrong_is_said_for_the_first_name(post, cast, field, code, says) -> None:
    answer = post(cast)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["field"], error["code"]) == (field, code)
    assert says in error["message"]
    assert not Generation.objects.exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Good morning.", "No line begins with a name"),
        ("Good morning.\nAnna: Hi", "Nobody says the beginning"),
        ("".join(f"N{number}: x\n" for number in range(21)), "There are 21 names; at most 20 can speak."),
        ("Anna:\nAnna: …", "nothing to speak"),
    ],
)
def test_a_text_that_is_no_dialogue_is_refused(post, text, says) -> None:
    answer = post({"Anna": "Anna", **{f"N{number}": "Anna" for number in range(21)}}, text)
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "text")
    assert says in answer.json()["error"]["message"]


def test_without_the_switch_names_are_text(client, voices) -> None:
    data = {"text": TEXT, "voice": str(voices["Anna"].pk)}
    made = client.post(GENERATE, data, headers={"Prefer": "respond-async"}).json()
    assert (made["dialogue"], made["cast"], made["segments"][0]["speaker"]) == (False, [], None)
    assert "Anna: Good morning." in made["segments"][0]["text"]


def test_a_download_is_called_by_its_beginning(post) -> None:
    post({"Anna": "Anna", "Tom": "Anna", "Note": None})
    assert download_name(Generation.objects.get()).startswith("anna-good-morning-tom")
