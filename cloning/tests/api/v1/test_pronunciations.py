"""Pronunciations over the API, on the page, and in what is spoken afterwards."""

import json

import pytest

from cloning.jobs import pronunciations
from cloning.models import Generation, Pronunciation

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/pronunciations"


@pytest.fixture
def send(client):
    def call(method: str, address: str = ADDRESS, **members: object):
        return getattr(client, method)(address, json.dumps(members), content_type="application/json")

    return call


def test_they_are_made_listed_changed_and_deleted(send, client) -> None:
    made = send("post", language="en-GB", word="  Nguyen ", spelling="win")
    assert made.status_code == 201
    one = made.json()
    assert (one["language"], one["word"], one["spelling"]) == ("en", "Nguyen", "win")
    send("post", language="de", word="SQL", spelling="Sequel")
    assert [each["word"] for each in client.get(ADDRESS).json()["results"]] == ["SQL", "Nguyen"]
    assert [each["word"] for each in client.get(f"{ADDRESS}?language=en").json()["results"]] == ["Nguyen"]
    changed = send("patch", f"{ADDRESS}/{one['id']}", spelling="nwin")
    assert (changed.status_code, changed.json()["word"], changed.json()["spelling"]) == (
        200,
        "Nguyen",
        "nwin",
    )
    assert client.get(f"{ADDRESS}/{one['id']}").json() == changed.json()
    assert client.delete(f"{ADDRESS}/{one['id']}").status_code == 204
    gone = client.get(f"{ADDRESS}/{one['id']}")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "pronunciation_unknown")


@pytest.mark.parametrize(
    ("members", "status", "code", "field"),
    [
        ({"word": " "}, 422, "word_invalid", "word"),
        ({"word": "a" * 81}, 422, "word_invalid", "word"),
        ({"word": "a\u0007b"}, 422, "word_invalid", "word"),
        ({"word": "a\0b"}, 422, "word_invalid", "word"),
        ({"word": "\ud800"}, 422, "word_invalid", "word"),
        ({"word": "NGUYEN"}, 422, "word_taken", "word"),
        ({"word": 5}, 400, "request_unreadable", None),
        ({"spelling": ""}, 422, "spelling_invalid", "spelling"),
        ({"spelling": "…"}, 422, "spelling_invalid", "spelling"),
        ({"spelling": "a" * 121}, 422, "spelling_invalid", "spelling"),
        ({"language": "xx"}, 422, "language_unsupported", "language"),
        ({"language": ""}, 422, "language_unsupported", "language"),
    ],
)
def test_what_is_wrong_is_said(send, members, status, code, field) -> None:
    send("post", language="en", word="Nguyen", spelling="win")
    answer = send("post", **{"language": "en", "word": "Ann", "spelling": "Anne", **members})
    assert answer.json()["error"]["code"] == code
    assert answer.status_code == (409 if code == "word_taken" else status)
    assert answer.json()["error"]["field"] == field
    assert Pronunciation.objects.count() == 1


def test_a_word_has_one_in_each_language_and_there_is_an_end(send, monkeypatch) -> None:
    for language in ("en", "de"):
        assert send("post", language=language, word="SQL", spelling="sequel").status_code == 201
    monkeypatch.setattr(pronunciations, "MAX_PRONUNCIATIONS", 2)
    answer = send("post", language="fr", word="SQL", spelling="sequel")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "too_many_pronunciations")


def test_long_lists_come_in_pages(send, client) -> None:
    Pronunciation.objects.bulk_create(
        Pronunciation(language="en", word=f"w{n}", word_key=f"w{n}", spelling="x") for n in range(101)
    )
    page = client.get(ADDRESS).json()
    assert len(page["results"]) == 100
    assert len(client.get(page["next"]).json()["results"]) == 1
    assert client.get(f"{ADDRESS}?page=9").status_code == 404


def test_what_is_posted_afterwards_is_read_so(send, make_generation) -> None:
    send("post", language="en", word="nguyen", spelling="win")
    send("post", language="de", word="morning", spelling="Abend")
    generation = make_generation(text="Good morning, Anna Nguyen!")
    assert generation.segments.get().text == "Good morning, Anna win!"
    assert Generation.objects.get().text == "Good morning, Anna Nguyen!"


def test_the_page_lists_adds_changes_and_deletes(client) -> None:
    page = "/pronunciations/"
    assert "None yet" in client.get(page).content.decode()
    added = client.post(page, {"language": "fr", "word": "<b>SQL", "spelling": "séquel"}, follow=True)
    assert "Français" in added.content.decode()
    assert "&lt;b&gt;SQL" in added.content.decode()
    row = Pronunciation.objects.get()
    twice = client.post(page, {"language": "fr", "word": "<B>sql", "spelling": "x"})
    assert twice.status_code == 422
    assert "There is a pronunciation of this word already." in twice.content.decode()
    wrong = client.post(f"{page}{row.pk}/", {"language": "fr", "word": "", "spelling": "x"})
    assert (wrong.status_code, "Write the word." in wrong.content.decode()) == (422, True)
    client.post(f"{page}{row.pk}/", {"language": "fr", "word": "SQL", "spelling": "essquel"})
    row.refresh_from_db()
    assert (row.word, row.word_key, row.spelling) == ("SQL", "sql", "essquel")
    client.post(f"{page}{row.pk}/delete/")
    assert not Pronunciation.objects.exists()
    assert client.post(f"{page}{row.pk}/delete/").status_code == 404
