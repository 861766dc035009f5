"""Who did what to which voice: written with the deed, and kept."""

import io
import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from cloning.errors import GenerationError
from cloning.jobs import audit, keys, sweeping, takes, voices
from cloning.jobs.acting import Actor, acting
from cloning.models import AuditEntry, Channel, Deed, Scope, Voice
from cloning.tests.api_client import GENERATE
from cloning.tests.clips import FEMALE_CLIP
from cloning.tests.speaking import accept_sounds

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(settings) -> User:
    settings.REQUIRE_LOGIN = True
    return User.objects.create_user("ada", password="secret-of-ada")


@pytest.fixture
def grandmother(make_reference, ada) -> Voice:
    voice = Voice.objects.create(name="Grandmother", owner=ada)
    voice.references.add(make_reference())
    return voice


def deeds() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("deed", flat=True))


def test_what_is_done_with_a_key_says_who_which_key_from_where_and_in_which_request(api, ada, clips) -> None:
    key, secret = keys.make(ada, "a", list(Scope))
    headers = {"Authorization": f"Bearer {secret}", "X-Request-ID": "request-7", "Prefer": "respond-async"}
    clip = SimpleUploadedFile("speech.wav", clips["speech"])
    made = api.post(
        "/api/v1/voices",
        {"name": "Grandmother", "reference": clip},
        headers=headers,
        REMOTE_ADDR="203.0.113.1",
    )
    voice_id = made.json()["id"]
    api.post(GENERATE, {"text": "Good morning.", "voice": voice_id}, headers=headers)
    api.get(f"/api/v1/voices/{voice_id}/export", headers=headers)
    api.delete(f"/api/v1/voices/{voice_id}", headers=headers)
    assert deeds() == ["key_made", "voice_created", "spoken_with", "exported", "deleted"]
    first = AuditEntry.objects.get(deed=Deed.VOICE_CREATED)
    assert (first.user, first.username, first.key_prefix) == (ada, "ada", key.prefix)
    assert (first.address, first.request_id) == ("203.0.113.1", "request-7")
    for entry in AuditEntry.objects.exclude(deed=Deed.KEY_MADE):
        assert (str(entry.voice_id), entry.voice_name) == (voice_id, "Grandmother"), entry.deed
    assert secret not in json.dumps([audit.describe(entry) for entry in AuditEntry.objects.all()])


def test_changes_of_a_voice(grandmother, make_reference, ada) -> None:
    other = make_reference(FEMALE_CLIP)
    with acting(Actor(ada, None, "203.0.113.1")):
        grandmother.references.add(other)
        voices.trim_reference(grandmother, other.pk, (0.5, 3.0), Channel.API)
        trimmed = grandmother.references.get(start_seconds=0.5)
        voices.remove_reference(grandmother, trimmed.pk, Channel.API)
        grandmother.name = "Granny"
        grandmother.is_shared = True
        voices.save_details(grandmother, Channel.API)
        voices.delete_with_undo(grandmother)
        voices.restore(grandmother.pk, ada)
    assert deeds() == ["clip_trimmed", "clip_removed", "shared", "voice_changed", "deleted", "restored"]
    assert AuditEntry.objects.get(deed=Deed.VOICE_CHANGED).about == "name, before: Grandmother"
    assert AuditEntry.objects.get(deed=Deed.CLIP_REMOVED).about == f"clip {trimmed.pk}"


def test_what_is_not_done_is_not_written(grandmother, ada) -> None:
    Voice.objects.create(name="Taken", owner=ada)
    grandmother.name = "Taken"
    with pytest.raises(GenerationError):
        voices.save_details(grandmother, Channel.API)
    only = grandmother.references.get()
    with pytest.raises(GenerationError):
        voices.remove_reference(grandmother, only.pk, Channel.API)
    assert deeds() == []


def test_it_is_kept_when_voice_and_account_are_gone(grandmother, ada) -> None:
    with acting(Actor(ada)):
        voices.delete_with_undo(grandmother)
    Voice.objects.update(deleted_at=timezone.now() - timedelta(hours=1))
    voices.purge_deleted()
    assert not Voice.objects.exists()
    ada.delete()
    by_ada, by_nobody = AuditEntry.objects.order_by("pk")
    assert (by_ada.user, by_ada.username, by_ada.voice_name) == (None, "ada", "Grandmother")
    assert (by_nobody.username, by_nobody.about) == ("", "for good")


