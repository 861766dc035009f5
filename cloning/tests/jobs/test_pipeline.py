"""A claimed generation through the real engines: the preview, and XTTS's own classes on a tiny random checkpoint."""

import errno
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from django.core.files.storage import default_storage
from django.db import InterfaceError, connection

from cloning.audio import joining
from cloning.engines import registry
from cloning.engines.base import EngineError
from cloning.engines.preview import search
from cloning.engines.xtts import weights
from cloning.jobs import joins, scheduling, state, takes
from cloning.jobs.conditioning import store_conditioning
from cloning.jobs.pipeline import ClaimLostError, StoppingError, perform_join, perform_take, reporter
from cloning.jobs.takes import Progress
from cloning.models import Generation, Stage, Status, StoredConditioning, Take
from cloning.storage.local import AtomicFileSystemStorage
from cloning.tests.clips import FEMALE_CLIP
from cloning.tests.jobs.recording import SENTENCE, THREE_SEGMENTS, claim_first, takes_of
from cloning.tests.performing import perform as worked_off

pytestmark = pytest.mark.django_db(transaction=True)


def speak(take: Take) -> None:
    perform_take(take, reporter(take))


def stored(folder: str) -> list[str]:
    return default_storage.listdir(folder)[1] if default_storage.exists(folder) else []


def samples(generation: Generation) -> np.ndarray:
    with generation.audio.open() as file:
        return soundfile.read(file)[0]


@pytest.mark.parametrize("audio_format", ["wav", "mp3", "opus", "flac"])
def test_preview_speaks_in_every_format(make_generation, audio_format):
    generation = worked_off(make_generation(text="Good morning. How are you?", audio_format=audio_format))
    assert generation.status == Status.SUCCEEDED, generation.error_message
    assert generation.engine == "preview"
    assert generation.audio.name.endswith(f".{audio_format}")
    with generation.audio.open() as file:
        info = soundfile.info(file)
    assert info.duration == pytest.approx(generation.duration_seconds, abs=0.12)  # codecs pad
    assert 1.0 < generation.duration_seconds < 4.0
    assert (generation.segments_done, generation.segments_total) == (1, 1)
    assert len(generation.peaks) == joining.PEAK_COUNT
    assert max(generation.peaks) == pytest.approx(1.0)


def test_preview_as_a_fresh_machine_has_it(settings, monkeypatch, make_generation):
    settings.PREVIEW_VOICE = "kokoro"
    monkeypatch.setattr(registry, "_loaded", {})
    generation = worked_off(make_generation(text="Good morning. How are you?"))
    assert (generation.status, generation.engine) == (Status.SUCCEEDED, "preview")
    assert 1.0 < generation.duration_seconds < 4.0
    assert "kokoro" in StoredConditioning.objects.get().engine_key


def test_the_file_says_that_it_is_synthetic_and_by_which_engine(make_generation):
    generation = worked_off(make_generation())
    content = generation.audio.read()
    assert b"Synthetic speech, made by Preview (not a clone)" in content


def test_xtts_speaks_when_its_weights_are_there(settings, tiny_weights, make_generation):
    settings.ENGINE, settings.MODEL_CACHE = "auto", tiny_weights
    generation = worked_off(make_generation(text="Hi there, everyone."))
    assert generation.status == Status.SUCCEEDED, generation.error_message
    assert (generation.engine, generation.precision) == ("xtts_v2", registry.get_engine().precision)
    assert generation.sample_rate_hz == 24_000
    assert b"made by XTTS v2 (Coqui Public Model License 1.0.0: non-comm" in generation.audio.read()
    assert [Path(name).suffix for name in stored("conditioning")] == [".safetensors"]


def test_damaged_weights_are_reported_and_never_replaced_by_the_preview(
    settings, tmp_path, tiny_weights, monkeypatch, make_generation
):
    monkeypatch.setattr(registry, "_loaded", {})
    shutil.copytree(tiny_weights, tmp_path, dirs_exist_ok=True)
    model = tmp_path / weights.FOLDER_NAME / "model.pth"
    model.write_bytes(model.read_bytes()[:-1000])
    settings.ENGINE, settings.MODEL_CACHE = "xtts_v2", tmp_path
    generation = worked_off(make_generation())
    assert generation.status == Status.FAILED
    assert "model.pth" in generation.error_message
    assert "fetch_model" in generation.error_message


