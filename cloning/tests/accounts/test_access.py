"""Who may reach what, where accounts are needed: each address of the site, asked for by everybody.

`access.py` has the table.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from cloning.jobs import discarding, keys, state
from cloning.models import (
    ApiKey,
    Batch,
    Book,
    Chapter,
    Generation,
    Pronunciation,
    Reference,
    Scope,
    Voice,
    VoiceConsent,
    Webhook,
)
from cloning.tests.accounts.access import ACCESS, CHANGE, KEYS, OPEN, PEOPLE, READ
from cloning.tests.performing import store_sound
from cloning.views import history


@dataclass(frozen=True)
class Owned:
    """One of each, all of one person."""

    generation: Generation
    voice: Voice
    reference: Reference
    pronunciation: Pronunciation
    key: ApiKey
    consent: VoiceConsent
    webhook: Webhook
    book: Book
    batch: Batch

    def address(self, name: str) -> str:
        values: dict[str, object] = {
            "pk": self.pk_of(name),
            "index": "0",
            "reference_pk": self.reference.pk,
            "model": "tts-1",
            "name": f"{self.voice.name}.wav",
            "call": "switch_model",
            "identifier": self.identifier_of(name),
            "audio_format": "wav",
            "stream_format": "mp3",
            "subtitle_format": "srt",
        }
        wanted = PATTERNS[name].pattern.converters.keys() | PATTERNS[name].pattern.regex.groupindex.keys()
        return reverse(name, kwargs={key: values[key] for key in wanted})

    def identifier_of(self, name: str) -> str:
        return f"cons_{self.consent.pk.hex}" if "consent" in name else str(self.voice.pk)

    def pk_of(self, name: str) -> uuid.UUID:
        if "pronunciation" in name:
            return self.pronunciation.pk
        if "batch" in name:
            return self.batch.pk
        if "webhook" in name:
            return self.webhook.pk
        if "key" in name:
            return self.key.pk
        if "book" in name:
            return self.book.pk
        path = str(PATTERNS[name].pattern)
        return self.voice.pk if "voices/" in path else self.generation.pk


PATTERNS = {
    pattern.name: pattern
    for resolver in get_resolver().url_patterns
    if not isinstance(resolver, URLPattern) and resolver.app_name != "admin"
    for pattern in resolver.url_patterns
    if pattern.name
}


@pytest.fixture
def people(db, settings) -> dict[str, User]:
    settings.REQUIRE_LOGIN = settings.WEBHOOKS = True
    return {
        "owner": User.objects.create_user("owner"),
        "other": User.objects.create_user("other"),
        "operator": User.objects.create_superuser("operator"),
    }


@pytest.fixture
def owned(people, make_generation, make_reference) -> Owned:
    return make_owned(people["owner"], make_generation, make_reference)


def make_owned(owner: User, make_generation, make_reference) -> Owned:
    reference = make_reference(owner=owner)
    generation = make_generation([reference], owner=owner, voice=None)
    store_sound(generation)
    voice = Voice.objects.create(owner=owner, name="Ada")
    voice.references.add(reference)
    store_sound(make_generation([reference], owner=owner, sample_of=voice))
    word = Pronunciation.objects.create(owner=owner, language="en", word="Ada", spelling="Ayda")
    key, _ = keys.make(owner, name="Script", scopes=list(Scope), expires_in_days=None)
    book = Book.objects.create(owner=owner, title="A book")
    book.cover.save("", ContentFile(b"A cover"))
    chapter = Chapter.objects.create(book=book, index=0, number=1, text="Good morning.")
    spoken = make_generation([reference], owner=owner, voice=None, chapter=chapter)
    store_sound(spoken)
    consent = VoiceConsent.objects.create(
        owner=owner, name="Ada", language="en-US", duration_seconds=1.0, size_bytes=1
    )
    batch = Batch.objects.create(owner=owner, total=1)
    webhook = Webhook.objects.create(owner=owner, url="https://example.org/", events=["generation.failed"])
    return Owned(generation, voice, reference, word, key, consent, webhook, book, batch)


def sign_in(user: User | None) -> Client:
    client = Client(raise_request_exception=True)
    if user:
        client.force_login(user)
    return client


def test_every_address_has_its_row() -> None:
    assert ACCESS.keys() == PATTERNS.keys()


@pytest.mark.parametrize("name", [name for name, access in ACCESS.items() if access in (READ, CHANGE)])
def test_what_belongs_to_somebody(name: str, people, owned) -> None:
    address = owned.address(name)
    for other in (None, people["other"], people["operator"]):
        for answer in ask_all(sign_in(other), address):
            if answer.status_code == 286:  # which tells HTMX to ask no more
                assert not answer.content
            elif answer.status_code == 302:
                assert other is None
                assert "sign-in" in answer["Location"]
            else:
                assert answer.status_code in ({401, 404, 405} if other is None else {404, 405})
    answers = list(ask_all(sign_in(people["owner"]), address))
    assert any(answer.status_code not in (286, 401, 403, 404, 405) for answer in answers)


@pytest.mark.parametrize("name", [name for name, access in ACCESS.items() if access is PEOPLE])
def test_what_needs_an_account(name: str, people, owned) -> None:
    address = owned.address(name)
    for method in ("get", "post"):
        stranger = getattr(sign_in(None), method)(address)
        assert stranger.status_code in (302, 401, 405)
        assert stranger.status_code != 302 or "sign-in" in stranger["Location"]
    seen = sign_in(people["other"]).get(address)
    assert seen.status_code in (200, 405, 422)


@pytest.mark.parametrize("name", [name for name, access in ACCESS.items() if access is KEYS])
def test_what_needs_a_key(name: str, people, owned) -> None:
    address = owned.address(name)
    for who in (None, *people.values()):
        assert sign_in(who).get(address).status_code == 401
    _, secret = keys.make(people["owner"], name="Mine", scopes=list(Scope), expires_in_days=None)
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    assert client.get(address).status_code in (200, 400)


def test_revoked_key_is_good_for_nothing(people, owned) -> None:
    key, secret = keys.make(people["owner"], name="Old", scopes=list(Scope), expires_in_days=None)
    keys.revoke(people["owner"], key.pk)
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    for name, access in ACCESS.items():
        if name.startswith(("api-", "openai-", "xtts-")):
            for answer in ask_all(client, owned.address(name)):
                assert answer.status_code in (
                    {200, 403, 405, 415, 422, 503} if access is OPEN else {401, 405}
                ), name


def ask_all(client: Client, address: str) -> Iterator[Any]:
    members = {"take": 1, "starred": True}
    answer = client.get(address)
    yield answer
    if answer.streaming:  # an archive has a place until it is sent
        list(answer)
    yield client.post(address, {"take": "1", "name": "Bo"})
    for method in (client.post, client.patch, client.delete):
        yield method(address, members, content_type="application/json")


def test_shared_voice_is_for_all_to_speak_with_and_its_clips_for_nobody_else(people, owned, api) -> None:
    Voice.objects.filter(pk=owned.voice.pk).update(is_shared=True, notes="A secret.")
    api.force_login(people["other"])
    [listed] = [each for each in api.get("/api/v1/voices").json()["results"] if not each["is_stock"]]
    assert (listed["name"], listed["is_own"], listed["references"], listed["notes"]) == ("Ada", False, [], "")
    assert api.get(owned.address("api-voice-reference")).status_code == 404
    page = api.get(owned.address("voice")).content.decode()
    assert "Shared by <bdi>owner</bdi>" in page
    assert "A secret." not in page
    assert "/clips/" not in page
    answer = api.post(
        "/api/v1/voice-clone/generate",
        {"text": "Good morning.", "voice": str(owned.voice.pk)},
        headers={"Prefer": "respond-async"},
    )
    assert answer.status_code == 202
    spoken = Generation.objects.get(pk=answer.json()["id"])
    assert spoken.owner == people["other"]
    assert list(spoken.references.all()) == [owned.reference]
    form = {"name": "Mine now"}
    assert (
        api.post(reverse("save-voice", args=[spoken.pk]), form).status_code == 422
    )  # the clip is not theirs
    state.cancel(spoken)
    Voice.objects.filter(pk=owned.voice.pk).update(is_shared=False)
    assert api.post(reverse("api-resume", args=[spoken.pk])).json()["error"]["code"] == "voice_gone"
    assert all(each["is_stock"] for each in api.get("/api/v1/voices").json()["results"])


def test_lists_show_what_is_ones_own(people, owned) -> None:
    for name, is_there in (("owner", True), ("other", False), ("operator", False)):
        client = sign_in(people[name])
        for page in (
            "home",
            "history",
            "voices",
            "pronunciations",
            "api-generations",
            "api-voices",
            "api-pronunciations",
        ):
            content = client.get(reverse(page)).content.decode()
            assert (
                any(str(row.pk) in content for row in (owned.generation, owned.voice, owned.pronunciation))
                == is_there
            )


def test_what_others_have_is_not_deleted_by_their_ids(people, owned) -> None:
    other = sign_in(people["other"])
    ids = {"id": str(owned.generation.pk)}
    other.post(reverse("history-delete"), ids)
    assert Generation.objects.kept().filter(pk=owned.generation.pk).exists()
    moment = discarding.discard([owned.generation.pk], people["owner"])
    other.post(reverse("history-restore"), {"deleted": history.format_moment(moment)})
    assert not Generation.objects.kept().filter(pk=owned.generation.pk).exists()
    assert other.post(reverse("history-zip"), ids).status_code == 302  # there is nothing to send
