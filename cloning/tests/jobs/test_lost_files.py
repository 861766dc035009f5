"""Files that a disk has lost: page and API say it, what can be made again is, and nobody's history is deleted."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

from cloning.jobs import state
from cloning.jobs.conditioning import store_conditioning
from cloning.jobs.sweeping import find_all, find_lost_files
from cloning.models import Generation, Reference, Status, StoredConditioning, Take, Voice
from cloning.tests.clips import MALE_CLIP

pytestmark = pytest.mark.django_db(transaction=True)


def mend_all() -> list[str]:
    found = []
    for finding in find_all():
        finding.mend()
        found.append(finding.what)
    return found


def test_generation_whose_audio_is_gone_says_so_on_page_and_api(spoken, api, client) -> None:
    default_storage.delete(spoken.audio.name)
    assert mend_all() == [f"{spoken.audio.name}, the audio of generation {spoken.pk}, is gone"]
    answer = api.get(reverse("api-generation", args=[spoken.pk])).json()
    assert (answer["status"], answer["download_url"]) == ("failed", None)
    assert answer["error"]["code"] == "storage_failed"
    assert answer["error"]["message"].startswith("The audio is gone from the server's storage.")
    assert answer["text"] == "Good morning."
    assert api.get(reverse("api-file", args=[spoken.pk, "wav"])).json()["error"]["code"] == "file_unknown"
    for page in (reverse("home"), spoken.get_absolute_url()):
        response = client.get(page)
        assert response.status_code == 200
        assert "The audio is gone from the server" in response.content.decode()
    assert mend_all() == []


def test_audio_that_comes_back_is_heard_again(spoken, api) -> None:
    """A disk that was not mounted, say."""
    content = spoken.audio.read()
    default_storage.delete(spoken.audio.name)
    mend_all()
    default_storage.save(spoken.audio.name, ContentFile(content))
    assert mend_all() == [f"{spoken.audio.name}, the audio of generation {spoken.pk}, is there again"]
    answer = api.get(reverse("api-generation", args=[spoken.pk])).json()
    assert (answer["status"], answer["error"]) == ("succeeded", None)
    heard = api.get(answer["download_url"])
    assert b"".join(heard.streaming_content) == content


def test_generation_whose_audio_is_gone_is_joined_again_and_not_spoken(spoken, worker) -> None:
    spoken_at = Take.objects.get().finished_at
    default_storage.delete(spoken.audio.name)
    mend_all()
    spoken.refresh_from_db()
    lost = spoken.audio.name
    assert state.resume(spoken)
    while spoken.is_active:
        spoken.refresh_from_db()
    assert spoken.status == Status.SUCCEEDED
    assert spoken.audio.name != lost
    assert default_storage.exists(spoken.audio.name)
    assert Take.objects.get().finished_at == spoken_at


def test_sentence_whose_sound_is_gone_too_is_spoken_again(spoken, worker) -> None:
    take = Take.objects.get()
    default_storage.delete(spoken.audio.name)
    default_storage.delete(take.audio.name)
    assert len(mend_all()) == 2
    take.refresh_from_db()
    assert (take.status, take.error_code, take.audio.name) == ("failed", "storage_failed", "")
    spoken.refresh_from_db()
    assert state.resume(spoken)
    while spoken.is_active:
        spoken.refresh_from_db()
    assert spoken.status == Status.SUCCEEDED
    assert default_storage.exists(Take.objects.get().audio.name)


def test_audio_stored_since_the_files_were_listed_is_not_lost(spoken) -> None:
    assert list(find_lost_files(stored=set())) == []


def test_generation_that_was_retried_meanwhile_is_left_alone(spoken) -> None:
    default_storage.delete(spoken.audio.name)
    (finding,) = find_all()
    Generation.objects.update(status=Status.QUEUED)
    finding.mend()
    spoken.refresh_from_db()
    assert spoken.status == Status.QUEUED


def test_what_can_be_made_again_is_forgotten(spoken) -> None:
    reference = spoken.references.get()
    reference.keep_normalized(ContentFile(b"normalised"))
    StoredConditioning.objects.all().delete()
    assert store_conditioning([reference], "engine-1", b"latents", learning_seconds=1.0)
    reference.refresh_from_db()
    default_storage.delete(reference.normalized.name)
    default_storage.delete(StoredConditioning.objects.get().file.name)
    assert len(mend_all()) == 2
    assert not StoredConditioning.objects.exists()
    assert Reference.objects.get().normalized.name == ""
    assert mend_all() == []


@pytest.fixture
def voice(make_reference) -> Voice:
    """One whose clip is gone."""
    voice = Voice.objects.create(name="Ada")
    voice.references.add(make_reference())
    default_storage.delete(voice.references.get().file.name)
    return voice


def test_voice_whose_clip_is_gone_stays_and_says_so(voice, api, client, worker) -> None:
    clip = voice.references.get()
    (what,) = mend_all()
    assert (
        what
        == f"{clip.file.name}, the clip of reference {clip.pk}, is gone; it is there again once somebody sends it again"
    )
    form = {"text": "Good morning.", "voice": str(voice.pk)}
    answer = api.post(reverse("api-generate"), form)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "reference_missing"
    page = client.get(Generation.objects.get().get_absolute_url())
    assert "file is gone from the storage" in page.content.decode()
    assert Voice.objects.exists()


def test_clip_that_is_sent_again_heals_the_voice(voice, api, upload, worker) -> None:
    form = {"text": "Good morning.", "reference": upload(MALE_CLIP)}
    assert api.post(reverse("api-generate"), form).status_code == 201
    assert mend_all() == []
    form = {"text": "Good morning.", "voice": str(voice.pk)}
    assert api.post(reverse("api-generate"), form).status_code == 201
