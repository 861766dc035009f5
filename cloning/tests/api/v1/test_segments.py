"""/api/v1/generations/{id}/segments/{n}: other takes of it, and which of them is in the joined file"""

import json
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import joins, state, takes
from cloning.jobs.cleanup import delete_generation
from cloning.models import Generation, Segment, Take
from cloning.tests.api.v1.segments import choose, code_of, respeak, segment_url
from cloning.tests.api_client import DocumentedClient
from cloning.tests.performing import perform, work_once
from cloning.tests.speaking import THREE, claim_take
from cloning.tests.wrong_requests import UNKNOWN_ID

# Another take


@pytest.mark.parametrize("body", [b"", b"{}", b'{"seed": null, "text": null}', b'{"else": 1}'])
def test_another_take_has_a_seed_of_its_own(body: bytes, api, three) -> None:
    url = f"{segment_url(three, 1)}/takes"
    response = api.generic("POST", url, body, content_type="application/json" if body else "")
    assert response.status_code == 202
    answer = response.json()
    first = Take.objects.get(segment__index=1, number=1)
    assert (answer["take"], answer["status"], answer["text"]) == (2, "queued", first.text)
    assert answer["seed"] != first.seed
    assert answer["audio_url"] is answer["duration_seconds"] is answer["error"] is None


def test_another_take_waits_to_be_chosen(api, three) -> None:
    respeak(api, three, 1, {"seed": 2**32 - 1})
    work_once(three.pk)
    body = api.get(f"/api/v1/generations/{three.pk}").json()
    segment = body["segments"][1]
    assert (segment["status"], segment["take"]) == ("succeeded", 1)
    assert [(take["take"], take["status"]) for take in segment["takes"]] == [
        (1, "succeeded"),
        (2, "succeeded"),
    ]
    assert segment["takes"][1]["seed"] == 2**32 - 1
    assert api.get(segment["takes"][1]["audio_url"]).status_code == 200


def test_corrected_text_is_read_out_in_the_generations_language(api, make_generation) -> None:
    generation = perform(make_generation(text="Es sind drei Personen im Haus.", language="de"))
    answer = respeak(api, generation, body={"text": " Es sind 4 Personen im Haus. "}).json()
    assert answer["text"] == "Es sind vier Personen im Haus."
    assert respeak_until_spoken(api, generation)["takes"][1]["text"] == answer["text"]


def respeak_until_spoken(api: DocumentedClient, generation: Generation) -> Any:
    work_once(generation.pk)
    return api.get(f"/api/v1/generations/{generation.pk}").json()["segments"][0]


WRONG_TEXTS = {
    "empty": ("", "text_missing"),
    "blank": (" \n\t ", "text_missing"),
    "nothing to speak": ("…!?", "text_unspeakable"),
    "emoji": ("😀🎉", "text_unspeakable"),
    "NUL": ("Good\0morning", "text_unspeakable"),
    "two sentences' worth": (
        "This is a sentence of some length, as people write them. " * 8,
        "text_too_long",
    ),
    "20,000 characters": ("Well done. " * 1818 + "So", "text_too_long"),
    "a word of 20,000": ("a" * 20_000, "text_too_long"),
}


@pytest.mark.parametrize("text, code", WRONG_TEXTS.values(), ids=WRONG_TEXTS.keys())
def test_corrected_text_that_is_wrong(text: str, code: str, api, said) -> None:
    response = respeak(api, said, body={"text": text})
    assert code_of(response) == (422, code)
    assert response.json()["error"]["field"] == "text"
    assert Take.objects.count() == 1


def test_lone_surrogates_are_no_fault_of_the_server(api, said) -> None:
    body = b'{"text": "Good \\ud800 morning to you all."}'
    response = api.generic("POST", f"{segment_url(said)}/takes", body, content_type="application/json")
    assert response.status_code == 202
    assert "\ud800" not in response.json()["text"]


@pytest.mark.parametrize("seed", [-1, 2**32, 10**400, 1.5, 1e300])
def test_seed_that_is_wrong(seed: float, api, said) -> None:
    response = respeak(api, said, body={"seed": seed})
    assert code_of(response) == (422, "out_of_range")
    assert response.json()["error"]["field"] == "seed"
    assert Take.objects.count() == 1