def test_without_its_packages_xtts_is_never_taken_for_granted(
    settings, monkeypatch, tiny_weights, make_generation
):
    monkeypatch.setattr(weights, "PACKAGES", ("torch", "not_installed"))
    monkeypatch.setattr(registry, "_loaded", {})
    settings.ENGINE, settings.MODEL_CACHE = "auto", tiny_weights
    assert registry.selected().name == "preview"
    assert "make xtts" in next(registry.obstacles())
    settings.ENGINE = "xtts_v2"
    generation = worked_off(make_generation())
    assert generation.status == Status.FAILED
    assert "make xtts" in generation.error_message


def test_auto_is_preview_without_weights_and_takes_up_weights_that_arrive(settings, tiny_weights):
    settings.ENGINE = "auto"
    assert registry.get_engine().name == "preview"
    settings.MODEL_CACHE = tiny_weights
    assert registry.get_engine().name == "xtts_v2"


def test_the_same_seed_gives_the_same_samples_and_another_seed_others(
    settings, tiny_weights, make_generation
):
    settings.ENGINE, settings.MODEL_CACHE = "xtts_v2", tiny_weights
    first, again, other = (samples(worked_off(make_generation(seed=seed))) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_reference_is_normalised_and_conditioned_once(make_generation, monkeypatch):
    engine = registry.get_engine()
    calls = []
    condition = engine.condition
    monkeypatch.setattr(engine, "condition", lambda *given: calls.append(given) or condition(*given))
    first = worked_off(make_generation())
    normalized = stored("normalized")
    second = worked_off(make_generation(text="Something else."))
    assert (first.status, second.status) == (Status.SUCCEEDED, Status.SUCCEEDED)
    assert len(calls) == 1
    assert stored("normalized") == normalized
    assert len(normalized) == 1


def test_a_half_written_conditioning_is_derived_again(make_generation):
    generation = make_generation()
    key = registry.get_engine().conditioning_key
    assert store_conditioning(list(generation.references.all()), key, b"\x10\0\0", 1.0)
    assert worked_off(generation).status == Status.SUCCEEDED
    assert StoredConditioning.objects.get().file.size > 100
    assert len(stored("conditioning")) == 1


def test_several_references_make_one_voice(make_generation, make_reference):
    references = [make_reference(), make_reference(FEMALE_CLIP)]
    assert worked_off(make_generation(references)).status == Status.SUCCEEDED
    assert len(stored("normalized")) == 2


def test_long_text_is_spoken_in_segments_and_progress_is_written(make_generation):
    sentence = "This is one sentence of a longer story that goes on for quite a while. "
    generation = make_generation(text=sentence * 8)
    seen = []
    while take := scheduling.claim_next():
        write = reporter(take)

        def report(progress: Progress, write=write) -> None:
            write(progress)
            seen.append((Generation.objects.get().stage, Generation.objects.get().progress))

        perform_take(take, report)
        seen.append((Generation.objects.get().stage, Generation.objects.get().progress))
    assert generation.segments_total >= 3
    assert [progress for _, progress in seen] == sorted(progress for _, progress in seen)
    assert [stage for stage, _ in seen].count(Stage.SPEAKING) > generation.segments_total
    assert seen[-1] == (Stage.JOINING, 1.0)
    assert worked_off(generation).duration_seconds > 20


def test_speed_changes_the_duration(make_generation):
    slow, fast = (worked_off(make_generation(speed=speed)).duration_seconds for speed in (0.7, 1.6))
    assert slow > 1.5 * fast


def test_a_reference_without_a_voice_fails_with_a_reason_that_blames_the_reference(
    make_generation, make_reference, wav, tmp_path
):
    noise = tmp_path / "noise.flac"
    soundfile.write(noise, np.random.default_rng(0).uniform(-0.3, 0.3, 48_000), 16_000)
    generation = worked_off(make_generation([make_reference(noise)]))
    assert generation.status == Status.FAILED
    assert generation.error_code == "reference_unusable"
    assert generation.is_users_fault


def test_a_reference_whose_file_is_gone_fails_with_a_reason(make_generation):
    generation = make_generation()
    default_storage.delete(generation.references.get().file.name)
    assert worked_off(generation).error_code == "reference_missing"


def test_a_normalised_clip_that_is_gone_is_made_again(make_generation):
    worked_off(make_generation())
    reference = Generation.objects.first().references.get()
    default_storage.delete(reference.normalized.name)
    default_storage.delete(StoredConditioning.objects.get().file.name)
    assert worked_off(make_generation(text="Once more.")).status == Status.SUCCEEDED
    reference.refresh_from_db()
    assert default_storage.exists(reference.normalized.name)


def test_a_full_disk_fails_the_generation_with_a_reason_and_leaves_no_half_file(make_generation, monkeypatch):
    save = AtomicFileSystemStorage._save

    def fills_up(self, name, content):
        if name.startswith("generated/"):
            content.chunks = lambda chunk_size=None: (_ for _ in ()).throw(
                OSError(errno.ENOSPC, "No space left")
            )
        return save(self, name, content)

    monkeypatch.setattr(AtomicFileSystemStorage, "_save", fills_up)
    generation = worked_off(make_generation())
    assert generation.error_code == "storage_full"
    assert "disk is full" in generation.error_message
    assert stored("generated") + stored("generated/takes") == []


def test_an_engine_that_is_silent_or_broken_fails_with_a_reason(make_generation, monkeypatch):
    engine = registry.get_engine()
    for waveform in (
        np.zeros(24_000, np.float32),
        np.full(24_000, np.nan, np.float32),
        np.zeros(0, np.float32),
    ):
        monkeypatch.setattr(engine, "synthesize", lambda *args, waveform=waveform: waveform)
        assert worked_off(make_generation()).error_code == "synthesis_failed"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EngineError("The engine says why."), "synthesis_failed"),
        (ZeroDivisionError("secret"), "internal_error"),
    ],
)
def test_no_error_shows_more_than_its_reason(make_generation, monkeypatch, error, code):
    def fail(*args):
        raise error

    monkeypatch.setattr(registry.get_engine(), "synthesize", fail)
    generation = worked_off(make_generation())
    assert generation.error_code == code
    assert "secret" not in generation.error_message
    assert "Traceback" not in generation.error_message


