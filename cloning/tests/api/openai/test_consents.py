"""Consents and custom voices of OpenAI's dialect: what is kept, for whom, and what goes with what."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import Q
from django.test import Client, TestCase
from django.utils import timezone

from cloning.jobs import departures, limits, sweeping
from cloning.jobs import voices as changes
from cloning.models import AuditEntry, Generation, Reference, Voice, VoiceConsent

CONSENTS = "/v1/audio/voice_consents"
VOICES = "/v1/audio/voices"


@pytest.fixture
def browser(db) -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def give(browser, upload, clips):
    """Records a consent."""

    def give(client: Client = browser, **changed: object):
        recording = upload(clips["speech"], "me.wav")
        return client.post(CONSENTS, {"name": "Ada", "language": "en-US", "recording": recording, **changed})

    return give


@pytest.fixture
def make(browser, upload, clips):
    """Makes a voice."""

    def make(consent: str, client: Client = browser, **changed: object):
        sample = upload(clips["rest"], "ada.wav")
        return client.post(VOICES, {"name": "Ada", "consent": consent, "audio_sample": sample, **changed})

    return make


def test_consent_is_kept_renamed_and_deleted_with_its_file(browser, give, stored_files, clips) -> None:
    made = give().json()
    assert made["object"] == "audio.voice_consent"
    assert (made["name"], made["language"]) == ("Ada", "en-US")
    row = VoiceConsent.objects.get()
    assert stored_files() == [f"consents/{row.pk}.wav"]
    assert row.recording.read() == clips["speech"]
    assert row.duration_seconds == pytest.approx(3, abs=0.1)
    address = f"{CONSENTS}/{made['id']}"
    assert browser.get(address).json() == made
    renamed = browser.post(address, {"name": " Ada  L. "}, content_type="application/json")
    assert renamed.json() == {**made, "name": "Ada L."}
    assert browser.get(address).json() == {**made, "name": "Ada L."}
    with TestCase.captureOnCommitCallbacks(execute=True):
        gone = browser.delete(address)
    assert gone.json() == {"id": made["id"], "deleted": True, "object": "audio.voice_consent"}
    assert not stored_files()
    assert browser.get(address).status_code == 404
    assert browser.delete(address).json()["error"]["code"] == "consent_unknown"
    assert set(AuditEntry.objects.values_list("deed", flat=True)) == {"consent_given", "consent_deleted"}


@pytest.mark.parametrize(
    "name, value, code, param",
    [
        ("name", "", "name_missing", "name"),
        ("name", "\u200b", "name_missing", "name"),
        ("name", "a" * 81, "name_too_long", "name"),
        ("language", "", "language_unsupported", "language"),
        ("language", "english please", "language_unsupported", "language"),
        ("language", "en-" + "a" * 40, "language_unsupported", "language"),
        ("recording", "no file", "reference_missing", "recording"),
    ],
)
def test_what_is_wrong_with_a_consent_is_said(give, stored_files, name, value, code, param) -> None:
    answer = give(**{name: value})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param)
    assert not VoiceConsent.objects.exists()
    assert not stored_files()


@pytest.mark.parametrize(
    "clip, code",
    [
        ("text", "reference_unreadable"),
        ("empty", "reference_unreadable"),
        ("silence", "reference_silent"),
        ("fifth_of_a_second", "reference_too_short"),
        ("silent_video", "reference_unreadable"),
        ("concat_list", "reference_unreadable"),
        ("26_mb", "reference_too_large"),
    ],
)
def test_recording_is_checked_as_clips_are(give, upload, clips, stored_files, clip, code) -> None:
    answer = give(recording=upload(clips[clip], "me.wav"))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, code, "recording")
    assert not stored_files()


def test_recording_has_at_most_ten_megabytes(give, upload) -> None:
    error = give(recording=upload(bytes(10 * 1024**2 + 1), "me.wav")).json()["error"]
    assert error["code"] == "reference_too_large"
    assert "10 MB" in error["message"]


def test_list_goes_on_after_the_last(browser, give) -> None:
    assert browser.get(CONSENTS).json() == {
        **{"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    }
    give()
    first = VoiceConsent.objects.get()
    for seconds in (1, 2, 2, 3):  # two of one moment
        first.pk = None
        first.created_at = first.created_at + timedelta(seconds=seconds)
        VoiceConsent(**{field.name: getattr(first, field.name) for field in first._meta.fields[1:]}).save()
    seen, after = [], ""
    while True:
        page = browser.get(CONSENTS, {"limit": "2", **({"after": after} if after else {})}).json()
        seen += [each["id"] for each in page["data"]]
        after = page["last_id"]
        assert page["data"][0]["id"] == page["first_id"]
        if not page["has_more"]:
            break
    expected = VoiceConsent.objects.order_by("-created_at", "-pk")
    assert seen == [f"cons_{each.pk.hex}" for each in expected]
    assert len(seen) == 5
    for wrong in ({"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"after": "cons_1"}, {"after": "\0"}):
        answer = browser.get(CONSENTS, wrong)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, next(iter(wrong)))


def test_voice_stands_on_its_consent(browser, give, make) -> None:
    consent = give(language="de-AT").json()["id"]
    made = make(consent).json()
    assert (made["object"], made["type"], made["name"]) == ("audio.voice", "audio_sample", "Ada")
    voice = Voice.objects.get(pk=made["id"])
    assert (f"cons_{voice.consent_id.hex}", voice.language) == (consent, "de")
    assert Generation.objects.get().sample_of == voice  # it is to be heard, as every voice
    refused = browser.delete(f"{CONSENTS}/{consent}")
    assert (refused.status_code, refused["X-Should-Retry"]) == (409, "false")
    assert refused.json()["error"]["code"] == "consent_in_use"
    gone = browser.delete(f"{VOICES}/{made['id']}")
    assert gone.json() == {"id": made["id"], "deleted": True, "object": "audio.voice.deleted"}
    assert not (Voice.objects.exists() or Reference.objects.exists() or Generation.objects.exists())
    assert browser.delete(f"{VOICES}/{made['id']}").status_code == 404
    assert browser.delete(f"{CONSENTS}/{consent}").status_code == 200


def test_voice_that_could_be_brought_back_goes_with_its_consent(browser, give, make) -> None:
    consent = give().json()["id"]
    voice = Voice.objects.get(pk=make(consent).json()["id"])
    changes.delete_with_undo(voice)
    assert browser.delete(f"{CONSENTS}/{consent}").status_code == 200
    assert not Voice.objects.exists()
    assert changes.restore(voice.pk, None) is None


@pytest.mark.parametrize(
    "name, value, code, param",
    [
        ("consent", "", "consent_required", "consent"),
        ("consent", "cons_1234", "consent_required", "consent"),
        ("consent", "cons_" + "0" * 32, "consent_required", "consent"),
        ("name", "", "name_missing", "name"),
        ("audio_sample", "no file", "reference_missing", "audio_sample"),
        ("type", "prompt", "prompt_unsupported", "type"),
    ],
)
def test_what_is_wrong_with_a_voice_is_said(give, make, name, value, code, param) -> None:
    fields = {"consent": give().json()["id"], name: value}
    answer = make(**fields)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param)
    assert not Voice.objects.exists()


def test_voices_are_not_made_of_descriptions(browser) -> None:
    asked = {"type": "prompt", "name": "Ada", "prompt": "An old lady."}
    answer = browser.post(VOICES, json.dumps(asked), content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "prompt_unsupported")


def test_name_that_is_taken_is_worth_no_other_try(give, make) -> None:
    consent = give().json()["id"]
    make(consent)
    answer = make(consent)
    assert (answer.status_code, answer["X-Should-Retry"]) == (409, "false")
    assert Voice.objects.count() == 1


def test_what_is_sent_again_with_its_key_is_not_made_again(browser, give, make) -> None:
    browser.defaults["HTTP_IDEMPOTENCY_KEY"] = "one"
    consent = give().json()
    assert give().json() == consent
    browser.defaults["HTTP_IDEMPOTENCY_KEY"] = "two"
    made = make(consent["id"]).json()
    assert make(consent["id"]).json() == made
    assert (VoiceConsent.objects.count(), Voice.objects.count()) == (1, 1)


def test_consent_of_somebody_else_is_none(settings, give, make, db) -> None:
    settings.REQUIRE_LOGIN = True
    clients = []
    for name in ("ada", "bob"):
        client = Client(raise_request_exception=False, enforce_csrf_checks=False)
        client.force_login(User.objects.create_user(name))
        clients.append(client)
    ada, bob = clients
    consent = give(ada).json()["id"]
    assert VoiceConsent.objects.get().owner.username == "ada"
    assert make(consent, bob).json()["error"]["code"] == "consent_required"
    assert bob.get(CONSENTS).json()["data"] == []
    assert bob.get(CONSENTS, {"after": consent}).status_code == 400
    assert make(consent, ada).status_code == 200
    assert Voice.objects.get().owner.username == "ada"


def test_account_goes_with_its_consents(settings, give, make, stored_files, db) -> None:
    settings.REQUIRE_LOGIN = True
    user = User.objects.create_user("ada")
    client = Client(raise_request_exception=False)
    client.force_login(user)
    make(give(client).json()["id"], client)
    assert departures.count_belongings(user).consents == 1
    with TestCase.captureOnCommitCallbacks(execute=True):
        departures.begin(user)
        assert departures.finish(user)
    assert not (VoiceConsent.objects.exists() or Voice.objects.exists() or stored_files())


def test_recording_that_belongs_to_nothing_is_swept(give, settings, stored_files, monkeypatch) -> None:
    give()
    orphan = settings.STORAGE_ROOT / "consents" / "of-nothing.wav"
    orphan.write_bytes(b"RIFF")
    monkeypatch.setattr(sweeping, "MIN_AGE", timedelta(0))
    found = {finding.what for finding in sweeping.find_all()}
    assert f"consents/{orphan.name} belongs to nothing" in found
    assert len([what for what in found if what.startswith("consents/")]) == 1
    row = VoiceConsent.objects.get()
    (settings.STORAGE_ROOT / row.recording.name).unlink()
    assert f"{row.recording.name}, the recording of consent {row.pk}, is gone" in {
        finding.what for finding in sweeping.find_all()
    }
    assert row.created_at <= timezone.now()


def test_recordings_count_among_what_is_stored(give, clips) -> None:
    before = limits.measure_stored(Q())
    give()
    assert limits.measure_stored(Q()) - before == len(clips["speech"])


@pytest.mark.django_db(transaction=True)
def test_full_disk_keeps_nothing(fill_database, give, stored_files) -> None:
    fill_database("INSERT", "cloning_voiceconsent")
    answer = give()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "storage_full")
    assert not stored_files()
