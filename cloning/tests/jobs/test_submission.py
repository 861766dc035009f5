"""References and a generation become rows together, whatever others do to the same clips meanwhile."""

import hashlib
import io
import threading
from collections.abc import Callable

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError, connection

from cloning.engines import registry
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import clips, scheduling
from cloning.jobs.cleanup import delete_generation
from cloning.jobs.clips import ReferenceUpload
from cloning.jobs.notifications import WORK, Subscription
from cloning.jobs.submission import submit
from cloning.jobs.voices import create_from
from cloning.models import Channel, Generation, Reference, Voice
from cloning.storage.local import AtomicFileSystemStorage, is_database_busy
from cloning.storage.uploads import TemporaryUpload
from cloning.tests.jobs.recording import THREE_SEGMENTS, takes_of

pytestmark = pytest.mark.django_db(transaction=True)


def unsaved(text: str = "Good morning.", **fields: object) -> Generation:
    return Generation(text=text, language="en", requested_via=Channel.API, **fields)


@pytest.fixture
def clip() -> Callable[[bytes], ReferenceUpload]:
    def make(content: bytes = b"a voice") -> ReferenceUpload:
        upload = TemporaryUpload.copy(io.BytesIO(content), "a.wav")
        return ReferenceUpload(upload, hashlib.sha256(content).hexdigest(), ".wav", "wav", 3.0)

    return make


def incoming() -> list[str]:
    return default_storage.listdir("incoming")[1] if default_storage.exists("incoming") else []


def test_row_and_references_are_there_together(clip) -> None:
    generation = unsaved()
    submit(generation, [clip(b"one"), clip(b"two")])
    assert scheduling.claim_next().segment.generation == generation
    assert {reference.file.read() for reference in generation.references.all()} == {b"one", b"two"}
    assert [reference.original_name for reference in generation.references.all()] == ["a.wav", "a.wav"]


def test_same_clip_is_one_row_and_one_file(clip) -> None:
    for _ in range(2):
        submit(unsaved(), [clip(), clip()])
    assert Reference.objects.count() == len(incoming()) == 1
    assert [generation.references.count() for generation in Generation.objects.all()] == [1, 1]


def test_full_queue_keeps_nothing(clip, settings) -> None:
    settings.MAX_QUEUED = 1
    submit(unsaved(), [clip(b"one")])
    with pytest.raises(GenerationError) as raised:
        submit(unsaved(), [clip(b"two")])
    assert raised.value.code == ErrorCode.QUEUE_FULL
    assert (Generation.objects.count(), Reference.objects.count(), len(incoming())) == (1, 1, 1)


def test_of_many_who_submit_at_once_no_more_are_taken_than_there_is_room_for(clip, settings) -> None:
    """Whichever thread, process or machine they come by."""
    settings.MAX_QUEUED = 3
    start, refused = threading.Barrier(8, timeout=120), []

    def post() -> None:
        try:
            start.wait()
            submit(unsaved(), [clip()])
        except GenerationError as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Generation.objects.count() == 3
    assert refused == [ErrorCode.QUEUE_FULL] * 5


def test_clip_whose_file_is_lost_is_stored_again(clip) -> None:
    submit(unsaved(), [clip()])
    default_storage.delete(Reference.objects.get().file.name)
    submit(unsaved(), [clip()])
    assert Reference.objects.get().file.read() == b"a voice"
    assert len(incoming()) == 1


def test_text_is_split_into_segments_with_a_take_each(clip) -> None:
    generation = unsaved(text=THREE_SEGMENTS, seed=2**32 - 2)
    submit(generation, [clip()])
    takes = takes_of(generation)
    assert [take.segment.index for take in takes] == [0, 1, 2]
    assert [take.seed for take in takes] == [2**32 - 2, 2**32 - 1, 0]
    assert {take.number for take in takes} == {1}
    assert [take.text for take in takes] == [take.segment.text for take in takes]
    assert " ".join(take.text for take in takes) == THREE_SEGMENTS.strip()
    assert [take.segment.pause_seconds > 0 for take in takes] == [True, True, False]
    assert (generation.segments_total, generation.segments_done) == (3, 0)
    assert generation.unspoken_chars == sum(len(take.text) for take in takes)


@pytest.mark.parametrize(
    ("requested_via", "is_streamed", "is_early"),
    [(Channel.API, False, False), (Channel.API, True, True), (Channel.PAGE, False, True)],
)
def test_first_segment_of_what_is_listened_to_is_short(clip, requested_via, is_streamed, is_early) -> None:
    text = "Good morning to all of you, who have come from so far away to hear what an old man has to say."
    generation = unsaved(text=text, is_streamed=is_streamed)
    generation.requested_via = requested_via
    submit(generation, [clip()])
    first = generation.segments.first()
    assert (len(first.text) <= registry.selected().first_segment_limits["en"]) == is_early


