"""The joined file: made of what is chosen, again at any time, never half and never twice."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import OperationalError

from cloning.errors import ErrorCode
from cloning.jobs import joins, leases, scheduling, state, takes
from cloning.jobs.cleanup import delete_generation
from cloning.models import MAX_ATTEMPTS, Generation, Stage, Status, generated_file
from cloning.tests.jobs.recording import (
    THREE_SEGMENTS,
    accept,
    accept_join,
    at_once,
    claim_first,
    finish,
    speak_all,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def joined_files(stored_files):
    return lambda: [name for name in stored_files() if name.startswith("generated/") and name.count("/") == 1]


@pytest.fixture
def claimed(make_generation) -> Generation:
    """All is spoken, and this process joins it."""
    generation = speak_all(make_generation(text=THREE_SEGMENTS))
    assert joins.claim(generation)
    return generation


def abandoned() -> Generation:
    [generation] = leases.read_claimed()
    assert isinstance(generation, Generation)
    return generation


def test_nothing_is_joined_before_all_is_spoken(make_generation):
    generation = make_generation(text=THREE_SEGMENTS)
    assert accept(claim_first(generation))
    assert joins.claim_next() is None
    speak_all(generation)
    assert joins.claim_next() == generation
    assert joins.claim_next() is None


def test_a_join_that_many_want_is_done_by_one(make_generation):
    generation = speak_all(make_generation())
    views, wins = [Generation.objects.get() for _ in range(8)], []
    assert at_once(*[lambda view=view: wins.append(joins.claim(view)) for view in views]) == []
    assert sorted(wins) == [False] * 7 + [True]
    generation.refresh_from_db()
    assert (generation.attempts, generation.is_join_due) == (1, False)


def test_the_oldest_is_joined_first(make_generation):
    first, second = speak_all(make_generation()), speak_all(make_generation())
    assert joins.claim_next() == first
    assert joins.claim_next() == second


def test_accepted_join_ends_the_generation(claimed, joined_files):
    assert accept_join(claimed)
    row = Generation.objects.get()
    assert (row.status, row.stage, row.progress) == (Status.SUCCEEDED, "", 1.0)
    assert (row.claim_token, row.lease_expires_at, row.attempts) == (None, None, 0)
    assert (row.duration_seconds, row.peaks) == (4.5, [1.0])
    assert row.finished_at
    assert row.audio.read() == b"whole"
    assert joined_files() == [row.audio.name]
    assert joins.claim_next() is None


def test_file_of_before_stays_until_the_new_one_is_there(make_generation, joined_files):
    generation = finish(make_generation(text=THREE_SEGMENTS))
    before = generation.audio.name
    segment = generation.segments.first()
    takes.add_take(segment, "Again.", 1)
    again = scheduling.claim_next()
    assert accept(again)
    assert takes.choose(again)
    assert joins.claim(generation)
    assert joined_files() == [before]
    assert accept_join(generation, b"new")
    generation.refresh_from_db()
    assert generation.audio.read() == b"new"
    assert joined_files() == [generation.audio.name]
    assert generation.status == Status.SUCCEEDED


def test_failed_join_keeps_the_file_of_before(make_generation, joined_files):
    generation = finish(make_generation())
    Generation.objects.update(is_join_due=True)
    assert joins.claim(generation)
    assert joins.fail(generation, ErrorCode.STORAGE_FULL, "The disk is full.")
    row = Generation.objects.get()
    assert (row.status, row.error_code, row.claim_token) == (Status.SUCCEEDED, "", None)
    assert joined_files() == [row.audio.name]


def test_failed_join_of_what_runs_fails_it_and_what_is_spoken_is_joined_after_resume(claimed):
    assert joins.fail(claimed, ErrorCode.STORAGE_FULL, "The disk is full.")
    row = Generation.objects.get()
    assert (row.status, row.error_code, row.stage) == (Status.FAILED, "storage_full", "")
    assert row.finished_at
    assert joins.claim_next() is None
    assert state.resume(row)
    assert (row.status, row.stage, row.error_code) == (Status.RUNNING, Stage.JOINING, "")
    assert scheduling.claim_next() is None
    assert joins.claim(row)
    assert accept_join(row)
    assert Generation.objects.get().status == Status.SUCCEEDED


def test_the_loser_of_a_claim_can_change_nothing_and_leaves_no_file(claimed, joined_files):
    assert joins.release_abandoned(abandoned())
    winner = joins.claim_next()
    assert winner.attempts == 2
    assert not leases.renew_lease(claimed)
    assert not joins.fail(claimed, ErrorCode.INTERNAL_ERROR, "y")
    assert not joins.release(claimed)
    assert not accept_join(claimed, b"loser")
    assert accept_join(winner, b"winner")
    winner.refresh_from_db()
    assert winner.audio.read() == b"winner"
    assert joined_files() == [winner.audio.name]


def test_a_file_stored_by_a_worker_that_died_before_acceptance_is_removed(claimed):
    orphan = default_storage.save(generated_file(claimed, ""), ContentFile(b"orphan"))
    assert joins.release_abandoned(abandoned())
    assert not default_storage.exists(orphan)
    assert accept_join(joins.claim_next())


def test_a_storage_that_fails_to_delete_a_lost_file_stops_no_other_worker(claimed, settings):
    (settings.MEDIA_ROOT / generated_file(claimed, "") / "a folder in its place").mkdir(parents=True)
    assert joins.release_abandoned(abandoned())
    assert joins.claim_next() == claimed


def test_what_died_on_its_last_attempt_fails_with_a_reason(claimed):
    for _ in range(MAX_ATTEMPTS - 1):
        assert joins.release_abandoned(abandoned())
        assert joins.claim_next()
    assert joins.release_abandoned(abandoned())
    assert joins.claim_next() is None
    row = Generation.objects.get()
    assert (row.status, row.error_code) == (Status.FAILED, "worker_lost")
    assert "3 times" in row.error_message


@pytest.mark.parametrize("change", [leases.renew_lease, joins.release, accept_join, Generation.delete])
def test_what_was_thought_abandoned_and_is_not_is_left_alone(claimed, change, joined_files):
    thought = abandoned()
    change(claimed)
    before = list(Generation.objects.values()), joined_files()
    assert not joins.release_abandoned(thought)
    thought.attempts = MAX_ATTEMPTS
    assert not joins.release_abandoned(thought)
    assert (list(Generation.objects.values()), joined_files()) == before


def test_a_file_that_can_not_be_recorded_is_deleted(claimed, fill_database, joined_files):
    fill_database("UPDATE", "cloning_generation")
    with pytest.raises(OperationalError, match="full"):
        accept_join(claimed)
    assert joined_files() == []


def test_a_file_that_was_recorded_though_the_connection_broke_stays(claimed, break_after_commit):
    break_after_commit()
    assert accept_join(claimed)
    assert Generation.objects.get().status == Status.SUCCEEDED
    assert Generation.objects.get().audio.read() == b"whole"


def test_a_file_that_meets_a_delete_is_deleted(claimed, nothing_kept):
    Generation.objects.get().delete()
    assert not accept_join(claimed)
    assert nothing_kept()


@pytest.mark.parametrize(
    "change",
    [
        joins.claim,
        joins.release,
        joins.release_abandoned,
        lambda generation: joins.fail(generation, ErrorCode.INTERNAL_ERROR, "Something"),
        lambda generation: leases.renew_lease(generation),
    ],
)
def test_nothing_happens_to_what_was_deleted(claimed, change, nothing_kept):
    Generation.objects.all().delete()
    assert not change(claimed)
    assert nothing_kept()


def test_release_gives_back_without_costing_an_attempt(claimed):
    assert joins.release(claimed)
    row = Generation.objects.get()
    assert (row.attempts, row.claim_token, row.is_join_due) == (0, None, True)
    assert joins.claim_next() == claimed


def test_what_is_stopped_is_joined_from_what_is_there(make_generation):
    generation = make_generation(text=THREE_SEGMENTS)
    assert joins.claim_next() is None
    assert accept(claim_first(generation))
    assert state.cancel(generation)
    assert joins.claim(generation)
    assert accept_join(generation, b"a third")
    row = Generation.objects.get()
    assert (row.status, row.audio.read()) == (Status.CANCELLED, b"a third")
    assert row.segments_done == 1


def test_join_of_a_part_that_ends_after_all_was_spoken_is_not_the_result(make_generation, joined_files):
    generation = make_generation(text=THREE_SEGMENTS)
    assert accept(claim_first(generation))
    assert state.cancel(generation)
    joining = joins.claim_next()  # one sentence of it
    assert state.resume(generation)
    speak_all(generation)
    assert accept_join(joining, b"a third")
    row = Generation.objects.get()
    assert (row.status, row.stage) == (Status.RUNNING, Stage.JOINING)
    whole = joins.claim_next()
    assert accept_join(whole, b"all")
    row = Generation.objects.get()
    assert (row.status, row.audio.read()) == (Status.SUCCEEDED, b"all")
    assert joined_files() == [row.audio.name]


@pytest.mark.parametrize("is_spoken", [False, True])
def test_join_of_a_part_that_fails_after_resume_fails_nothing(make_generation, is_spoken):
    generation = make_generation(text=THREE_SEGMENTS)
    assert accept(claim_first(generation))
    assert state.cancel(generation)
    joining = joins.claim_next()
    assert state.resume(generation)
    claim_first_waiting = scheduling.claim_next()
    assert claim_first_waiting
    if is_spoken:
        assert accept(claim_first_waiting)
        speak_all(generation)
    assert joins.fail(joining, ErrorCode.STORAGE_FULL, "The disk is full.")
    assert Generation.objects.get().status == Status.RUNNING
    if is_spoken:
        assert joins.claim_next() == generation


def test_cancelling_while_it_is_joined_keeps_the_file(claimed, joined_files):
    assert state.cancel(Generation.objects.get())
    assert accept_join(claimed)
    row = Generation.objects.get()
    assert (row.status, row.audio.read()) == (Status.CANCELLED, b"whole")
    assert joined_files() == [row.audio.name]


def test_join_that_meets_the_deletion(make_generation, nothing_kept):
    for _ in range(10):
        generation = speak_all(make_generation())
        assert joins.claim(generation)
        pk = generation.pk
        assert at_once(lambda: accept_join(generation), lambda: delete_generation(pk)) == []  # noqa: B023
        assert nothing_kept()
