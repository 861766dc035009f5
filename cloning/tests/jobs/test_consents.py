"""What REQUIRE_CONSENT asks for, by every way on which a voice or a clip comes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.http import HttpResponse
from django.test import Client

from cloning.agents import speech
from cloning.errors import GenerationError
from cloning.jobs import books, state, takes
from cloning.jobs.notifications import Arrivals
from cloning.models import AuditEntry, Book, Generation, Reference, Voice
from cloning.reading import Chapter, Document
from cloning.tests.clips import MALE_CLIP
from cloning.wyoming.speaking import Speech
from cloning.wyoming.voices import Choice

GENERATE = "/api/v1/voice-clone/generate"
TEXT = "Good morning."


@dataclass
class Site:
    """A site with a voice of which nothing is stated."""

    browser: Client
    voice: Voice
    upload: Callable[..., Any]
    folder: Path

    def post(self, path: str, **fields: Any) -> Any:
        return self.browser.post(path, fields, headers={"Prefer": "respond-async"})

    def send(self, path: str, **members: Any) -> Any:
        headers = {"Prefer": "respond-async"}
        return self.browser.post(path, members, content_type="application/json", headers=headers)

    def add_book(self) -> Book:
        return books.add(
            Document([Chapter("One", TEXT)], "The Long Way", "Ada", "en", None), None, "long.epub"
        )

    def clone(self, **options: Any) -> None:
        call_command("clone", text=TEXT, out=self.folder / "a.wav", **options)


class NoSound(HttpResponse):
    def give_back_place(self) -> None:
        """There is none."""


@pytest.fixture
def site(make_voice, upload, tmp_path, monkeypatch) -> Site:
    """Streams need another server than the client that Django has: what they are of is submitted all the same."""
    monkeypatch.setattr("cloning.api.v1.generate.sound_of", lambda *_: NoSound())
    return Site(Client(raise_request_exception=False), make_voice("Ada"), upload, tmp_path)


WITH_A_VOICE: dict[str, Callable[[Site], Any]] = {
    "page": lambda site: site.post("/", text=TEXT, language="en", voice=site.voice.pk),
    "call": lambda site: site.send(GENERATE, text=TEXT, voice=str(site.voice.pk)),
    "stream": lambda site: site.send(GENERATE, text=TEXT, voice=str(site.voice.pk), stream=True),
    "dialogue": lambda site: site.send(GENERATE, text="Ann: Hello.", dialogue=True, cast={"Ann": "Ada"}),
    "batch": lambda site: site.send("/api/v1/batches", rows=[{"voice": "Ada", "text": TEXT}]),
    "book": lambda site: site.post(f"/api/v1/books/{site.add_book().pk}/start", voice=site.voice.pk),
    "OpenAI": lambda site: site.send("/v1/audio/speech", model="tts-1", input=TEXT, voice="Ada"),
    "xtts-api-server": lambda site: site.send("/tts_to_audio/", text=TEXT, speaker_wav="Ada", language="en"),
    "its stream": lambda site: site.browser.get(
        "/tts_stream", {"text": TEXT, "speaker_wav": "Ada", "language": "en"}
    ),
    "agents": lambda site: speech.queue(None, {"text": TEXT, "voice": "Ada", "language": ""}),
    "Wyoming": lambda site: Speech(Arrivals())._queue(TEXT, Choice(str(site.voice.pk), "en"), 1, ""),
    "command": lambda site: site.clone(voice=str(site.voice.pk)),
}
WITH_A_CLIP: dict[str, Callable[..., Any]] = {
    "page": lambda site, **said: site.post("/", text=TEXT, language="en", reference=site.upload(), **said),
    "call": lambda site, **said: site.post(GENERATE, text=TEXT, reference=site.upload(), **said),
    "book": lambda site, **said: site.post(
        f"/api/v1/books/{site.add_book().pk}/start", reference=site.upload(), **said
    ),
    "command": lambda site, **said: site.clone(reference=[MALE_CLIP], **said),
}
NEW_VOICE: dict[str, Callable[..., Any]] = {
    "page": lambda site, **said: site.post("/voices/", name="Tom", reference=site.upload(), **said),
    "call": lambda site, **said: site.post("/api/v1/voices", name="Tom", reference=site.upload(), **said),
    "OpenAI": lambda site, consent="": site.post(
        "/v1/audio/voices", name="Tom", audio_sample=site.upload(), consent=consent
    ),
    "file": lambda site, **said: site.post("/api/v1/voices/import", archive=export(site), **said),
}


def export(site: Site) -> Any:
    archive = b"".join(site.browser.get(f"/api/v1/voices/{site.voice.pk}/export"))
    return site.upload(archive, "ada.zip")


def refusal(act: Callable[[], Any]) -> str:
    """What is said where it was refused, with a status that blames who asked; else it is empty."""
    try:
        answer = act()
    except (GenerationError, CommandError) as error:
        return str(error)
    status = getattr(answer, "status_code", 200)
    assert status < 500
    return answer.content.decode() if status >= 400 else ""


def counts() -> tuple[int, int, int]:
    return Generation.objects.count(), Voice.objects.count(), Reference.objects.count()


@pytest.mark.parametrize("required", ["stated", "recorded"])
@pytest.mark.parametrize("way", WITH_A_VOICE)
def test_voice_of_before_is_not_spoken_with(site, settings, way, required) -> None:
    settings.REQUIRE_CONSENT = required
    before = counts()
    assert "on the page of the voice" in refusal(lambda: WITH_A_VOICE[way](site))
    assert counts() == before


@pytest.mark.parametrize("way", WITH_A_CLIP)
def test_clips_of_once_need_what_is_stated(site, settings, monkeypatch, way) -> None:
    monkeypatch.setattr("cloning.management.commands.clone.Command.speak", lambda *_: None)
    settings.REQUIRE_CONSENT = "stated"
    before = counts()
    assert "own, written or public_domain" in refusal(lambda: WITH_A_CLIP[way](site))
    assert counts() == before
    try:
        assert not refusal(lambda: WITH_A_CLIP[way](site, consent="own"))
    except AssertionError:
        assert way == "command"  # which has nothing to write, as nothing was spoken
    assert Generation.objects.get().agreement == "own"
    assert AuditEntry.objects.get(deed="spoken_with").about == "clips, consent: own"


@pytest.mark.parametrize("way", WITH_A_CLIP)
def test_clips_of_once_are_refused_where_statements_are_recorded(site, settings, way) -> None:
    settings.REQUIRE_CONSENT = "recorded"
    before = counts()
    assert "make one on the page" in refusal(lambda: WITH_A_CLIP[way](site, consent="own"))
    assert counts() == before


@pytest.mark.parametrize("way", NEW_VOICE)
def test_new_voice_needs_what_is_required(site, settings, way) -> None:
    settings.REQUIRE_CONSENT = "stated"
    assert "own, written or" in refusal(lambda: NEW_VOICE[way](site))
    settings.REQUIRE_CONSENT = "recorded"
    assert "requires a recorded statement" in refusal(lambda: NEW_VOICE[way](site, consent="written"))
    assert Voice.objects.count() == 1
    settings.REQUIRE_CONSENT = "stated"
    assert not refusal(lambda: NEW_VOICE[way](site, consent="written"))
    made = Voice.objects.exclude(pk=site.voice.pk).get()
    assert made.agreement == "written"
    assert AuditEntry.objects.get(deed="voice_created").about == "consent: written"


def test_what_was_queued_before_does_not_go_on(site, settings) -> None:
    site.send(GENERATE, text=TEXT, voice=str(site.voice.pk))
    generation = Generation.objects.get()
    state.cancel(generation)
    settings.REQUIRE_CONSENT = "stated"
    for act in (state.resume, lambda row: takes.add_take(row.segments.get(), TEXT, 1)):
        with pytest.raises(GenerationError) as refused:
            act(generation)
        assert refused.value.code == "consent_required"
    stated = site.browser.patch(
        f"/api/v1/voices/{site.voice.pk}", {"consent": "own"}, content_type="application/json"
    )
    assert stated.json()["consent"] == "own"
    assert state.resume(generation)


def test_stock_voice_needs_no_consent(site, settings, monkeypatch) -> None:
    from cloning.engines.base import StockVoice

    stock = StockVoice("af_alice", "Alice", frozenset({"en"}))
    monkeypatch.setattr("cloning.engines.registry.stock_voices", lambda language="": [stock])
    monkeypatch.setattr("cloning.engines.registry.find_stock_voice", lambda key: stock)
    settings.REQUIRE_CONSENT = "recorded"
    assert site.send(GENERATE, text=TEXT, voice="stock:af_alice").status_code == 202


def test_dialects_say_it_in_their_shape(site, settings) -> None:
    settings.REQUIRE_CONSENT = "stated"
    answer = WITH_A_VOICE["OpenAI"](site)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "consent_required", "voice")
    answer = WITH_A_VOICE["xtts-api-server"](site)
    assert answer.status_code == 400 and "on the page of the voice" in answer.json()["detail"]
    answer = WITH_A_VOICE["call"](site)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "consent_required")


@pytest.mark.parametrize(
    ("sent", "agreement"),
    [("true", "written"), ("I may use this voice.", "written"), ("own", "own"), ("false", None)],
)
def test_attestation_of_crispasr_states_it(site, settings, sent, agreement) -> None:
    settings.REQUIRE_CONSENT = "stated"
    answer = site.post(
        "/v1/audio/voices",
        **{
            "name": "Tom",
            "audio_sample": site.upload(),
            "consent_attestation": sent,
            "marking_attestation": "true",
        },
    )
    if agreement is None:
        assert answer.json()["error"]["code"] == "consent_required"
        return
    made = Voice.objects.get(pk=answer.json()["id"])
    assert (made.agreement, made.agreement_note) == (agreement, f"consent_attestation: {sent}")


def test_wrong_word_is_refused(site) -> None:
    answer = site.post(GENERATE, text=TEXT, reference=site.upload(), consent="recorded")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "consent_invalid")
    assert not Generation.objects.exists()