def test_text_that_can_not_be_spoken_keeps_nothing(clip) -> None:
    generation = unsaved(text="\u2026 \U0001f600")
    with pytest.raises(GenerationError) as raised:
        submit(generation, [clip()])
    assert raised.value.code == ErrorCode.TEXT_UNSPEAKABLE
    assert (Generation.objects.count(), Reference.objects.count(), incoming()) == (0, 0, [])


def test_a_worker_is_woken_once_all_is_there(clip) -> None:
    with Subscription(WORK) as subscription:
        subscription.wait(0)
        submit(unsaved(), [clip()])
        assert subscription.wait(10) == {WORK}


def test_references_of_a_voice(clip) -> None:
    first = unsaved()
    submit(first, [clip(b"one"), clip(b"two")])
    voice = create_from(first, "Ada")
    generation = unsaved(voice=voice)
    submit(generation)
    assert set(generation.references.all()) == set(first.references.all())


def test_voice_that_is_deleted_meanwhile(clip) -> None:
    first = unsaved()
    submit(first, [clip()])
    voice = create_from(first, "Ada")
    Voice.objects.all().delete()
    with pytest.raises(GenerationError) as raised:
        submit(unsaved(voice=voice))
    assert raised.value.code == ErrorCode.VOICE_UNKNOWN
    assert list(Generation.objects.all()) == [first]


@pytest.fixture
def after_look(monkeypatch) -> Callable[[Callable[[], object]], None]:
    """Does something once, right after a submission has looked for what is stored already."""

    def arrange(act: Callable[[], object]) -> None:
        find_missing, actions = clips.find_missing, [act]

        def look(uploads: dict[str, ReferenceUpload]) -> list[ReferenceUpload]:
            missing = find_missing(uploads)
            if actions:
                actions.pop()()
            return missing

        monkeypatch.setattr(clips, "find_missing", look)

    return arrange


def test_clip_deleted_between_look_and_link_is_stored_after_all(clip, after_look) -> None:
    submit(unsaved(), [clip()])
    after_look(Generation.objects.all().delete)
    submit(unsaved(), [clip()])
    assert Generation.objects.get().references.get().file.read() == b"a voice"
    assert len(incoming()) == 1


def test_clip_stored_by_another_between_look_and_link_is_shared(clip, after_look) -> None:
    after_look(lambda: submit(unsaved(), [clip()]))
    submit(unsaved(), [clip()])
    assert Reference.objects.count() == len(incoming()) == 1
    assert Generation.objects.count() == 2


def test_clip_that_is_always_gone_is_busy(clip, monkeypatch) -> None:
    monkeypatch.setattr(clips, "find_missing", lambda uploads: [])
    with pytest.raises(GenerationError) as raised:
        submit(unsaved(), [clip()])
    assert raised.value.code == ErrorCode.DATABASE_BUSY


def test_locked_database_leaves_no_file(clip, lock_database) -> None:
    lock_database()
    with pytest.raises(OperationalError) as raised:
        submit(unsaved(), [clip(b"one"), clip(b"two")])
    assert is_database_busy(raised.value)
    assert incoming() == []


def test_storage_that_fails_at_the_second_clip_keeps_nothing(clip, monkeypatch) -> None:
    save = AtomicFileSystemStorage._save
    saved: list[str] = []

    def fail_later(self, name, content):
        if saved:
            raise OSError(28, "No space left on device")
        saved.append(name)
        return save(self, name, content)

    monkeypatch.setattr(AtomicFileSystemStorage, "_save", fail_later)
    with pytest.raises(OSError, match="No space left"):
        submit(unsaved(), [clip(b"one"), clip(b"two")])
    assert len(saved) == 1
    assert incoming() == []
    assert not Reference.objects.exists()


def test_same_clip_is_posted_and_deleted_by_many_at_once(clip) -> None:
    """11 of 400 were answered with 500."""
    errors: list[Exception] = []
    start = threading.Barrier(4, timeout=120)

    def post_and_delete() -> None:
        try:
            start.wait()
            for _ in range(25):
                generation = unsaved()
                submit(generation, [clip(b"one"), clip(b"two")])
                assert generation.references.count() == 2
                assert delete_generation(generation.pk)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=post_and_delete) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (Generation.objects.count(), Reference.objects.count(), incoming()) == (0, 0, [])