UNREADABLE = {
    "no JSON": b"seed=5",
    "half of it": b'{"seed": ',
    "a list": b"[]",
    "a number": b"5",
    "null": b"null",
    "no UTF-8": b'{"text": "\xff\xfe"}',
    "deep": b'{"text": ' + b"[" * 100_000,
    "deep and whole": b'{"text": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a number of 5000 digits": b'{"seed": ' + b"9" * 5000 + b"}",
    "text a number": b'{"text": 5}',
    "text a list": b'{"text": ["Good morning."]}',
    "text an object": b'{"text": {"text": "Good morning."}}',
    "seed a string": b'{"seed": "5"}',
    "seed true": b'{"seed": true}',
    "seed an empty object": b'{"seed": {}}',
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable_request(body: bytes, api, said) -> None:
    response = api.generic("POST", f"{segment_url(said)}/takes", body, content_type="application/json")
    assert code_of(response) == (400, "request_unreadable")
    assert Take.objects.count() == 1


def test_form_instead_of_json(api, said) -> None:
    assert code_of(api.post(f"{segment_url(said)}/takes", {"seed": "5"})) == (400, "request_unreadable")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_no_number(number: str, api, said) -> None:
    body = f'{{"seed": {number}}}'
    response = api.post(f"{segment_url(said)}/takes", body, content_type="application/json")
    assert code_of(response) == (422, "out_of_range")


@pytest.mark.parametrize("method, suffix", [("POST", "/takes"), ("PATCH", "")])
def test_body_of_3_mb(method: str, suffix: str, api, said) -> None:
    body = json.dumps({"text": "a" * 3_000_000})
    url = segment_url(said) + suffix
    assert code_of(api.generic(method, url, body, content_type="application/json")) == (
        413,
        "request_too_large",
    )


def test_sentence_that_has_not_been_spoken_yet(api, make_generation) -> None:
    generation = make_generation(text=THREE)
    assert code_of(respeak(api, generation)) == (409, "not_spoken_yet")
    claim_take(generation)
    assert code_of(respeak(api, generation)) == (409, "not_spoken_yet")
    assert Take.objects.count() == 3


def test_sentence_that_does_not_exist(api, said) -> None:
    assert code_of(respeak(api, said, 1)) == (404, "segment_unknown")
    assert code_of(choose(api, said, 1, index=1)) == (404, "segment_unknown")
    unknown = f"/api/v1/generations/{UNKNOWN_ID}/segments/0"
    assert code_of(api.post(f"{unknown}/takes")) == (404, "generation_unknown")
    assert code_of(api.patch(unknown)) == (404, "generation_unknown")


def test_second_who_has_the_same_sentence_spoken_again(api, said) -> None:
    assert respeak(api, said).status_code == 202
    assert code_of(respeak(api, said)) == (409, "take_in_progress")
    claim_take(said)
    assert code_of(respeak(api, said)) == (409, "take_in_progress")


@pytest.mark.django_db(transaction=True)
def test_two_who_respeak_at_once(make_generation) -> None:
    generation = perform(make_generation())
    together, statuses = threading.Barrier(4), []

    def send() -> None:
        together.wait(timeout=120)
        statuses.append(Client().generic("POST", f"{segment_url(generation)}/takes").status_code)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [202, 409, 409, 409]
    assert [take.number for take in Take.objects.order_by("number")] == [1, 2]


def test_too_many_takes(api, spoken, monkeypatch) -> None:
    monkeypatch.setattr(takes, "MAX_TAKES", 2)
    assert respeak(api, spoken).status_code == 202
    perform(spoken)
    assert code_of(respeak(api, spoken)) == (409, "too_many_takes")


def test_disk_that_is_nearly_full_takes_no_more(api, said, settings) -> None:
    settings.MIN_FREE_MB = 10**9
    response = respeak(api, said)
    assert (*code_of(response), response["Retry-After"]) == (503, "storage_full", "300")


def test_take_that_fails_leaves_the_generation_as_it_is(api, said) -> None:
    respeak(api, said)
    takes.fail(claim_take(said), ErrorCode.SYNTHESIS_FAILED, "It did not work.")
    body = api.get(f"/api/v1/generations/{said.pk}").json()
    assert (body["status"], body["error"], body["segments"][0]["status"]) == ("running", None, "succeeded")
    assert body["segments"][0]["takes"][1]["error"] == {
        "code": "synthesis_failed",
        "message": "It did not work.",
        "field": None,
    }
    assert code_of(choose(api, said, 2)) == (404, "take_unknown")
    assert respeak(api, said).status_code == 202, "it can be tried again"


def test_sentence_of_a_stopped_generation_is_spoken_again(api, make_generation) -> None:
    generation = make_generation(text=THREE)
    work_once(generation.pk)
    state.cancel(generation)
    assert respeak(api, generation).status_code == 202
    assert code_of(respeak(api, generation, 1)) == (409, "not_spoken_yet")


# Choosing


def test_chosen_take_is_in_the_joined_file(api, three, stored_files) -> None:
    before = api.get(f"/api/v1/generations/{three.pk}").json()
    respeak(api, three, 1, {"text": "Now this second sentence is a good deal longer than it was."})
    work_once(three.pk)
    response = choose(api, three, 2, index=1)
    assert response.status_code == 200
    segment = response.json()
    assert (segment["take"], segment["text"]) == (
        2,
        "Now this second sentence is a good deal longer than it was.",
    )
    grown_seconds = segment["duration_seconds"] - before["segments"][1]["duration_seconds"]
    assert grown_seconds > 1
    audio = api.get(before["download_url"])
    assert audio.status_code == 200, "that of before stays until the new one is there"
    perform(three)
    after = api.get(f"/api/v1/generations/{three.pk}").json()
    assert after["status"] == "succeeded"
    assert after["duration_seconds"] - before["duration_seconds"] == pytest.approx(grown_seconds, abs=0.05)
    assert api.get(after["download_url"])["ETag"] != audio["ETag"]


def test_first_take_can_be_chosen_again(api, spoken) -> None:
    respeak(api, spoken)
    perform(spoken)
    assert [choose(api, spoken, number).json()["take"] for number in (2, 1)] == [2, 1]


def test_choice_while_the_file_is_joined_is_not_lost(api, make_generation) -> None:
    generation = make_generation(text=THREE)
    work_once(generation.pk)
    respeak(api, generation)
    while Take.objects.filter(status="queued").exists():
        work_once(generation.pk)
    generation.refresh_from_db()
    assert joins.claim(generation), "all are spoken"
    assert choose(api, generation, 2).status_code == 200
    assert joins.release(generation)
    assert perform(generation).status == "succeeded"
    generation.refresh_from_db()
    assert not generation.is_join_due


@pytest.mark.parametrize("number", [0, 2, -1, 10**30])
def test_take_that_does_not_exist(number: int, api, said) -> None:
    assert code_of(choose(api, said, number)) == (404, "take_unknown")


def test_take_that_is_still_to_be_spoken(api, said) -> None:
    respeak(api, said)
    assert code_of(choose(api, said, 2)) == (404, "take_unknown")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"take": null}',
        b'{"take": "1"}',
        b'{"take": 1.0}',
        b'{"take": true}',
        b'{"take": [1]}',
        b"[1]",
        b"take=1",
        b'{"take": ' + b"[" * 100_000,
        b'{"take": ' + b"9" * 5000 + b"}",
    ],
)
def test_choice_that_can_not_be_read(body: bytes, api, said) -> None:
    response = api.generic("PATCH", segment_url(said), body, content_type="application/json")
    assert code_of(response) == (400, "request_unreadable")


