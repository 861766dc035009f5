"""Other takes of a sentence, which of them is chosen, and takes of another engine."""

import pytest
from django.core.files.storage import default_storage

from cloning.engines.registry import get_engine
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import scheduling, takes
from cloning.jobs.takes import MAX_TAKES
from cloning.models import Generation, Segment, Stage, Status, Take
from cloning.tests.jobs.recording import (
    THREE_SEGMENTS,
    accept,
    at_once,
    claim_first,
    finish,
    speak_all,
    takes_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def take_files(stored_files):
    return lambda: [name for name in stored_files() if name.startswith("generated/takes/")]


def test_another_take_is_queued_with_its_text_and_seed_and_not_chosen(make_generation):
    generation = finish(make_generation())
    segment = generation.segments.get()
    added = takes.add_take(segment, "Good evening.", 8)
    assert (added.number, added.text, added.seed) == (2, "Good evening.", 8)
    take = scheduling.claim_next()
    assert take == added
    assert accept(take, b"second")
    segment.refresh_from_db()
    assert (segment.chosen_take.number, segment.text) == (1, "Good morning.")
    generation.refresh_from_db()
    assert (generation.status, generation.is_join_due) == (Status.SUCCEEDED, False)
    assert (generation.segments_done, generation.segments_total) == (1, 1)


def test_two_who_have_the_same_sentence_spoken_again_at_once(make_generation):
    segment = finish(make_generation()).segments.get()
    errors = at_once(*[lambda: takes.add_take(Segment.objects.get(pk=segment.pk), "Again.", 1)] * 8)
    assert [error.code for error in errors] == [ErrorCode.TAKE_IN_PROGRESS] * 7
    assert segment.takes.count() == 2


def test_what_was_never_spoken_has_no_other_take(make_generation):
    segment = make_generation().segments.get()
    with pytest.raises(GenerationError) as raised:
        takes.add_take(segment, "Again.", 1)
    assert raised.value.code == ErrorCode.NOT_SPOKEN_YET


def test_takes_of_a_sentence_are_limited(make_generation):
    segment = finish(make_generation()).segments.get()
    for seed in range(MAX_TAKES - 1):
        takes.add_take(segment, "Again.", seed)
        assert accept(scheduling.claim_next())
    with pytest.raises(GenerationError) as raised:
        takes.add_take(segment, "Again.", 1)
    assert raised.value.code == ErrorCode.TOO_MANY_TAKES


def test_sentence_that_is_deleted_meanwhile_has_no_other_take(make_generation):
    segment = finish(make_generation()).segments.get()
    Generation.objects.all().delete()
    with pytest.raises(GenerationError) as raised:
        takes.add_take(segment, "Again.", 1)
    assert raised.value.code == ErrorCode.GENERATION_UNKNOWN


@pytest.fixture
def with_two_takes(make_generation) -> Segment:
    segment = finish(make_generation(text=THREE_SEGMENTS)).segments.get(index=0)
    takes.add_take(segment, "Good evening.", 8)
    assert accept(scheduling.claim_next(), b"second")
    return segment


def test_choosing_has_the_whole_joined_with_the_chosen_take_and_its_text(with_two_takes, take_files):
    assert takes.choose(with_two_takes.takes.get(number=2))
    with_two_takes.refresh_from_db()
    assert (with_two_takes.chosen_take.number, with_two_takes.text) == (2, "Good evening.")
    generation = Generation.objects.get()
    assert generation.is_join_due
    assert generation.status == Status.SUCCEEDED
    assert default_storage.exists(generation.audio.name)  # until the new one is there
    assert len(take_files()) == 4


def test_choosing_what_is_chosen_joins_nothing(with_two_takes):
    assert takes.choose(with_two_takes.takes.get(number=1))
    assert not Generation.objects.get().is_join_due


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.FAILED, Status.CANCELLED])
def test_what_is_not_spoken_is_not_chosen(with_two_takes, status):
    takes.add_take(with_two_takes, "Never.", 9)
    Take.objects.filter(number=3).update(status=status)
    assert not takes.choose(with_two_takes.takes.get(number=3))
    with_two_takes.refresh_from_db()
    assert with_two_takes.chosen_take.number == 1


