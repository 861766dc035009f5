"""Voices change, and nothing of what they were before is left behind."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from cloning.errors import ErrorCode, GenerationError
from cloning.forms.clips import probe_distinct
from cloning.jobs import sweeping, voices
from cloning.jobs.cleanup import delete_voice
from cloning.jobs.submission import submit
from cloning.models import Channel, Generation, Reference, Status, StoredConditioning, Voice
from cloning.storage.uploads import TemporaryUpload
from cloning.tests.performing import perform

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def upload_clip(clips, tmp_path) -> Callable[[str], object]:
    def make(name: str):
        path = tmp_path / name
        path.write_bytes(clips[name])
        with path.open("rb") as file:
            return probe_distinct([TemporaryUpload.copy(file, f"{name}.wav")], None)[0]

    return make


@pytest.fixture
def ada(upload_clip) -> Voice:
    voice = Voice(name="Ada")
    voices.create(voice, [upload_clip("speech")], Channel.PAGE)
    return voice


def spoken_sample(voice: Voice) -> Generation:
    return perform(Generation.objects.get(sample_of=voice))


def test_new_voice_speaks_a_sample_that_is_nobodys_generation(ada) -> None:
    sample = spoken_sample(ada)
    assert (sample.status, sample.language) == ("succeeded", "en")
    assert Generation.objects.count() == 1
    assert not Generation.objects.listed().exists()
    found = Voice.objects.with_last_use(None).get()
    assert found.last_used_at is None


def test_use_of_a_voice_is_known(ada) -> None:
    generation = Generation(text="Hello.", language="en", requested_via=Channel.API, voice=ada)
    submit(generation)
    found = Voice.objects.with_last_use(None).get()
    assert found.last_used_at == generation.created_at


def test_voice_is_made_when_there_is_no_place_for_its_sample(upload_clip, settings, make_generation) -> None:
    make_generation()
    settings.MAX_QUEUED = 1
    voices.create(Voice(name="Ada"), [upload_clip("speech")], Channel.PAGE)
    assert Voice.objects.get().references.count() == 1
    assert not Generation.objects.filter(sample_of__isnull=False).exists()


@pytest.mark.parametrize("name", ["Ada", "ADA", "ada"])
def test_name_is_taken_once(name: str, ada, upload_clip, stored_files) -> None:
    upload = upload_clip("other")
    before = stored_files()
    with pytest.raises(GenerationError) as raised:
        voices.create(Voice(name=name), [upload], Channel.PAGE)
    assert raised.value.code == ErrorCode.NAME_TAKEN
    assert (Voice.objects.count(), stored_files()) == (1, before)


def test_names_differ_in_more_than_case_in_any_script(upload_clip) -> None:
    voices.create(Voice(name="Ёлка"), [upload_clip("speech")], Channel.PAGE)
    with pytest.raises(GenerationError):
        voices.create(Voice(name="ёлка"), [upload_clip("speech")], Channel.PAGE)
    voices.create(Voice(name="Елка"), [upload_clip("speech")], Channel.PAGE)


def test_free_name(ada, upload_clip) -> None:
    assert voices.find_free_name("Bob", None) == "Bob"
    assert voices.find_free_name("ADA", None) == "ADA 2"
    voices.create(Voice(name="Ada 2"), [upload_clip("speech")], Channel.PAGE)
    assert voices.find_free_name("Ada", None) == "Ada 3"
    voices.create(Voice(name="x" * 80), [upload_clip("speech")], Channel.PAGE)
    assert voices.find_free_name("x" * 80, None) == "x" * 78 + " 2"


def test_clip_that_is_added_changes_what_is_derived(ada, upload_clip, stored_files) -> None:
    old = spoken_sample(ada)
    assert StoredConditioning.objects.count() == 1
    voices.add_references(ada, [upload_clip("other")], Channel.PAGE)
    assert ada.references.count() == 2
    assert not StoredConditioning.objects.exists(), "it was of another set"
    assert not Generation.objects.filter(pk=old.pk).exists()
    assert spoken_sample(ada).references.count() == 2
    assert old.audio.name not in stored_files()


def test_clip_that_is_removed_is_gone_with_all_that_knew_it(ada, upload_clip, stored_files) -> None:
    voices.add_references(ada, [upload_clip("other")], Channel.PAGE)
    spoken_sample(ada)
    removed = Reference.objects.get(original_name="other.wav")
    voices.remove_reference(ada, removed.pk, Channel.PAGE)
    assert [each.original_name for each in Reference.objects.all()] == ["speech.wav"]
    assert not StoredConditioning.objects.exists()
    assert not any(str(removed.pk) in name for name in stored_files())
    assert [each.references.count() for each in Generation.objects.all()] == [1]


def test_last_clip_stays(ada) -> None:
    with pytest.raises(GenerationError) as raised:
        voices.remove_reference(ada, ada.references.get().pk, Channel.PAGE)
    assert raised.value.code == ErrorCode.LAST_REFERENCE
    assert Generation.objects.get().sample_of == ada, "nothing changed"


def test_clips_have_a_limit(ada, upload_clip, clips, wav, stored_files) -> None:
    rng = np.random.default_rng(1)
    for number in range(voices.MAX_REFERENCES):
        clips[f"noise{number}"] = wav(rng.normal(0, 0.1, 20_000))
    uploads = [upload_clip(f"noise{number}") for number in range(voices.MAX_REFERENCES)]
    before = stored_files()
    with pytest.raises(GenerationError) as raised:
        voices.add_references(ada, uploads, Channel.PAGE)
    assert raised.value.code == ErrorCode.REFERENCE_TOO_MANY
    assert (ada.references.count(), stored_files()) == (1, before)
    assert Generation.objects.get().sample_of == ada, "nothing changed"


def test_change_of_the_admins_drops_the_sample(ada, make_reference) -> None:
    ada.references.set([make_reference()])
    assert not Generation.objects.exists()
    assert Reference.objects.count() == 1


def test_sample_speaks_the_language_of_the_voice(ada) -> None:
    ada.language = "de"
    voices.save_details(ada, Channel.PAGE)
    sample = Generation.objects.get()
    assert (sample.language, sample.text[:5]) == ("de", "Guten")
    ada.notes = "From the attic."
    voices.save_details(ada, Channel.PAGE)
    assert Generation.objects.get() == sample, "notes are no reason to speak anew"


def test_deleted_voice_is_hidden_at_once_and_comes_back(ada) -> None:
    assert voices.delete_with_undo(ada)
    assert not voices.delete_with_undo(ada)
    assert not Voice.objects.kept().exists()
    with pytest.raises(GenerationError) as raised:
        submit(Generation(text="Hello.", language="en", requested_via=Channel.API, voice=ada))
    assert raised.value.code == ErrorCode.VOICE_UNKNOWN
    with pytest.raises(GenerationError):
        voices.save_details(ada, Channel.PAGE)
    voices.purge_deleted()
    assert voices.restore(ada.pk, None).deleted_at is None
    assert Voice.objects.kept().get().sample.status == Status.QUEUED


def test_voice_that_comes_back_gets_a_number_where_its_name_is_taken(ada, upload_clip) -> None:
    voices.delete_with_undo(ada)
    voices.create(Voice(name="ada"), [upload_clip("other")], Channel.PAGE)
    assert voices.restore(ada.pk, None).name == "Ada 2"


def test_after_the_time_for_undo_nothing_is_left(ada, nothing_kept) -> None:
    spoken_sample(ada)
    voices.delete_with_undo(ada)
    Voice.objects.update(deleted_at=timezone.now() - voices.UNDO - timedelta(seconds=1))
    assert "was deleted" in next(sweeping.find_unused_rows()).what
    voices.purge_deleted()
    assert nothing_kept() and not Voice.objects.exists()
    assert voices.restore(ada.pk, None) is None


def test_deleting_for_good_leaves_nothing(ada, nothing_kept) -> None:
    spoken_sample(ada)
    assert delete_voice(ada.pk)
    assert nothing_kept() and not StoredConditioning.objects.exists()


def test_what_was_spoken_outlives_its_voice(ada, stored_files) -> None:
    generation = Generation(text="Hello.", language="en", requested_via=Channel.API, voice=ada)
    submit(generation)
    perform(generation)
    delete_voice(ada.pk)
    found = Generation.objects.get()
    assert (found.pk, found.voice) == (generation.pk, None)
    assert found.audio.name in stored_files()
