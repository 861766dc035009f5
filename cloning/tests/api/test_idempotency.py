"""What is sent twice with one Idempotency-Key."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from cloning.api.idempotency import compute_fingerprint
from cloning.jobs import idempotency
from cloning.jobs.idempotency import CLAIMED, KEPT
from cloning.models import Generation, IdempotencyKey, Segment, Status, Take, Voice
from cloning.tests.api_client import GENERATE
from cloning.tests.people import sign_in_as

KEY = {"Prefer": "respond-async", "Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


@pytest.fixture
def ada(make_reference) -> str:
    voice = Voice.objects.create(name="Ada")
    voice.references.add(make_reference())
    return str(voice.pk)


@pytest.fixture
def ask(api, ada):
    def send(text: str = "Good morning.", headers: dict[str, str] = KEY, client: Any = None) -> Any:
        members = {"text": text, "voice": ada}
        return (client or api).post(GENERATE, members, content_type="application/json", headers=headers)

    return send


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_sent_again_it_is_answered_with_the_same_generation(ask, api, ada) -> None:
    first = ask()
    quoted = ask(headers={**KEY, "Idempotency-Key": f'"{KEY["Idempotency-Key"]}"'})
    reordered = api.post(
        GENERATE,
        f'{{ "voice":"{ada}", "text": "Good morning." }}',
        content_type="application/json",
        headers=KEY,
    )
    for again in (quoted, reordered):
        assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
        assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Generation.objects.count() == 1


def test_clips_are_part_of_what_is_sent(post, db) -> None:
    first = post(headers=KEY)
    assert post(headers=KEY).json()["id"] == first.json()["id"]
    assert code_of(post(("other",), headers=KEY)) == (409, "idempotency_key_reused")
    assert Generation.objects.count() == 1


def test_another_body_is_refused_and_another_key_is_not(ask) -> None:
    ask()
    assert code_of(ask("Good evening.")) == (409, "idempotency_key_reused")
    assert ask("Good evening.", {**KEY, "Idempotency-Key": "another"}).status_code == 202
    assert Generation.objects.count() == 2


def test_what_was_refused_may_be_sent_again(ask, settings) -> None:
    settings.MAX_QUEUED = 1
    blocking = ask(headers={"Prefer": "respond-async"})
    assert code_of(ask()) == (503, "queue_full")
    assert ask("").status_code == 422
    assert not IdempotencyKey.objects.exists()
    Generation.objects.filter(pk=blocking.json()["id"]).delete()
    assert ask().status_code == 202


def test_a_deleted_generation_is_not_made_again(ask, api) -> None:
    first = ask().json()["id"]
    assert api.delete(f"/api/v1/generations/{first}").status_code == 204
    assert code_of(ask()) == (404, "generation_unknown")
    assert not Generation.objects.exists()


def test_takes_and_voices(api, make_generation, clips) -> None:
    spoken = make_generation()
    Take.objects.update(status=Status.SUCCEEDED)
    Segment.objects.update(chosen_take=Take.objects.get())
    address = f"/api/v1/generations/{spoken.pk}/segments/0/takes"
    answers = [api.post(address, {"seed": 5}, content_type="application/json", headers=KEY) for _ in range(2)]
    assert [(each.status_code, each.json()["take"]) for each in answers] == [(202, 2), (202, 2)]
    assert Take.objects.count() == 2
    voices = [
        api.post(
            "/api/v1/voices",
            {"name": "Bo", "reference": SimpleUploadedFile(f"{number}.wav", clips["speech"])},
            headers={"Idempotency-Key": "voice"},
        )
        for number in range(2)
    ]
    assert [each.status_code for each in voices] == [201, 201]
    assert voices[0].json()["id"] == voices[1].json()["id"]


def test_keys_are_a_callers_own(ask, accounts, db, make_reference) -> None:
    people = [User.objects.create_user(name) for name in ("ann", "bo")]
    Voice.objects.update(owner=people[0], is_shared=True)
    made = set()
    for person in (*people, *people):
        answer = ask(client=TokenClient(person))
        assert answer.status_code == 202
        made.add(answer.json()["id"])
    assert len(made) == Generation.objects.count() == 2
    people[1].delete()
    assert IdempotencyKey.objects.count() == 1


class TokenClient:
    """With the page's cookie and its token."""

    def __init__(self, person: User) -> None:
        self.client = sign_in_as(person)
        self.client.get("/account/")

    def post(self, *arguments: Any, headers: dict[str, str], **options: Any) -> Any:
        token = {"X-CSRFToken": self.client.cookies["csrftoken"].value}
        return self.client.post(*arguments, headers={**headers, **token}, **options)


@pytest.mark.parametrize("key", ["", "x" * 256, "é", '""', "a\tb"])
def test_what_is_no_key(key, ask, db) -> None:
    assert code_of(ask(headers={"Idempotency-Key": key})) == (400, "idempotency_key_invalid")
    assert not Generation.objects.exists()


def test_one_that_is_being_worked_on(ask, rf, ada) -> None:
    request = rf.post(GENERATE, {"text": "Good morning.", "voice": ada}, content_type="application/json")
    assert ask().status_code == 202
    row = IdempotencyKey.objects.get()
    assert row.fingerprint == compute_fingerprint(request)
    Generation.objects.all().delete()
    IdempotencyKey.objects.update(result_id="")
    answer = ask()
    assert code_of(answer) == (409, "idempotency_key_in_use")
    assert answer["Retry-After"] == "2"
    IdempotencyKey.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))  # its process died
    assert ask().status_code == 202
    assert Generation.objects.count() == 1
    assert timezone.now() < row.claimed_until < timezone.now() + CLAIMED


def test_a_claim_that_was_taken_over_makes_nothing(make_generation, db) -> None:
    claim = idempotency.claim("key", "what")
    IdempotencyKey.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    other = idempotency.claim("key", "what")
    assert other != claim
    with idempotency.claiming(claim), pytest.raises(Exception, match="worked on"):
        make_generation()
    assert not Generation.objects.exists()
    with idempotency.claiming(other):
        made = make_generation()
    assert idempotency.claim("key", "what") == str(made.pk)


def test_keys_are_kept_a_day(db) -> None:
    claim = idempotency.claim("key", "what")
    IdempotencyKey.objects.update(created_at=timezone.now() - KEPT + timedelta(minutes=1))
    idempotency.forget_old()
    assert IdempotencyKey.objects.exists()
    IdempotencyKey.objects.update(created_at=timezone.now() - KEPT)
    assert idempotency.claim("key", "other") != claim  # not swept yet
    IdempotencyKey.objects.update(created_at=timezone.now() - KEPT)
    idempotency.forget_old()
    assert not IdempotencyKey.objects.exists()
