"""Caches of a voice: damaged in every way, and wanted by many at once."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from django.core.files.base import ContentFile
from django.db import connection

from cloning.engines.base import Conditioning
from cloning.engines.registry import get_engine
from cloning.jobs import deriving, state
from cloning.jobs.deriving import KeyedLocks, serialize_conditioning
from cloning.jobs.pipeline import ClaimLostError, perform_take, reporter
from cloning.models import Generation, Reference, Status, StoredConditioning, Take, VoiceGain
from cloning.tests.clips import FEMALE_CLIP
from cloning.tests.jobs.recording import claim_first
from cloning.tests.performing import perform
from cloning.tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

Change = Callable[[dict[str, np.ndarray]], object]


def first(arrays: dict[str, np.ndarray]) -> str:
    return sorted(set(arrays) - {deriving.DIGEST})[0]


def with_arrays(change: Change, seal: bool) -> Callable[[bytes], bytes]:
    def damage(content: bytes) -> bytes:
        arrays = {key: array.copy() for key, array in safetensors.numpy.load(content).items()}
        change(arrays)
        if not seal:
            return safetensors.numpy.save(arrays)
        arrays.pop(deriving.DIGEST)
        return serialize_conditioning(Conditioning(arrays))  # as whole as can be, and wrong

    return damage


def drop(arrays: dict[str, np.ndarray]) -> None:
    del arrays[first(arrays)]


def cut(arrays: dict[str, np.ndarray]) -> None:
    arrays[first(arrays)] = arrays[first(arrays)].reshape(-1)[:-1].copy()


def fill(value: float) -> Change:
    return lambda arrays: arrays[first(arrays)].fill(value)


CONDITIONING_DAMAGE = {
    "empty": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "last byte missing": lambda content: content[:-1],
    "zeros": lambda content: bytes(len(content)),
    "zeros at the end": lambda content: content[:-64] + bytes(64),
    "another type": lambda content: content.replace(b'"F32"', b'"F8_"', 1),
    "missing key": with_arrays(drop, seal=True),
    "wrong shape": with_arrays(cut, seal=True),
    "not a number": with_arrays(fill(np.nan), seal=True),
    "infinite": with_arrays(fill(np.inf), seal=True),
    "other numbers": with_arrays(fill(0.5), seal=False),
    "no digest": with_arrays(lambda arrays: arrays.pop(deriving.DIGEST), seal=False),
}

NORMALIZED_DAMAGE = {
    "empty": lambda content: b"",
    "header only": lambda content: content[:44],
    "truncated": lambda content: content[: len(content) // 2],
    "last byte missing": lambda content: content[:-1],
    "zeros": lambda content: bytes(len(content)),
    "silence": lambda content: content[:44] + bytes(len(content) - 44),
    "other rate": lambda content: content[:24] + (8000).to_bytes(4, "little") + content[28:],
    "two channels": lambda content: content[:22] + b"\2\0" + content[24:],
    "no WAV": lambda content: b"OggS" + content[4:],
}


def damage_only_file(folder: Path, change: Callable[[bytes], bytes]) -> tuple[Path, bytes]:
    [file] = [path for path in folder.rglob("*") if path.is_file()]
    whole = file.read_bytes()
    file.write_bytes(change(whole))
    assert file.read_bytes() != whole
    return file, whole


@pytest.mark.parametrize("kind", CONDITIONING_DAMAGE)
def test_a_damaged_conditioning_is_made_again(settings, make_generation, kind):
    perform(make_generation())
    folder = Path(settings.MEDIA_ROOT) / "conditioning"
    _, whole = damage_only_file(folder, CONDITIONING_DAMAGE[kind])
    assert perform(make_generation()).status == Status.SUCCEEDED
    [mended] = [path for path in folder.rglob("*") if path.is_file()]
    assert mended.read_bytes() == whole


@pytest.mark.parametrize("kind", NORMALIZED_DAMAGE)
def test_a_damaged_normalized_clip_is_made_again(settings, make_generation, kind):
    root = Path(settings.MEDIA_ROOT)
    perform(make_generation())
    _, whole = damage_only_file(root / "normalized", NORMALIZED_DAMAGE[kind])
    StoredConditioning.objects.all().delete()
    assert perform(make_generation()).status == Status.SUCCEEDED
    [mended] = [path for path in (root / "normalized").rglob("*") if path.is_file()]
    assert mended.read_bytes() == whole
    assert Reference.objects.get().normalized.read() == whole


def test_what_is_whole_is_not_made_again(settings, make_generation, monkeypatch):
    perform(make_generation())
    monkeypatch.setattr(get_engine(), "condition", lambda *given: pytest.fail("learnt again"))
    assert perform(make_generation()).status == Status.SUCCEEDED


@pytest.fixture
def slow_learning(monkeypatch) -> threading.Event:
    """Whoever learns a voice takes until this event."""
    monkeypatch.setattr(deriving, "WAIT_SECONDS", 0.02)
    engine, may_end = get_engine(), threading.Event()
    condition = engine.condition

    def wait_and_condition(*given):
        assert may_end.wait(300)
        return condition(*given)

    monkeypatch.setattr(engine, "condition", wait_and_condition)
    return may_end


@pytest.fixture
def started() -> Callable[[Generation], threading.Thread]:
    def start(generation: Generation) -> threading.Thread:
        take = claim_first(generation)

        def work() -> None:
            try:
                perform_take(take, reporter(take))
            except ClaimLostError:
                pass
            finally:
                connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    return start


def is_learning(generation: Generation) -> bool:
    return Generation.objects.get(pk=generation.pk).stage == "conditioning"


def test_a_known_voice_waits_for_no_other_to_be_learnt(
    make_generation, make_reference, slow_learning, started
):
    slow_learning.set()
    perform(make_generation())
    slow_learning.clear()
    unknown = make_generation([make_reference(FEMALE_CLIP)])
    thread = started(unknown)
    wait_until(lambda: is_learning(unknown))
    known = make_generation([Reference.objects.get(original_name="1688-142285-0007.flac")])
    assert perform(known).status == Status.SUCCEEDED
    assert is_learning(unknown)
    slow_learning.set()
    thread.join()


def test_two_voices_are_learnt_side_by_side(make_generation, make_reference, slow_learning, started):
    generations = [make_generation([make_reference()]), make_generation([make_reference(FEMALE_CLIP)])]
    threads = [started(generation) for generation in generations]
    wait_until(lambda: all(is_learning(generation) for generation in generations))
    slow_learning.set()
    for thread in threads:
        thread.join()
    assert set(Take.objects.values_list("status", flat=True)) == {Status.SUCCEEDED}


def test_who_waits_for_a_voice_can_be_cancelled(make_generation, slow_learning, started):
    learning, waiting = make_generation(), make_generation()
    threads = [started(learning)]
    wait_until(lambda: is_learning(learning))
    threads.append(started(waiting))
    assert state.cancel(Generation.objects.get(pk=waiting.pk))
    threads[1].join(300)
    assert not threads[1].is_alive()
    slow_learning.set()
    threads[0].join()
    assert perform(learning).status == Status.SUCCEEDED


def test_locks_are_forgotten_when_nobody_needs_them():
    locks = KeyedLocks()
    with locks.hold("a", lambda: None), locks.hold("b", lambda: None):
        pass
    with pytest.raises(ZeroDivisionError), locks.hold("a", lambda: None):
        raise ZeroDivisionError
    assert not locks._locks
    assert not locks._users


def test_two_workers_that_learn_one_voice_leave_one_file(make_generation, monkeypatch, stored_files):
    engine = get_engine()
    condition = engine.condition

    def other_is_first(*given):
        conditioning = condition(*given)
        deriving.store_conditioning(
            Reference.objects.all(), engine.conditioning_key, serialize_conditioning(conditioning), 1.0
        )
        return conditioning

    monkeypatch.setattr(engine, "condition", other_is_first)
    perform(make_generation())
    assert len([name for name in stored_files() if name.startswith("conditioning/")]) == 1


def test_of_two_normalised_clips_the_first_is_kept(make_reference, stored_files):
    reference = make_reference()
    late = Reference.objects.get(pk=reference.pk)
    reference.keep_normalized(ContentFile(b"first"))
    late.keep_normalized(ContentFile(b"second"))
    assert Reference.objects.get().normalized.read() == b"first"
    assert len(stored_files()) == 2  # the upload and one normalised clip


def test_gain_of_a_voice_is_learnt_with_its_first_sentence_and_kept(make_generation):
    perform(make_generation())
    assert StoredConditioning.objects.get().learning_seconds > 0
    first = VoiceGain.objects.get()
    assert 0.5 < first.measured_seconds < 5
    perform(make_generation(text="Something else."))
    second = VoiceGain.objects.get()
    assert second.measured_seconds > first.measured_seconds
    VoiceGain.objects.update(measured_seconds=deriving.GAIN_SECONDS)
    perform(make_generation(text="Once more."))
    assert VoiceGain.objects.get().gain_db == second.gain_db


def test_another_language_has_a_gain_of_its_own(make_generation):
    perform(make_generation())
    english = VoiceGain.objects.get()
    perform(make_generation(text="Guten Morgen.", language="de"))
    assert VoiceGain.objects.get(pk=english.pk).measured_seconds == english.measured_seconds
    assert sorted(VoiceGain.objects.values_list("language", flat=True)) == ["de", "en"]
    StoredConditioning.objects.get().delete()
    assert not VoiceGain.objects.exists()


@pytest.mark.parametrize("is_gone", [False, True])
def test_gain_that_another_worker_stored_first_or_whose_voice_is_gone(make_generation, is_gone):
    perform(make_generation())
    stored, known = StoredConditioning.objects.get(), VoiceGain.objects.get()
    voice = deriving.Voice(Conditioning({}), stored)
    if is_gone:
        StoredConditioning.objects.filter(pk=stored.pk).delete()
    speech = np.sin(np.arange(24_000) / 20).astype(np.float32)
    own_gain_db = deriving.learn_gain(voice, "en", speech, 24_000)
    assert voice.gain.gain_db == own_gain_db
    assert deriving.learn_gain(voice, "en", speech, 24_000) == pytest.approx(own_gain_db)
    assert [gain.gain_db for gain in VoiceGain.objects.all()] == ([] if is_gone else [known.gain_db])
