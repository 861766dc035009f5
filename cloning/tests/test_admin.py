import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cloning.errors import ErrorCode
from cloning.jobs import state, takes
from cloning.jobs.cleanup import delete_voice
from cloning.jobs.voices import create_from, find_free_name
from cloning.models import (
    AuditEntry,
    Deed,
    Generation,
    Reference,
    Segment,
    Take,
    Voice,
    VoiceAlias,
    VoiceConsent,
    Worker,
)
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.tests.performing import perform
from cloning.tests.speaking import THREE, claim_take

GENERATIONS = "/admin/cloning/generation/"
ATTACK = "<script>alert(1)</script>"


def act(client: Client, action: str, *generations: Generation, **more: str) -> str:
    data = {"action": action, "_selected_action": [str(found.pk) for found in generations], **more}
    return client.post(GENERATIONS, data, follow=True).content.decode()


def test_list_of_generations(admin_client, spoken, make_generation) -> None:
    failed = make_generation(text="This one fails.")
    takes.fail(claim_take(failed), ErrorCode.SYNTHESIS_FAILED, "It did not work.")
    body = admin_client.get(GENERATIONS).content.decode()
    assert f'<audio controls preload="none" src="/api/v1/files/{spoken.pk}.wav">' in body
    assert body.count("<audio") == 1
    assert "Preview (not a clone)" in body
    assert f"{spoken.duration_seconds:.1f} s" in body
    assert "synthesis_failed" in body
    assert f"?created_at__year={spoken.created_at.year}" in body or "created_at__day" in body, (
        "date hierarchy"
    )


@pytest.mark.parametrize(
    "search", ["Good", "good morning", "1688-142285", "Ada", "<script>", "'; DROP TABLE", "%"]
)
def test_search(search: str, admin_client, spoken) -> None:
    spoken.voice = create_from(spoken, "Ada")
    spoken.save()
    body = admin_client.get(GENERATIONS, {"q": search})
    assert body.status_code == 200
    found = search in ("Good", "good morning", "1688-142285", "Ada")
    assert (f"/api/v1/files/{spoken.pk}.wav" in body.content.decode()) == found


def test_search_by_id(admin_client, spoken, make_generation) -> None:
    other = make_generation()
    body = admin_client.get(GENERATIONS, {"q": str(spoken.pk)}).content.decode()
    assert f"{GENERATIONS}{spoken.pk}/" in body
    assert f"{GENERATIONS}{other.pk}/" not in body


@pytest.mark.parametrize(
    "name, matching, other",
    [
        ("status__exact", "succeeded", "failed"),
        ("engine", "preview", "xtts_v2"),
        ("language", "en", "de"),
        ("requested_via__exact", "api", "page"),
        ("audio_format__exact", "wav", "mp3"),
    ],
)
def test_filters(name: str, matching: str, other: str, admin_client, spoken) -> None:
    assert str(spoken.pk) in admin_client.get(GENERATIONS, {name: matching}).content.decode()
    assert str(spoken.pk) not in admin_client.get(GENERATIONS, {name: other}).content.decode()


@pytest.mark.parametrize("model", ["generation", "segment", "reference", "voice", "worker"])
def test_lists_ask_the_database_a_fixed_number_of_times(
    model: str, admin_client, admin_user, make_generation, make_reference
) -> None:
    def rows(count: int) -> int:
        for number in range(count):
            generation = make_generation(owner=admin_user)
            create_from(generation, find_free_name("Voice", generation.owner))
            Worker.objects.create(host="here", pid=number)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert admin_client.get(f"/admin/cloning/{model}/").status_code == 200
        return len(captured)

    assert rows(2) == rows(8)


def test_one_generation(admin_client, spoken) -> None:
    reference = spoken.references.get()
    body = admin_client.get(f"{GENERATIONS}{spoken.pk}/change/").content.decode()
    assert f'src="/api/v1/files/{spoken.pk}.wav"' in body
    assert f'src="/admin/cloning/reference/{reference.pk}/audio/"' in body
    assert "Good morning." in body
    assert 'name="_save"' not in body, "a generation is a record: nothing to edit"
    assert admin_client.get(f"{GENERATIONS}add/").status_code == 403


