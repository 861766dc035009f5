"""What was spoken, sentence by sentence, and when it is heard."""

from itertools import pairwise

import pytest

from cloning.jobs import takes
from cloning.jobs.timeline import read_timeline
from cloning.models import Status
from cloning.tests.jobs.recording import THREE_SEGMENTS, accept, claim_first, finish, takes_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_sentences_begin_where_those_before_and_their_pauses_end(make_generation):
    timed = read_timeline(finish(make_generation(text=THREE_SEGMENTS)))
    assert timed[0].start_seconds == 0.0
    for before, after in pairwise(timed):
        assert before.end_seconds == pytest.approx(before.start_seconds + 1.5)
        assert after.start_seconds == pytest.approx(before.end_seconds + before.segment.pause_seconds)
    assert {each.status for each in timed} == {Status.SUCCEEDED}


def test_nothing_is_known_behind_what_is_not_spoken_yet(make_generation):
    generation = make_generation(text=THREE_SEGMENTS)
    assert accept(claim_first(generation))
    assert takes.claim(takes_of(generation)[2])
    first, second, third = read_timeline(generation)
    assert (first.status, second.status, third.status) == (Status.SUCCEEDED, Status.QUEUED, Status.RUNNING)
    assert second.start_seconds is not None
    assert (second.end_seconds, third.start_seconds) == (None, None)


def test_another_take_in_progress_leaves_a_spoken_sentence_as_it_is(make_generation):
    generation = finish(make_generation())
    takes.add_take(generation.segments.get(), "Again.", 1)
    [timed] = read_timeline(generation)
    assert (timed.status, timed.chosen_take.number, timed.newest_take.number) == (Status.SUCCEEDED, 1, 2)


def test_timeline_is_two_queries(make_generation, django_assert_num_queries):
    generation = make_generation(text=THREE_SEGMENTS * 3)
    with django_assert_num_queries(2):
        read_timeline(generation)
