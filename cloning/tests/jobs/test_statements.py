"""Recorded statements: in whose voice they are, and what becomes of the voices that are made with them."""

import json

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client

from cloning.jobs import statements
from cloning.models import Generation, Voice, VoiceConsent
from cloning.tests.people import sign_in_as

VOICES = "/api/v1/voices"


@pytest.fixture
def heard(clips, wav) -> dict[str, bytes]:
    """Clips by name: two of a man, one of a woman, and what is no speech."""
    noise = 0.1 * np.random.default_rng(1).standard_normal(48_000)
    return {**clips, "noise": wav(noise)}


@pytest.fixture
def make(db, upload, heard):
    """Makes a voice of a man's clip, with a statement of his."""

    def make(clip: str = "rest", statement: str = "speech", client: Client | None = None, **fields: object):
        sent = {"name": "Tom", "consent": "recorded", "speaker": "Tom L.", "statement_language": "de"}
        sent["reference"] = upload(heard[clip], "tom.wav")
        if statement:
            sent["statement"] = upload(heard[statement], "yes.wav")
        client = client or Client(raise_request_exception=False)
        return client.post(VOICES, {**sent, **fields})

    return make


def wrong(answer) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["field"]


def test_voice_with_a_statement_of_its_speaker(make, settings, stored_files) -> None:
    settings.REQUIRE_CONSENT = "recorded"
    made = make().json()
    voice, kept = Voice.objects.get(), VoiceConsent.objects.get()
    assert (made["consent"], made["speaker"]) == ("recorded", "Tom L.")
    assert (kept.name, kept.language, voice.consent) == ("Tom L.", "de", kept)
    assert made["statement"] == {
        **{"id": str(kept.pk), "name": "Tom L.", "language": "de", "duration_seconds": 3.0},
        **{"speaker_similarity": round(voice.speaker_similarity, 3), "words_understood": None},
    }
    assert 0.74 < voice.speaker_similarity < 1
    assert f"consents/{kept.pk}.wav" in stored_files()
    assert Generation.objects.get().sample_of == voice  # it may speak


@pytest.mark.parametrize(
    ("clip", "statement", "code"),
    [
        ("other", "speech", "consent_mismatch"),
        ("rest", "silence", "reference_silent"),
        ("rest", "noise", "consent_silent"),
        ("rest", "text", "reference_unreadable"),
        ("rest", "", "consent_required"),
    ],
)
def test_statement_that_counts_for_nothing(make, stored_files, clip, statement, code) -> None:
    assert wrong(make(clip, statement)) == (422, code, "statement")
    assert not stored_files()
    assert not (Voice.objects.exists() or VoiceConsent.objects.exists())


def test_statement_of_another_speaker_says_so_beside_the_field(upload, heard, db) -> None:
    sent = {"name": "Tom", "consent": "recorded", "reference": upload(heard["other"], "a.wav")}
    sent["statement"] = upload(heard["speech"], "yes.wav")
    page = Client(headers={"Accept-Language": "en"}).post("/voices/", sent)
    assert page.status_code == 422
    assert 'id="id_statement_error">The statement is not in the voice of the clips' in page.content.decode()


@pytest.mark.parametrize("gone", ["deleted", "of another"])
def test_kept_statement_has_to_be_there_and_ones_own(make, heard, upload, accounts, gone) -> None:
    ann, bob = (User.objects.create_user(name) for name in ("ann", "bob"))
    giver = bob if gone == "of another" else ann
    recording = {"name": "Tom", "language": "en", "recording": upload(heard["speech"], "yes.wav")}
    kept = sign_in_as(giver).post("/v1/audio/voice_consents", recording).json()["id"]
    if gone == "deleted":
        assert sign_in_as(ann).delete(f"/v1/audio/voice_consents/{kept}").status_code == 200
    answer = make(statement="", statement_id=kept, client=sign_in_as(ann))
    assert wrong(answer) == (422, "consent_required", "statement")