def test_nothing_of_a_voice_stays_when_it_is_deleted_while_it_is_learnt(make_generation, monkeypatch):
    engine = registry.get_engine()
    condition = engine.condition

    def deleted_meanwhile(*given):
        Generation.objects.get().delete()
        return condition(*given)

    monkeypatch.setattr(engine, "condition", deleted_meanwhile)
    take = claim_first(make_generation())
    with pytest.raises(ClaimLostError):
        speak(take)
    assert stored("conditioning") + stored("normalized") + stored("incoming") + stored("generated") == []


def test_cancelling_ends_the_learning_of_a_voice(settings, monkeypatch, make_generation):
    """Between two of the trials that the search for a style makes."""
    settings.PREVIEW_VOICE = "kokoro"
    monkeypatch.setattr(registry, "_loaded", {})
    take, trials, evaluate = claim_first(make_generation()), [], search.evaluate

    def cancelled_meanwhile(*given):
        trials.append(Generation.objects.get().stage)
        state.cancel(Generation.objects.get())
        return evaluate(*given)

    monkeypatch.setattr(search, "evaluate", cancelled_meanwhile)
    with pytest.raises(ClaimLostError):
        speak(take)
    assert trials == [Stage.CONDITIONING]
    assert not stored("conditioning")


def test_cancelling_ends_the_work_on_a_sentence_and_keeps_those_before(make_generation):
    generation = make_generation(text=THREE_SEGMENTS)
    speak(claim_first(generation))
    take = scheduling.claim_next()
    write = reporter(take)

    def report(progress: Progress) -> None:
        if progress.stage == Stage.SPEAKING:
            state.cancel(Generation.objects.get())
        write(progress)

    with pytest.raises(ClaimLostError):
        perform_take(take, report)
    generation.refresh_from_db()
    assert (generation.status, generation.segments_done) == (Status.CANCELLED, 1)
    assert len(stored("generated/takes")) == 1
    joined = joins.claim_next()
    perform_join(joined)
    generation.refresh_from_db()
    assert generation.status == Status.CANCELLED
    first = takes_of(generation)[0]
    assert generation.duration_seconds == pytest.approx(first.duration_seconds, abs=0.01)
    spoken_at = first.finished_at
    assert state.resume(generation)
    assert worked_off(generation).status == Status.SUCCEEDED
    first.refresh_from_db()
    assert first.finished_at == spoken_at
    assert (
        samples(generation).size > 2.5 * 24_000 * first.duration_seconds * generation.sample_rate_hz / 24_000
    )