def test_choosing_between_the_last_sentence_and_the_join_is_heard(make_generation):
    generation = make_generation(text=THREE_SEGMENTS)
    assert accept(claim_first(generation))
    segment = generation.segments.first()
    again = takes.add_take(segment, "Good evening.", 8)
    speak_all(generation)
    Generation.objects.update(is_join_due=False)  # a worker joins what was chosen before
    assert takes.choose(Take.objects.get(pk=again.pk))
    assert Generation.objects.get().is_join_due


def test_takes_of_another_engine_are_spoken_again(make_generation):
    generation = make_generation(text=THREE_SEGMENTS)
    first, second, _ = takes_of(generation)
    for take in (first, second):
        assert takes.claim(take)
        assert takes.begin(take, get_engine())
        assert accept(take)
    Take.objects.filter(status=Status.SUCCEEDED).update(engine="xtts_v2")
    Generation.objects.update(engine="xtts_v2", stage=Stage.SPEAKING)

    third = scheduling.claim_next()
    assert takes.begin(third, get_engine())
    assert accept(third)
    generation.refresh_from_db()
    assert (generation.engine, generation.segments_done) == ("preview", 1)
    assert generation.unspoken_chars == len(first.text) + len(second.text)
    again = [each for _ in range(2) if (each := scheduling.claim_next())]
    assert [(each.segment_id, each.number) for each in again] == [
        (first.segment_id, 2),
        (second.segment_id, 2),
    ]
    assert scheduling.claim_next() is None
    for each in again:
        assert takes.begin(each, get_engine())
        assert accept(each)
    generation.refresh_from_db()
    assert (generation.segments_done, generation.unspoken_chars) == (3, 0)
    assert generation.is_join_due
    assert {segment.chosen_take.engine for segment in generation.segments.all()} == {"preview"}


def test_take_that_was_begun_before_the_engine_changed_is_spoken_again(make_generation):
    generation = make_generation(text=THREE_SEGMENTS)
    late, next_ = takes_of(generation)[:2]
    assert takes.claim(late)
    assert takes.begin(late, get_engine())
    Take.objects.update(engine="xtts_v2")
    late.engine = "xtts_v2"
    assert takes.claim(next_)
    assert takes.begin(next_, get_engine())
    assert accept(late)
    generation.refresh_from_db()
    assert (generation.engine, generation.segments_done) == ("preview", 0)
    assert [take.number for take in Take.objects.filter(segment=late.segment)] == [1, 2]
    assert late.segment.takes.get(number=2).status == Status.QUEUED


def test_take_of_an_engine_that_speaks_no_more_is_not_chosen(make_generation):
    generation = make_generation(text=THREE_SEGMENTS)
    take = claim_first(generation)
    assert accept(take)
    Take.objects.filter(pk=take.pk).update(engine="xtts_v2")
    Generation.objects.update(engine="xtts_v2")
    assert takes.begin(scheduling.claim_next(), get_engine())
    assert not takes.choose(Take.objects.get(pk=take.pk))
    assert Segment.objects.get(pk=take.segment_id).chosen_take is None


def test_finished_file_is_not_mixed_with_another_engine(make_generation):
    generation = finish(make_generation())
    Generation.objects.update(engine="xtts_v2")
    Take.objects.update(engine="xtts_v2")
    takes.add_take(generation.segments.get(), "Again.", 1)
    with pytest.raises(GenerationError) as raised:
        takes.begin(scheduling.claim_next(), get_engine())
    assert raised.value.code == ErrorCode.ENGINE_CHANGED
    generation.refresh_from_db()
    assert (generation.engine, generation.segments_done) == ("xtts_v2", 1)
