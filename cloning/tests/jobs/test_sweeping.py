"""What a crash in the middle of anything leaves is found and goes; what is in use or just being made stays."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from cloning.jobs import sweeping
from cloning.jobs.conditioning import store_conditioning
from cloning.jobs.sweeping import find_all, sweep
from cloning.models import Generation, Reference, Speaker, StoredConditioning, Voice
from cloning.tests.clips import FEMALE_CLIP
from cloning.tests.performing import perform

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = [
    "incoming/clip.wav",
    "incoming/.0123.part",
    "normalized/clip.wav",
    "conditioning/0123/engine.safetensors",  # where earlier versions kept it
    "generated/lost-claim.wav",
    "generated/takes/lost-claim.wav",
]


@pytest.fixture
def age(settings):
    def make_old(hours: float = 2) -> None:
        for path in Path(settings.STORAGE_ROOT).rglob("*"):
            os.utime(path, (time.time() - hours * 3600,) * 2)

    return make_old


def mend_all() -> int:
    """How many were found."""
    return len([finding.mend() for finding in find_all()])


@pytest.mark.parametrize("name", NAMES)
def test_file_without_a_row_goes_once_it_is_old(name, age, stored_files) -> None:
    default_storage.save(name, ContentFile(b"a voice"))
    assert mend_all() == 0
    age()
    assert mend_all() == 1
    assert stored_files() == []


def test_empty_folder_goes(age, settings) -> None:
    folder = settings.STORAGE_ROOT / "conditioning" / "0123"
    folder.mkdir(parents=True)
    age()
    mend_all()
    assert not folder.exists()


def test_what_rows_have_stays(spoken, age, stored_files) -> None:
    reference = spoken.references.get()
    assert store_conditioning([reference], "engine-1", b"latents", 1.0)
    before = stored_files()
    assert {name.split("/")[0] for name in before} == {"incoming", "normalized", "conditioning", "generated"}
    age(48)
    Reference.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert mend_all() == 0
    assert stored_files() == before


def test_reference_of_nobody_goes_after_a_day(make_reference, nothing_kept) -> None:
    make_reference()
    mend_all()
    assert Reference.objects.exists()
    Reference.objects.update(created_at=timezone.now() - timedelta(days=2))
    mend_all()
    assert nothing_kept()


def test_reference_of_a_voice_stays(make_reference) -> None:
    Voice.objects.create(name="Ada").references.add(make_reference())
    Reference.objects.update(created_at=timezone.now() - timedelta(days=2))
    mend_all()
    assert Reference.objects.exists()


def test_conditioning_of_a_set_that_nobody_has_goes(make_generation, make_reference, stored_files) -> None:
    a, b = make_reference(), make_reference(FEMALE_CLIP)
    make_generation([a, b])
    assert store_conditioning([a, b], "engine-1", b"latents", 1.0)
    Generation.references.through.objects.filter(reference=b).delete()  # as no code here does
    mend_all()
    assert not StoredConditioning.objects.exists()
    assert a.file.name in stored_files()


def test_conditioning_without_references_goes(make_generation, make_reference) -> None:
    reference = make_reference()
    make_generation([reference])
    assert store_conditioning([reference], "engine-1", b"latents", 1.0)
    StoredConditioning.references.through.objects.all().delete()
    mend_all()
    assert not StoredConditioning.objects.exists()


def test_files_are_listed_each_hour(age, monkeypatch) -> None:
    monkeypatch.setattr(sweeping, "_list_at", 0.0)
    orphans = []
    for _ in range(2):
        default_storage.save("generated/a.wav", ContentFile(b"a voice"))
        age()
        sweep()
        orphans.append(default_storage.exists("generated/a.wav"))
    assert orphans == [False, True]


def test_sessions_go_once_they_have_expired(monkeypatch) -> None:
    monkeypatch.setattr(sweeping, "_list_at", 0.0)
    now = timezone.now()
    for key, ends in (("over", now - timedelta(seconds=1)), ("good", now + timedelta(days=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=ends)
    sweep()
    assert Session.objects.get().session_key == "good"


@pytest.mark.parametrize("days", [0, 30])
def test_old_generations_go_where_the_settings_say_so(days, settings, make_generation, stored_files) -> None:
    settings.KEEP_GENERATIONS_DAYS = days
    spoken, waiting, sample = perform(make_generation(is_starred=True)), make_generation(), make_generation()
    fresh = perform(make_generation())
    voice = Voice.objects.create(name="Grandma")
    voice.references.set(spoken.references.all())
    Generation.objects.filter(pk=sample.pk).update(sample_of=voice, status="succeeded")
    old = Generation.objects.exclude(pk=fresh.pk)
    old.update(created_at=timezone.now() - timedelta(days=31))
    sweep()
    kept = {waiting.pk, sample.pk, fresh.pk} | (set() if days else {spoken.pk})
    assert set(Generation.objects.values_list("pk", flat=True)) == kept
    assert (spoken.audio.name in stored_files()) == (days == 0)


def test_old_clips_go_where_the_settings_say_so_and_what_they_spoke_stays(
    settings, make_generation, make_reference
) -> None:
    settings.KEEP_REFERENCES_DAYS = 7
    once = perform(make_generation())
    saved = perform(make_generation([make_reference(FEMALE_CLIP)]))
    voice = Voice.objects.create(name="Grandma")
    voice.references.set(saved.references.all())
    assert StoredConditioning.objects.count() == 2
    sweep()
    assert Reference.objects.count() == 2
    Generation.objects.update(created_at=timezone.now() - timedelta(days=8))
    sweep()
    assert list(Reference.objects.all()) == list(voice.references.all())
    assert StoredConditioning.objects.count() == 1
    once.refresh_from_db()
    assert once.status == "succeeded" and once.audio.open().read(4) == b"RIFF"


def test_of_a_dialogue_old_clips_go_whose_voice_was_deleted(
    settings, make_generation, make_reference
) -> None:
    settings.KEEP_REFERENCES_DAYS = 7
    clips = [make_reference(), make_reference(FEMALE_CLIP)]
    dialogue = make_generation(clips, is_dialogue=True, status="succeeded")
    for index, clip in enumerate(clips):
        Speaker.objects.create(generation=dialogue, index=index, name=f"Speaker {index}").references.add(clip)
    voice = Voice.objects.create(name="Grandma")
    voice.references.add(clips[0])
    Generation.objects.update(created_at=timezone.now() - timedelta(days=8))
    sweep()
    assert list(Reference.objects.all()) == list(dialogue.references.all()) == [clips[0]]
    assert [list(each.references.all()) for each in dialogue.cast.order_by("index")] == [[clips[0]], []]
