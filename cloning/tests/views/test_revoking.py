"""Where a voice can be revoked: on its page, over the API, in the admin, by a command."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from cloning.jobs import revoking
from cloning.models import AuditEntry, Deed, Generation, Reference, Voice, VoiceConsent
from cloning.tests.jobs.recording import speak_all
from cloning.tests.people import sign_in_as

pytestmark = pytest.mark.django_db


@pytest.fixture
def voice(make_voice) -> Voice:
    return make_voice("Ada")


def test_page_says_what_goes_and_does_it(client, voice, make_generation):
    speak_all(make_generation(voice=voice))
    same = Voice.objects.create(name="Ada, louder")
    same.references.set(voice.references.all())
    assert f"/voices/{voice.pk}/revoke/" in client.get(f"/voices/{voice.pk}/").content.decode()
    page = client.get(f"/voices/{voice.pk}/revoke/").content.decode()
    assert "1 clip, and all" in page and "1 generation of yours" in page
    assert "Ada, louder" in page
    assert Voice.objects.count() == 2, "asking changes nothing"
    answer = client.post(f"/voices/{voice.pk}/revoke/", follow=True)
    assert answer.redirect_chain == [("/voices/", 302)]
    assert "The voice is revoked. 1 generation that was" in answer.content.decode()
    assert not (Voice.objects.exists() or Generation.objects.exists() or Reference.objects.exists())
    for method in (client.get, client.post):
        assert method(f"/voices/{voice.pk}/revoke/").status_code == 404


def test_what_takes_longer_is_said(client, voice, make_generation, monkeypatch):
    make_generation(voice=voice)
    monkeypatch.setattr(revoking, "REQUEST_SECONDS", 0.0)
    page = client.post(f"/voices/{voice.pk}/revoke/", follow=True).content.decode()
    assert "Its files are being deleted" in page and "Ada" not in page
    assert "Ada" not in client.get(f"/voices/?deleted={voice.pk}").content.decode()
    assert client.post(f"/voices/{voice.pk}/restore/").status_code == 404


def test_nobody_revokes_the_voice_of_another(ann, make_voice):
    voice = make_voice("Ada", owner=ann, is_shared=True)
    bob = sign_in_as(User.objects.create_user("bob"))
    for method in (bob.get, bob.post):
        assert method(f"/voices/{voice.pk}/revoke/").status_code == 404
    assert "/revoke/" not in bob.get(f"/voices/{voice.pk}/").content.decode()
    assert Voice.objects.kept().exists()


def test_api(api, voice, make_generation):
    generation = speak_all(make_generation(voice=voice))
    answer = api.post(f"/api/v1/voices/{voice.pk}/revoke")
    assert answer.status_code == 200
    assert answer.json() == {
        "voices": [str(voice.pk)],
        "generations": 1,
        "takes": 1,
        "clips": 1,
        "consents": 0,
        "speech_seconds": 0.0,
        "is_finished": True,
    }
    again = api.post(f"/api/v1/voices/{voice.pk}/revoke")
    assert (again.status_code, again.json()["error"]["code"]) == (404, "voice_gone")
    gone = api.get(f"/api/v1/generations/{generation.pk}")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "generation_unknown")
    named = api.post("/api/v1/voice-clone/generate", {"text": "Hello.", "voice": "Ada"})
    assert (named.status_code, named.json()["error"]["code"]) == (422, "voice_unknown")


def test_api_of_consents(api, voice):
    consent = VoiceConsent.objects.create(name="Ada", language="en", duration_seconds=1.0, size_bytes=1)
    Voice.objects.update(consent=consent)
    answer = api.post(f"/api/v1/consents/cons_{consent.pk.hex}/revoke")
    assert (answer.json()["voices"], answer.json()["consents"]) == ([str(voice.pk)], 1)
    for identifier in (f"cons_{consent.pk.hex}", "cons_0", "Ada"):
        again = api.post(f"/api/v1/consents/{identifier}/revoke")
        assert (again.status_code, again.json()["error"]["code"]) == (404, "consent_unknown")


@pytest.mark.parametrize(
    ("model", "action"), [("voice", "revoke_voices"), ("voiceconsent", "revoke_consents")]
)
def test_operators_are_asked_first(model, action, admin_client, voice, make_reference):
    consent = VoiceConsent.objects.create(name="Ada", language="en", duration_seconds=1.0, size_bytes=1)
    Voice.objects.update(consent=consent)
    bobs = Voice.objects.create(name="Bobs", owner=User.objects.create_user("bob"))
    bobs.references.set([make_reference(owner=bobs.owner)])
    selected = {"voice": voice, "voiceconsent": consent}[model]
    asked = {"action": action, "_selected_action": [str(selected.pk)]}
    page = admin_client.post(f"/admin/cloning/{model}/", asked).content.decode()
    assert "Ada" in page and "Revoke for good" in page
    assert ("Bobs of bob" in page) == (model == "voice")
    assert Voice.objects.kept().count() == 2
    page = admin_client.post(
        f"/admin/cloning/{model}/", asked | {"confirmed": "yes"}, follow=True
    ).content.decode()
    assert "1 voices revoked" in page
    assert list(Voice.objects.all()) == [bobs]
    assert AuditEntry.objects.get(deed=Deed.VOICE_REVOKED).username == "admin"


def test_command(voice, make_reference, capsys, monkeypatch):
    bobs = Voice.objects.create(name="Bobs", owner=User.objects.create_user("bob"))
    bobs.references.set([make_reference(owner=bobs.owner)])
    monkeypatch.setattr("builtins.input", lambda _asked: "no")
    with pytest.raises(CommandError, match="Nothing was revoked"):
        call_command("revoke_voice", str(voice.pk))
    assert "1 voices of other accounts have the same recording" in capsys.readouterr().out
    call_command("revoke_voice", str(voice.pk), "--everywhere", "--no-input")
    assert "Revoked." in capsys.readouterr().out
    assert not Voice.objects.exists() and not Reference.objects.exists()
    with pytest.raises(CommandError, match="There is no voice"):
        call_command("revoke_voice", str(voice.pk), "--no-input")