def test_continue(admin_client, make_generation) -> None:
    failed, waiting = make_generation(), make_generation()
    takes.fail(claim_take(failed), ErrorCode.SYNTHESIS_FAILED, "It did not work.")
    assert "Continue the selected" in admin_client.get(GENERATIONS).content.decode()
    assert "1 queued again." in act(admin_client, "resume", failed, waiting)
    failed.refresh_from_db()
    assert (failed.status, failed.error_message, failed.segments.get().takes.get().attempts) == (
        "queued",
        "",
        0,
    )
    assert perform(failed).status == "succeeded"


def test_continue_with_a_full_queue_says_so(admin_client, make_generation, settings) -> None:
    stopped = make_generation()
    state.cancel(stopped)
    settings.MAX_QUEUED = 0
    assert "Too many generations are waiting" in act(admin_client, "resume", stopped)
    stopped.refresh_from_db()
    assert stopped.status == "cancelled"


def test_sentences_and_their_takes(admin_client, make_generation) -> None:
    generation = perform(make_generation(text=THREE))
    listed = admin_client.get("/admin/cloning/segment/").content.decode()
    assert "The second sentence is this." in listed
    segment = generation.segments.get(index=1)
    takes.add_take(segment, "The second sentence is another.", 99)
    takes.fail(claim_take(generation), ErrorCode.SYNTHESIS_FAILED, "It did not work.")
    body = admin_client.get(f"/admin/cloning/segment/{segment.pk}/change/").content.decode()
    for shown in ("The second sentence is another.", "99", "It did not work.", "preview"):
        assert shown in body
    assert 'name="_save"' not in body, "another take is asked for on the page"
    assert (
        admin_client.post(f"/admin/cloning/segment/{segment.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    found = admin_client.get("/admin/cloning/segment/", {"q": str(generation.pk)}).content.decode()
    assert "The second sentence is this." in found


def test_cancel(admin_client, make_generation, spoken) -> None:
    waiting = make_generation()
    assert "1 cancelled." in act(admin_client, "cancel", waiting, spoken)
    for found, status in ((waiting, "cancelled"), (spoken, "succeeded")):
        found.refresh_from_db()
        assert found.status == status


@pytest.mark.django_db(transaction=True)
def test_deleting_several_takes_their_files_along(
    admin_client, make_generation, make_reference, stored_files
) -> None:
    first, second = perform(make_generation()), perform(make_generation())
    other = make_reference(FEMALE_CLIP)
    kept = make_generation([other])
    assert "Successfully deleted 2 generations" in act(
        admin_client, "delete_selected", first, second, post="yes"
    )
    assert list(Generation.objects.all()) == [kept]
    assert stored_files() == [other.file.name]


@pytest.mark.django_db(transaction=True)
def test_deleting_one_takes_its_files_along(admin_client, spoken, stored_files) -> None:
    admin_client.post(f"{GENERATIONS}{spoken.pk}/delete/", {"post": "yes"})
    assert stored_files() == []


@pytest.mark.django_db(transaction=True)
def test_deleting_a_voice_and_a_reference(admin_client, spoken, make_generation, stored_files) -> None:
    voice = create_from(spoken, "Ada")
    admin_client.post(f"/admin/cloning/voice/{voice.pk}/delete/", {"post": "yes"})
    assert not Voice.objects.exists()
    assert Reference.objects.exists(), "the generation uses it"
    reference = Reference.objects.get()
    admin_client.post(f"/admin/cloning/reference/{reference.pk}/delete/", {"post": "yes"})
    take = Take.objects.get()
    assert stored_files() == sorted([spoken.audio.name, take.audio.name])
    assert Generation.objects.exists()


def test_reference_player(admin_client, make_generation) -> None:
    generation = make_generation()
    reference = generation.references.get()
    url = reverse("admin:cloning_reference_audio", args=[reference.pk])
    assert url in admin_client.get("/admin/cloning/reference/").content.decode()
    assert url in admin_client.get(f"/admin/cloning/reference/{reference.pk}/change/").content.decode()
    assert admin_client.get(url).getvalue() == reference.file.read()
    perform(generation)
    whole = admin_client.get(url)
    assert whole["Content-Type"] == "audio/wav"
    audio = whole.getvalue()
    part = admin_client.get(url, headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.getvalue()) == (206, audio[4:8])


def test_reference_player_is_for_staff_who_may_see_references(
    make_reference, django_user_model, client
) -> None:
    url = reverse("admin:cloning_reference_audio", args=[make_reference().pk])
    assert client.get(url)["Location"].startswith("/admin/login/")
    user = django_user_model.objects.create_user("ann", password="secret")
    client.force_login(user)
    assert client.get(url).status_code == 302
    user.is_staff = True
    user.save()
    assert client.get(url).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_reference"))
    assert client.get(url).status_code == 200


def test_actions_need_the_permission_to_change(make_generation, django_user_model, client) -> None:
    user = django_user_model.objects.create_user("ann", password="secret", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_generation"))
    client.force_login(user)
    generation = make_generation()
    assert client.get(GENERATIONS).status_code == 200
    act(client, "cancel", generation)
    generation.refresh_from_db()
    assert generation.status == "queued"


@pytest.mark.parametrize("path", ["", "reference/", "voice/", "generation/", "segment/", "worker/"])
def test_admin_is_closed_to_strangers(path: str, client, db) -> None:
    assert client.get(f"/admin/cloning/{path}").status_code == 302


def test_nothing_that_was_typed_becomes_markup(admin_client, make_generation) -> None:
    generation = make_generation(text=ATTACK)
    takes.fail(claim_take(generation), ErrorCode.SYNTHESIS_FAILED, ATTACK)
    segment = generation.segments.get()
    Segment.objects.update(text=ATTACK)
    reference = generation.references.get()
    reference.original_name = ATTACK
    reference.save()
    voice = create_from(generation, ATTACK)
    for path in (
        "generation/", f"generation/{generation.pk}/change/", "reference/", f"reference/{reference.pk}/change/",
        "segment/", f"segment/{segment.pk}/change/",
        "voice/", f"voice/{voice.pk}/change/", f"voice/{voice.pk}/delete/", f"generation/{generation.pk}/delete/",
    ):  # fmt: skip
        response: Any = admin_client.get(f"/admin/cloning/{path}")
        assert response.status_code == 200
        assert ATTACK not in response.content.decode()
        assert re.search("&lt;script&gt;|%3Cscript", response.content.decode()), "shown, as text"


def test_clips_and_sample_of_a_voice_can_be_heard(admin_client, spoken) -> None:
    voice = create_from(spoken, "Ada")
    page = f"/admin/cloning/voice/{voice.pk}/change/"
    clip = reverse("admin:cloning_reference_audio", args=[voice.references.get().pk])
    assert f'<audio controls preload="none" src="{clip}">' in admin_client.get(page).content.decode()
    spoken.sample_of = voice
    spoken.save()
    assert f'src="/api/v1/files/{spoken.pk}.wav"' in admin_client.get(page).content.decode()
    assert admin_client.get("/admin/cloning/voice/add/").status_code == 200


@pytest.mark.parametrize("name, text", [("error_code", "none"), ("engine", "not spoken yet")])
def test_filter_by_no_value_has_a_name(name: str, text: str, admin_client, spoken, make_generation) -> None:
    takes.fail(claim_take(make_generation()), ErrorCode.SYNTHESIS_FAILED, "It did not work.")
    make_generation()
    assert f'<a href="?{name}=">{text}</a>' in re.sub(
        r">\s+|\s+<", lambda found: found[0].strip(), admin_client.get(GENERATIONS).content.decode()
    )


def test_consents_can_be_heard_and_go_with_no_voice_on_them(admin_client, spoken, stored_files) -> None:
    consent = VoiceConsent(name="Ada", language="en-US", suffix=".flac", duration_seconds=7.0, size_bytes=1)
    consent.recording.save("", ContentFile(MALE_CLIP.read_bytes()))
    voice = create_from(spoken, "Ada")
    Voice.objects.filter(pk=voice.pk).update(consent=consent)
    VoiceAlias.objects.create(name="nova", voice=voice)
    page = f"/admin/cloning/voiceconsent/{consent.pk}/"
    sound = reverse("admin:cloning_voiceconsent_recording", args=[consent.pk])
    assert f'src="{sound}"' in admin_client.get(f"{page}change/").content.decode()
    assert b"".join(admin_client.get(sound)) == MALE_CLIP.read_bytes()
    assert AuditEntry.objects.filter(about=f"consent {consent.pk}", deed=Deed.LOOKED_AT).count() == 2
    for kind in ("voiceconsent", "voicealias"):
        assert "Ada" in admin_client.get(f"/admin/cloning/{kind}/").content.decode()
    admin_client.post(f"{page}delete/", {"post": "yes"})
    assert VoiceConsent.objects.exists()
    delete_voice(voice.pk)
    with TestCase.captureOnCommitCallbacks(execute=True):
        admin_client.post(f"{page}delete/", {"post": "yes"})
    assert not [name for name in stored_files() if name.startswith("consents/")]