def test_a_sentence_spoken_again_is_spoken_with(make_generation, grandmother, ada) -> None:
    generation = accept_sounds(make_generation(voice=grandmother, owner=ada))
    AuditEntry.objects.all().delete()
    with acting(Actor(ada)):
        takes.add_take(generation.segments.get(), "Good evening.", 7)
    entry = AuditEntry.objects.get()
    assert (entry.deed, entry.voice_id, entry.generation_id) == ("spoken_with", grandmother.pk, generation.pk)
    assert entry.about == "sentence 1 once more"


def test_signing_in(admin_user, ada) -> None:
    for password in ("wrong", "password"):
        Client().post("/admin/login/", {"username": "admin", "password": password}, REMOTE_ADDR="203.0.113.9")
    failed, done = AuditEntry.objects.order_by("pk")
    assert (failed.deed, failed.username, failed.about) == ("sign_in_failed", "", "as admin")
    assert (done.deed, done.user, done.address) == ("signed_in", admin_user, "203.0.113.9")


def test_keys(ada) -> None:
    with acting(Actor(ada)):
        key, _ = keys.make(ada, "laptop", [Scope.READ])
        keys.revoke(ada, key.pk)
        keys.revoke(ada, key.pk)
    assert deeds() == ["key_made", "key_revoked"]
    assert {entry.about for entry in AuditEntry.objects.all()} == {f"laptop ({key.prefix}…)"}


def test_in_the_admin_it_is_read_exported_and_not_changed(admin_client, grandmother, make_generation) -> None:
    generation = make_generation(voice=grandmother)
    reference = grandmother.references.get()
    AuditEntry.objects.all().delete()
    for path in (f"voice/{grandmother.pk}", f"generation/{generation.pk}", f"reference/{reference.pk}"):
        assert admin_client.get(f"/admin/cloning/{path}/change/").status_code == 200
    looks = AuditEntry.objects.filter(deed=Deed.LOOKED_AT, username="admin", voice_id=grandmother.pk)
    assert looks.count() == 3
    listing = "/admin/cloning/auditentry/"
    assert "Grandmother" in admin_client.get(listing).content.decode()
    entry = looks.first()
    assert admin_client.post(f"{listing}{entry.pk}/delete/").status_code == 403
    assert admin_client.get(f"{listing}add/").status_code == 403
    exported = admin_client.post(listing, {"action": "export", "_selected_action": [entry.pk]})
    (line,) = exported.getvalue().decode().splitlines()
    assert json.loads(line)["voice_name"] == "Grandmother"
    chosen = {"action": "delete_selected", "_selected_action": [grandmother.pk], "post": "yes"}
    admin_client.post("/admin/cloning/voice/", chosen)
    assert AuditEntry.objects.filter(deed=Deed.DELETED, username="admin").count() == 1


def test_the_command_writes_json_lines_of_a_time(grandmother, ada) -> None:
    with acting(Actor(ada)):
        for deed in (Deed.SHARED, Deed.UNSHARED, Deed.EXPORTED):
            audit.record(deed, grandmother)
    AuditEntry.objects.filter(deed=Deed.SHARED).update(happened_at="2026-01-01T00:00:00Z")
    AuditEntry.objects.filter(deed=Deed.UNSHARED).update(happened_at="2026-02-01T00:00:00Z")

    def write(*arguments: str) -> list[str]:
        call_command("audit", *arguments, stdout=(out := io.StringIO()))
        return [json.loads(line)["deed"] for line in out.getvalue().splitlines()]

    assert write() == ["shared", "unshared", "exported"]
    assert write("--since", "2026-01-15", "--until", "2026-02-15") == ["unshared"]
    assert write("--user", "bob") == []
    assert write("--voice", str(grandmother.pk), "--since", "2026-02-02T00:00Z") == ["exported"]


@pytest.mark.parametrize(("days", "left"), [(365, 1), (0, 2)])
def test_what_is_old_goes(days: int, left: int, settings) -> None:
    settings.KEEP_AUDIT_DAYS = days
    for _ in range(2):
        audit.record(Deed.SIGN_IN_FAILED, about="\0" + "a" * 500)
    AuditEntry.objects.filter(pk=AuditEntry.objects.first().pk).update(
        happened_at=timezone.now() - timedelta(days=366)
    )
    sweeping.sweep()
    assert AuditEntry.objects.count() == left
