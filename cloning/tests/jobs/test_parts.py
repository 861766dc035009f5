"""Parts of clips: what a voice is learnt from, what is measured, and what is left when they go."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from django.core.files.storage import default_storage

from cloning.coach import Part
from cloning.errors import GenerationError
from cloning.forms.clips import probe_distinct
from cloning.jobs import measuring, voices
from cloning.jobs.cleanup import delete_generation, delete_voice
from cloning.jobs.conditioning import store_conditioning
from cloning.jobs.deriving import fetch_normalized
from cloning.jobs.measuring import load_report, measure_next
from cloning.jobs.submission import submit
from cloning.models import Channel, Generation, Reference, StoredConditioning, Voice
from cloning.storage.uploads import TemporaryUpload
from cloning.tests.clips import MALE_CLIP

pytestmark = pytest.mark.django_db(transaction=True)


def upload(part: Part | None = None, clip: Path = MALE_CLIP):
    with clip.open("rb") as file:
        return probe_distinct([TemporaryUpload.copy(file, "clip.flac")], None, lambda *_: part)[0]


@pytest.fixture
def ada() -> Voice:
    voice = Voice(name="Ada")
    voices.create(voice, [upload()], Channel.PAGE)
    return voice


def stored_files() -> set[str]:
    folders = ("incoming", "normalized", "conditioning", "generated")
    return {
        f"{folder}/{name}"
        for folder in folders
        if default_storage.exists(folder)
        for name in default_storage.listdir(folder)[1]
    }


def normalized_seconds(reference: Reference, folder: Path) -> float:
    return float(soundfile.info(fetch_normalized(reference, folder)).duration)


def test_a_trimmed_voice_is_learnt_anew(ada, tmp_path) -> None:
    before = Reference.objects.get()
    fetch_normalized(before, tmp_path)
    store_conditioning([before], "preview", b"learnt", 1.0)
    assert len(stored_files()) == 3
    voices.trim_reference(ada, before.pk, (1.0, 4.0), Channel.PAGE)
    after = ada.references.get()
    assert (after.ends, after.file.name, after.created_at) == (
        (1.0, 4.0),
        before.file.name,
        before.created_at,
    )
    assert not Reference.objects.filter(pk=before.pk).exists()
    assert not StoredConditioning.objects.exists()
    assert stored_files() == {before.file.name}  # what was derived of all of it is gone, and so is the sample
    assert 2 < normalized_seconds(after, tmp_path) <= 3


def test_what_others_use_stays_as_it_is(ada) -> None:
    generation = Generation(text="Hello.", language="en", requested_via=Channel.API, voice=ada)
    submit(generation)
    before = ada.references.get()
    voices.trim_reference(ada, before.pk, (1.0, 4.0), Channel.PAGE)
    assert generation.references.get() == before
    assert {each.file.name for each in Reference.objects.all()} == {before.file.name}
    voices.trim_reference(ada, ada.references.get().pk, None, Channel.PAGE)
    assert list(Reference.objects.all()) == [before]
    assert ada.references.get() == before


def test_the_file_goes_with_the_last_part(ada) -> None:
    generation = Generation(text="Hello.", language="en", requested_via=Channel.API)
    submit(generation, [upload(Part(1.0, 5.0))])
    assert Reference.objects.count() == 2
    [name] = {each.file.name for each in Reference.objects.all()}
    delete_voice(ada.pk)
    assert stored_files() == {name}
    delete_generation(generation.pk)
    assert stored_files() == set()
    assert not Reference.objects.exists()


def test_a_lost_clip_is_there_again_for_all_its_parts(ada) -> None:
    generation = Generation(text="Hello.", language="en", requested_via=Channel.API)
    submit(generation, [upload(Part(1.0, 5.0))])
    default_storage.delete(Reference.objects.first().file.name)
    submit(Generation(text="Hello.", language="en", requested_via=Channel.API), [upload(Part(2.0, 5.0))])
    assert Reference.objects.count() == 3
    [name] = {each.file.name for each in Reference.objects.all()}
    assert stored_files() == {name}


def test_the_same_part_is_one_row_and_no_change(ada) -> None:
    voices.trim_reference(ada, ada.references.get().pk, (1.0, 4.0), Channel.PAGE)
    sample = Generation.objects.get(sample_of=ada)
    voices.trim_reference(ada, ada.references.get().pk, (1.0, 4.0), Channel.PAGE)
    assert Generation.objects.get(sample_of=ada) == sample
    voices.add_references(ada, [upload(Part(1.0, 4.0))], Channel.PAGE)
    assert ada.references.count() == Reference.objects.count() == 1
    with pytest.raises(GenerationError, match="no such clip"):
        voices.trim_reference(ada, sample.pk, None, Channel.PAGE)


def test_clips_of_voices_are_measured_once(ada, make_generation) -> None:
    make_generation([])  # of whose clips nobody sees the measures
    assert measure_next()
    reference = ada.references.get()
    report = load_report(reference)
    assert (report.part, report.measures.bandwidth_hz) == (Part(0.0, 7.06), 8000)
    assert not measure_next()
    voices.trim_reference(ada, reference.pk, (1.0, 4.0), Channel.PAGE)
    assert measure_next()
    assert load_report(ada.references.get()).part == Part(1.0, 4.0)


def test_what_cant_be_measured_is_not_tried_again(ada) -> None:
    default_storage.delete(ada.references.get().file.name)
    assert measure_next()
    assert not measure_next()
    assert load_report(ada.references.get()) is None


def test_of_a_clip_that_is_too_long_the_best_part_is_learnt_from(tmp_path, monkeypatch) -> None:
    samples, rate_hz = soundfile.read(MALE_CLIP)
    long_clip = tmp_path / "long.flac"
    soundfile.write(long_clip, np.concatenate([np.zeros(rate_hz * 26), samples]), rate_hz)
    voice = Voice(name="Ada")
    voices.create(voice, [upload(clip=long_clip)], Channel.PAGE)
    reference = voice.references.get()
    assert normalized_seconds(reference, tmp_path) == pytest.approx(6.5, abs=0.5)
    reference.refresh_from_db()
    assert load_report(reference).part.start_seconds == pytest.approx(26, abs=0.5)
    Reference.objects.update(normalized="", report={})
    monkeypatch.setattr(measuring, "check_clip", None)  # which is not asked again
    reference.refresh_from_db()
    (again := tmp_path / "again").mkdir()
    assert normalized_seconds(reference, again) == pytest.approx(7, abs=0.5)  # silence is left out anyway
