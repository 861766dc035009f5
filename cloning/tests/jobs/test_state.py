"""What people do to a generation: stop it, have it continued, wait for it."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from cloning.errors import ErrorCode
from cloning.jobs import joins, scheduling, state, takes
from cloning.jobs.takes import Progress
from cloning.models import Generation, Stage, Status, Take
from cloning.tests.jobs.recording import (
    THREE_SEGMENTS,
    accept,
    accept_join,
    at_once,
    claim_first,
    finish,
    speak_all,
    takes_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("claimed", [False, True])
def test_cancel_ends_what_waits_or_runs_and_the_worker_is_told(make_generation, claimed, nothing_kept):
    generation = make_generation(text=THREE_SEGMENTS)
    taken = claim_first(generation) if claimed else None
    assert state.cancel(Generation.objects.get(pk=generation.pk))
    if taken:
        assert not takes.report(taken, Progress(Stage.SPEAKING, 0.5))
        assert not accept(taken)
    generation.refresh_from_db()
    assert (generation.status, generation.stage) == (Status.CANCELLED, "")
    assert generation.finished_at
    assert not generation.is_join_due
    assert not state.cancel(generation)
    assert scheduling.claim_next() is None
    assert joins.claim_next() is None
    assert {take.status for take in takes_of(generation)} == {Status.CANCELLED}
    generation.delete()
    assert nothing_kept()


def test_resume_goes_on_behind_what_was_spoken(make_generation):
    generation = make_generation(text=THREE_SEGMENTS)
    first = claim_first(generation)
    assert accept(first, b"first")
    second = takes_of(generation)[1]
    assert takes.claim(second)
    assert state.cancel(generation)
    assert state.resume(generation)
    assert (generation.status, generation.finished_at) == (Status.QUEUED, None)
    assert (generation.segments_done, generation.is_join_due) == (1, False)
    again = scheduling.claim_next()
    assert again == second
    assert again.attempts == 1
    assert not accept(second)  # the claim of before
    assert accept(again)
    speak_all(generation)
    assert first.segment.takes.get().audio.read() == b"first"
    assert set(Take.objects.values_list("number", "attempts")) == {(1, 1)}
    assert generation.segments_done == 3


def test_resume_queues_a_failed_generation_afresh(make_generation):
    generation = make_generation()
    take = claim_first(generation)
    takes.fail(take, ErrorCode.INTERNAL_ERROR, "Something")
    generation.refresh_from_db()
    assert state.resume(generation)
    assert (generation.status, generation.error_code, generation.error_message) == (Status.QUEUED, "", "")
    take.refresh_from_db()
    assert (take.attempts, take.error_code, take.error_message) == (0, "", "")
    assert scheduling.claim_next() == take


def test_resume_after_all_attempts_gives_all_attempts_again(make_generation):
    generation = make_generation()
    Take.objects.update(attempts=3, status=Status.FAILED)
    Generation.objects.update(status=Status.FAILED)
    assert state.resume(generation)
    assert scheduling.claim_next().attempts == 1


def test_what_is_spoken_and_was_stopped_while_it_was_joined_is_joined_after_resume(make_generation):
    generation = speak_all(make_generation())
    assert state.cancel(generation)
    assert state.resume(generation)
    assert (generation.status, generation.stage) == (Status.RUNNING, Stage.JOINING)
    assert scheduling.claim_next() is None
    assert joins.claim(generation)
    assert accept_join(generation)
    generation.refresh_from_db()
    assert generation.status == Status.SUCCEEDED


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.SUCCEEDED])
def test_what_was_not_stopped_is_not_resumed(make_generation, status):
    generation = make_generation()
    Generation.objects.update(status=status)
    before = list(Generation.objects.values()), list(Take.objects.values())
    assert not state.resume(generation)
    assert (list(Generation.objects.values()), list(Take.objects.values())) == before


def test_what_has_succeeded_is_neither_cancelled_nor_resumed(make_generation):
    generation = finish(make_generation())
    assert not state.cancel(generation)
    assert not state.resume(generation)
    assert generation.status == Status.SUCCEEDED
    assert generation.progress == 1.0


def test_another_take_that_waited_is_not_resumed_with_the_text(make_generation):
    generation = make_generation(text=THREE_SEGMENTS)
    assert accept(claim_first(generation))
    added = takes.add_take(generation.segments.first(), "Again.", 1)
    assert state.cancel(generation)
    assert state.resume(generation)
    added.refresh_from_db()
    assert added.status == Status.CANCELLED
    speak_all(generation)
    assert (generation.segments_done, generation.is_join_due) == (3, True)


@pytest.mark.parametrize("change", [state.cancel, state.resume])
def test_nothing_happens_to_what_was_deleted(make_generation, change):
    generation = make_generation()
    Generation.objects.all().delete()
    assert not change(generation)


@pytest.mark.parametrize("change", [state.cancel, state.resume])
def test_of_many_who_want_the_same_one_does_it(make_generation, change):
    generation = make_generation(text=THREE_SEGMENTS)
    if change is state.resume:
        assert state.cancel(generation)
    done: list[bool] = []
    assert at_once(*[lambda: done.append(change(Generation.objects.get()))] * 8) == []
    assert sorted(done) == [False] * 7 + [True]


def test_cancelling_and_resuming_while_workers_speak_loses_and_repeats_nothing(make_generation):
    generation = make_generation(text=THREE_SEGMENTS * 3)
    is_over: list[bool] = []
    spoken: list[Take] = []

    def meddle() -> None:
        for _ in range(20):
            row = Generation.objects.get()
            assert state.cancel(row) == state.resume(row)
            time.sleep(0.01)

    def work() -> None:
        while not is_over:
            if (take := scheduling.claim_next()) and accept(take):
                spoken.append(take)
            if Generation.objects.get().segments_done == generation.segments_total:
                is_over.append(True)

    assert at_once(meddle, work, work, work) == []
    row = Generation.objects.get()
    assert row.status == Status.RUNNING
    assert sorted(take.pk for take in spoken) == sorted(take.pk for take in takes_of(generation))
    assert (row.segments_done, row.unspoken_chars, row.is_join_due) == (row.segments_total, 0, True)


def test_progress_is_the_share_that_is_spoken(make_generation):
    generation = make_generation(text=THREE_SEGMENTS)
    assert generation.progress == 0.0
    take = claim_first(generation)
    takes.report(take, Progress(Stage.SPEAKING, 0.25))
    assert Generation.objects.get().progress == pytest.approx(0.25 / 3)
    assert accept(take)
    assert Generation.objects.get().progress == pytest.approx(1 / 3)
    for take in takes_of(generation)[1:]:
        assert takes.claim(take)
        takes.report(take, Progress(Stage.SPEAKING, 0.5))
    assert Generation.objects.get().progress == pytest.approx(2 / 3)
    state.cancel(generation)
    assert Generation.objects.get().progress == pytest.approx(1 / 3)


def test_state_changes_with_whatever_is_new_to_show(make_generation):
    generation = make_generation(text=THREE_SEGMENTS)
    seen = [generation.state]
    take = claim_first(generation)
    seen.append(Generation.objects.get().state)
    takes.report(take, Progress(Stage.SPEAKING, 0.5))
    seen.append(Generation.objects.get().state)
    accept(take)
    seen.append(Generation.objects.get().state)
    state.cancel(generation)
    seen.append(Generation.objects.get().state)
    assert len(set(seen)) == len(seen)


def test_who_waits_is_known_for_a_while(make_generation):
    generation, other = make_generation(), make_generation()
    state.await_generations([generation.pk])
    generation.refresh_from_db()
    assert (generation.is_awaited, generation.is_streamed) == (True, False)
    other.refresh_from_db()
    assert not other.is_awaited
    state.await_generations([generation.pk], is_streamed=True)
    generation.refresh_from_db()
    assert generation.is_streamed
    assert generation.awaited_until < timezone.now() + timedelta(seconds=state.AWAITED_SECONDS)
    Generation.objects.update(awaited_until=timezone.now())
    generation.refresh_from_db()
    assert not generation.is_awaited


def test_nobody_waits_for_what_has_ended(make_generation):
    generation = finish(make_generation())
    state.await_generations([generation.pk])
    generation.refresh_from_db()
    assert not generation.is_awaited