def test_another_take_is_heard_in_the_file_and_the_rest_stays_as_it_is(make_generation):
    generation = worked_off(make_generation(text=THREE_SEGMENTS))
    before, first = samples(generation), takes_of(generation)[0]
    added = takes.add_take(generation.segments.first(), "Something shorter.", 3)
    worked_off(generation)
    assert np.array_equal(samples(generation), before)
    added.refresh_from_db()
    assert takes.choose(added)
    after = samples(worked_off(generation))
    shorter_by = (first.duration_seconds - added.duration_seconds) * generation.sample_rate_hz
    assert before.size - after.size == pytest.approx(shorter_by, abs=2)
    assert takes.choose(Take.objects.get(pk=first.pk))
    assert np.array_equal(samples(worked_off(generation)), before)


def test_an_engine_that_changes_in_the_middle_speaks_all_anew(settings, tiny_weights, make_generation):
    generation = make_generation(text=SENTENCE * 2)
    speak(claim_first(generation))
    settings.ENGINE, settings.MODEL_CACHE = "xtts_v2", tiny_weights
    worked_off(generation)
    assert (generation.status, generation.engine) == (Status.SUCCEEDED, "xtts_v2")
    chosen = {segment.chosen_take.engine for segment in generation.segments.all()}
    assert chosen == {"xtts_v2"}
    assert [take.number for take in takes_of(generation)] == [1, 2, 1]


def test_a_worker_asked_to_stop_gives_up_before_the_next_segment(make_generation):
    take = claim_first(make_generation())
    with pytest.raises(StoppingError):
        perform_take(take, reporter(take, lambda: True))
    assert takes.release(take)


def test_generations_that_begin_together_learn_their_voice_once(make_generation, monkeypatch):
    engine, calls = registry.get_engine(), []
    condition, both_began = engine.condition, threading.Barrier(2)

    def counted(*given):
        calls.append(given)
        return condition(*given)

    def work(take: Take) -> None:
        both_began.wait(300)
        speak(take)
        connection.close()

    monkeypatch.setattr(engine, "condition", counted)
    generations = [make_generation(), make_generation(text="Something else.")]
    threads = [threading.Thread(target=work, args=[claim_first(each)]) for each in generations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(Take.objects.values_list("status", flat=True)) == {Status.SUCCEEDED}
    assert len(calls) == 1


def test_a_database_that_fills_up_in_the_middle_is_a_full_disk(make_generation, fill_database):
    generation = make_generation()
    fill_database("UPDATE OF audio", "cloning_take")
    assert worked_off(generation).error_code == "storage_full"
    assert stored("generated/takes") == []


def test_a_database_that_fills_up_before_the_joined_file_keeps_the_takes(make_generation, fill_database):
    generation = make_generation()
    fill_database("UPDATE OF audio", "cloning_generation")
    assert worked_off(generation).error_code == "storage_full"
    assert generation.segments_done == 1
    assert stored("generated") == []
    assert len(stored("generated/takes")) == 1


def test_progress_that_can_not_be_written_ends_no_work(make_generation, monkeypatch):
    def busy(*given):
        raise InterfaceError("connection already closed")

    generation = make_generation()
    monkeypatch.setattr(takes, "report", busy)
    assert worked_off(generation).status == Status.SUCCEEDED