def test_clips_that_come_later_are_compared_too(make, upload, heard) -> None:
    """Those that are added, and other parts of those that are there."""
    browser = Client(raise_request_exception=False)
    address = f"{VOICES}/{make().json()['id']}"
    answer = browser.post(f"{address}/references", {"reference": upload(heard["other"], "b.wav")})
    assert wrong(answer) == (422, "consent_mismatch", "reference")
    added = browser.post(f"{address}/references", {"reference": upload(heard["speech"], "c.wav")})
    assert len(added.json()["references"]) == 2
    before = Voice.objects.get().speaker_similarity
    Voice.objects.update(speaker_similarity=0.99)
    clip = next(each["id"] for each in added.json()["references"] if each["name"] == "tom.wav")
    trimmed = browser.patch(
        f"{address}/references/{clip}",
        {"start_seconds": 0, "end_seconds": 2.5},
        content_type="application/json",
    )
    assert trimmed.status_code == 200
    assert Voice.objects.get().speaker_similarity < 0.99
    assert before < 1


def test_statement_for_a_voice_that_stands_already(make_voice, upload, heard, settings) -> None:
    """A man's; it is compared with the clips that are there."""
    voice = make_voice("Tom")
    settings.REQUIRE_CONSENT = "recorded"
    browser = Client(headers={"Accept-Language": "en"})
    sent = {"name": "Tom", "consent": "recorded"}
    page = browser.post(f"/voices/{voice.pk}/", {**sent, "statement": upload(heard["other"], "no.wav")})
    assert page.status_code == 422 and "not in the voice of the clips" in page.content.decode()
    assert not VoiceConsent.objects.exists()
    saved = browser.post(f"/voices/{voice.pk}/", {**sent, "statement": upload(heard["speech"], "yes.wav")})
    assert saved.status_code == 302
    voice.refresh_from_db()
    assert (voice.agreement, voice.consent) == ("recorded", VoiceConsent.objects.get())
    assert (
        f"Like the clips: {voice.speaker_similarity:.2f}" in browser.get(saved["Location"]).content.decode()
    )
    browser.post(f"/voices/{voice.pk}/", {"name": "Thomas", "consent": "recorded"})
    voice.refresh_from_db()
    assert (voice.name, voice.consent) == ("Thomas", VoiceConsent.objects.get())


def test_sentence_names_who_runs_the_server(client, settings) -> None:
    settings.OPERATOR = "Radio Ada"
    listed = client.get("/api/v1/statements").json()["results"]
    assert len(listed) == 16
    assert all("Radio Ada" in each["sentence"] for each in listed)
    shown = client.get("/statement-script/", {"statement_language": "uk"}).content.decode()
    assert '<p lang="uk"' in shown and "Radio Ada" in shown
    settings.OPERATOR = ""
    shown = client.get("/statement-script/", {"statement_language": "de"})
    assert "der Betreiber dieses Servers" in shown.content.decode()


def test_words_are_compared_with_the_sentence_where_there_is_a_recogniser(
    make, settings, monkeypatch
) -> None:
    """By a worker, once. What the recogniser itself hears is tested with it."""
    make()
    assert not statements.listen_next()  # CHECK_SPEECH is off
    settings.CHECK_SPEECH = "score"
    monkeypatch.setattr(statements, "find_obstacle", lambda _folder: "The recogniser is missing.")
    assert not statements.listen_next()
    monkeypatch.setattr(statements, "find_obstacle", lambda _folder: None)
    asked = []
    monkeypatch.setattr(
        statements, "run_module", lambda *args, **more: asked.append(more["piped"]) or {"share": 0.9}
    )
    assert statements.listen_next() and not statements.listen_next()
    assert "einverstanden" in json.loads(asked[0])["sentence"]
    assert VoiceConsent.objects.get().words_understood == 0.9
    page = (
        Client(headers={"Accept-Language": "en"}).get(f"/voices/{Voice.objects.get().pk}/").content.decode()
    )
    assert (
        "Words understood: 90\u00a0%" in page.replace("&nbsp;", "\u00a0") or "Words understood: 90 %" in page
    )
    VoiceConsent.objects.update(language="vi", is_listened_to=False)
    assert statements.listen_next()
    assert VoiceConsent.objects.get().words_understood is None