def test_text_of_20_000_characters_with_a_choice_changes_nothing(api, said) -> None:
    before = Segment.objects.get().text
    body = json.dumps({"take": 1, "text": "a" * 20_000})
    response = api.patch(segment_url(said), body, content_type="application/json")
    assert (response.status_code, response.json()["text"]) == (200, before)


# Who may, and what is deleted meanwhile


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:5173"])
def test_pages_elsewhere_change_nothing(origin: str, api, said) -> None:
    headers = {"Origin": origin}
    for response in (
        api.post(f"{segment_url(said)}/takes", headers=headers),
        api.patch(segment_url(said), b'{"take": 1}', content_type="application/json", headers=headers),
    ):
        assert code_of(response) == (403, "origin_not_allowed")
    assert Take.objects.count() == 1


def test_page_of_a_named_origin_may(api, said, settings) -> None:
    settings.TRUSTED_ORIGINS = ["http://localhost:5173"]
    headers = {"Origin": "http://localhost:5173"}
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "content-type"}
    preflight = api.options(segment_url(said), headers=headers | asked)
    assert "PATCH" in preflight["Access-Control-Allow-Methods"]
    assert "content-type" in preflight["Access-Control-Allow-Headers"]
    body = b'{"take": 1}'
    response = api.patch(segment_url(said), body, content_type="application/json", headers=headers)
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == headers["Origin"]


@pytest.mark.parametrize("name", ["add_take", "choose"])
def test_deleted_meanwhile(name: str, api, said, monkeypatch) -> None:
    """After the call has found the sentence, before it changes it."""
    original = getattr(takes, name)

    def delete_first(*arguments: Any) -> Any:
        delete_generation(said.pk)
        return original(*arguments)

    monkeypatch.setattr(takes, name, delete_first)
    response = respeak(api, said) if name == "add_take" else choose(api, said, 1)
    assert code_of(response) == (404, "generation_unknown")


def test_take_of_a_deleted_sentence_says_so(said) -> None:
    segment = Segment.objects.get()
    delete_generation(said.pk)
    with pytest.raises(GenerationError, match="deleted in this moment"):
        takes.add_take(segment, "Good morning.", 5)
