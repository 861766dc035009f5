"""Takes: claimed once, spoken once, stored or not at all, whatever happens meanwhile."""

import re

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.utils import timezone

from cloning.engines.registry import get_engine
from cloning.errors import ErrorCode
from cloning.jobs import leases, scheduling, state, takes
from cloning.jobs.cleanup import delete_generation
from cloning.jobs.takes import MAX_ATTEMPTS, Progress
from cloning.models import Generation, Segment, SoundChunk, Stage, Status, Take, take_file
from cloning.tests.jobs.recording import (
    THREE_SEGMENTS,
    accept,
    at_once,
    claim_first,
    finish,
    first_take,
    takes_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def take_files(stored_files):
    return lambda: [name for name in stored_files() if name.startswith("generated/takes/")]


def abandoned() -> Take:
    """The one take in hand, as another worker reads it."""
    [take] = leases.read_claimed()
    assert isinstance(take, Take)
    return take


def add_chunk(take: Take) -> None:
    assert take.claim_token is not None
    SoundChunk.objects.create(take=take, claim_token=take.claim_token, index=0, samples=b"\0\0")


def test_claim_takes_a_waiting_take_and_only_once(make_generation):
    generation = make_generation()
    take, other_view = first_take(generation), first_take(generation)
    assert takes.claim(take)
    assert (take.status, take.attempts) == (Status.RUNNING, 1)
    assert take.lease_expires_at > timezone.now()
    assert not takes.claim(other_view)
    row = Take.objects.get()
    assert (row.status, row.attempts, row.claim_token) == (Status.RUNNING, 1, take.claim_token)


def test_generation_runs_from_its_first_claim_on(make_generation):
    generation = make_generation(text=THREE_SEGMENTS)
    claim_first(generation)
    generation.refresh_from_db()
    began = generation.started_at
    assert (generation.status, generation.stage) == (Status.RUNNING, Stage.PREPARING)
    assert generation.served_at == began
    Generation.objects.update(stage=Stage.SPEAKING)
    assert takes.claim(takes_of(generation)[1])
    generation.refresh_from_db()
    assert (generation.stage, generation.started_at) == (Stage.SPEAKING, began)
    assert generation.served_at > began


def test_claim_of_a_take_that_many_want_is_won_by_one(make_generation):
    generation = make_generation()
    views, wins = [first_take(generation) for _ in range(8)], []
    assert at_once(*[lambda view=view: wins.append(takes.claim(view)) for view in views]) == []
    assert sorted(wins) == [False] * 7 + [True]
    assert Take.objects.get().attempts == 1


def test_eight_who_take_whatever_is_next_share_no_take(make_generation):
    for _ in range(2):
        make_generation(text=THREE_SEGMENTS)
    claimed: list[Take] = []

    def work() -> None:
        while take := scheduling.claim_next():
            claimed.append(take)
            assert accept(take)

    assert at_once(*[work] * 8) == []
    assert sorted(take.pk for take in claimed) == sorted(Take.objects.values_list("pk", flat=True))
    for generation in Generation.objects.all():
        assert (generation.segments_done, generation.unspoken_chars) == (generation.segments_total, 0)
        assert generation.is_join_due
    assert set(Take.objects.values_list("attempts", flat=True)) == {1}


def test_what_is_deleted_just_after_its_claim_is_not_begun(make_generation, after_statement, nothing_kept):
    generation = make_generation()
    take = first_take(generation)
    with after_statement("UPDATE", Generation.objects.all().delete):
        takes.claim(take)
    assert not takes.begin(take, get_engine())
    assert not accept(take)
    assert nothing_kept()


def test_what_is_cancelled_just_after_its_claim_stays_cancelled(make_generation, after_statement):
    generation = make_generation()
    take = first_take(generation)
    with after_statement("UPDATE", lambda: state.cancel(generation)):
        takes.claim(take)
    assert not takes.begin(take, get_engine())
    assert Generation.objects.get().status == Status.CANCELLED


def test_what_is_accepted_counts_and_the_last_has_the_whole_joined(make_generation, take_files):
    generation = make_generation(text=THREE_SEGMENTS)
    assert generation.unspoken_chars == sum(len(take.text) for take in takes_of(generation))
    for number, take in enumerate(takes_of(generation), 1):
        assert not generation.is_join_due
        assert takes.claim(take)
        assert accept(take)
        generation.refresh_from_db()
        assert generation.segments_done == number
        assert Segment.objects.get(pk=take.segment_id).chosen_take == take
    assert (generation.unspoken_chars, generation.stage) == (0, Stage.JOINING)
    assert generation.is_join_due
    assert generation.status == Status.RUNNING  # until it is joined
    stored = Take.objects.first()
    assert (stored.status, stored.claim_token, stored.spoken_share) == (Status.SUCCEEDED, None, 1.0)
    assert (stored.duration_seconds, stored.spoken_seconds, stored.true_peak_dbtp) == (1.5, 0.5, -6.0)
    assert stored.finished_at
    assert stored.audio.read() == b"RIFF"
    assert take_files() == sorted(str(take.audio.name) for take in Take.objects.all())


def test_takes_of_one_generation_accepted_at_once_are_all_counted(make_generation):
    generation = make_generation(text=THREE_SEGMENTS * 2)
    claimed = takes_of(generation)
    assert len(claimed) >= 6
    assert all(takes.claim(take) for take in claimed)
    assert at_once(*[lambda take=take: accept(take) for take in claimed]) == []
    generation.refresh_from_db()
    assert (generation.segments_done, generation.is_join_due) == (generation.segments_total, True)


def test_an_abandoned_take_is_taken_over(make_generation):
    loser = claim_first(make_generation())
    assert scheduling.claim_next() is None
    assert takes.release_abandoned(abandoned())
    again = scheduling.claim_next()
    assert again == loser
    assert again.attempts == 2
    assert again.claim_token != loser.claim_token


def test_the_loser_of_a_claim_can_change_nothing_and_leaves_no_file(make_generation, take_files):
    loser = claim_first(make_generation())
    assert takes.release_abandoned(abandoned())
    winner = scheduling.claim_next()
    assert not takes.report(loser, Progress(Stage.SPEAKING, 0.5))
    assert not takes.begin(loser, get_engine())
    assert not leases.renew_lease(loser)
    assert not takes.fail(loser, ErrorCode.INTERNAL_ERROR, "y")
    assert not takes.release(loser)
    assert not accept(loser, b"loser")
    assert accept(winner, b"winner")
    winner.refresh_from_db()
    assert winner.audio.read() == b"winner"
    assert take_files() == [winner.audio.name]
    assert Generation.objects.get().segments_done == 1


def test_a_file_stored_by_a_worker_that_died_before_acceptance_is_removed(make_generation):
    take = claim_first(make_generation())
    orphan = default_storage.save(take_file(take, ""), ContentFile(b"orphan"))
    add_chunk(take)
    assert takes.release_abandoned(abandoned())
    assert not default_storage.exists(orphan)
    assert not SoundChunk.objects.exists()
    assert accept(scheduling.claim_next())


def test_a_storage_that_fails_to_delete_a_lost_file_stops_no_other_worker(make_generation, settings):
    take = claim_first(make_generation())
    (settings.MEDIA_ROOT / take_file(take, "") / "a folder in its place").mkdir(parents=True)
    assert takes.release_abandoned(abandoned())
    assert scheduling.claim_next() == take


def test_what_died_on_its_last_attempt_fails_with_a_reason(make_generation):
    generation = make_generation(text=THREE_SEGMENTS)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert claim_first(generation).attempts == attempt
        assert takes.release_abandoned(abandoned())
    assert scheduling.claim_next() is None
    take = first_take(generation)
    assert (take.status, take.claim_token) == (Status.FAILED, None)
    generation.refresh_from_db()
    assert generation.status == Status.FAILED
    assert generation.error_code == "worker_lost"
    assert f"{MAX_ATTEMPTS} times" in generation.error_message


def test_workers_that_die_at_one_sentence_cost_no_other_an_attempt(make_generation):
    generation = make_generation(text=THREE_SEGMENTS)
    for take in takes_of(generation):
        for _ in range(MAX_ATTEMPTS - 1):
            assert takes.claim(take)
            assert takes.release_abandoned(abandoned())
        assert takes.claim(take)
        assert accept(take)
    generation.refresh_from_db()
    assert generation.segments_done == generation.segments_total


@pytest.mark.parametrize(
    "change",
    [
        leases.renew_lease,
        takes.release,
        accept,
        lambda take: state.cancel(take.segment.generation),
        lambda take: take.segment.generation.delete(),
    ],
)
def test_what_was_thought_abandoned_and_is_not_is_left_alone(make_generation, change, take_files):
    take = claim_first(make_generation())
    thought = abandoned()
    change(take)
    before = list(Take.objects.values()), take_files()
    assert not takes.release_abandoned(thought)
    thought.attempts = MAX_ATTEMPTS
    assert not takes.release_abandoned(thought)
    assert (list(Take.objects.values()), take_files()) == before


def test_a_sound_that_can_not_be_recorded_leaves_no_file(make_generation, fill_database, take_files):
    take = claim_first(make_generation())
    fill_database("UPDATE", "cloning_take")
    with pytest.raises(OperationalError, match="full"):
        accept(take)
    assert take_files() == []
    assert Take.objects.get().status == Status.RUNNING  # its lease runs out


def test_a_sound_that_can_not_be_counted_is_not_recorded_either(make_generation, fill_database, take_files):
    take = claim_first(make_generation())
    fill_database("UPDATE OF segments_done", "cloning_generation")
    with pytest.raises(OperationalError, match="full"):
        accept(take)
    assert take_files() == []
    assert Take.objects.get().status == Status.RUNNING
    assert Segment.objects.get().chosen_take is None


def test_a_sound_that_was_recorded_though_the_connection_broke_stays(make_generation, break_after_commit):
    take = claim_first(make_generation())
    break_after_commit()
    assert accept(take)
    assert Take.objects.get().status == Status.SUCCEEDED
    assert Take.objects.get().audio.read() == b"RIFF"
    assert Generation.objects.get().segments_done == 1


def test_a_sound_that_meets_a_delete_leaves_no_file(make_generation, nothing_kept):
    take = claim_first(make_generation())
    Generation.objects.get().delete()
    assert not accept(take)
    assert nothing_kept()


@pytest.mark.parametrize(
    "change",
    [
        takes.claim,
        leases.renew_lease,
        takes.release,
        takes.release_abandoned,
        lambda take: takes.begin(take, get_engine()),
        lambda take: takes.report(take, Progress(Stage.SPEAKING, 0.5)),
        lambda take: takes.fail(take, ErrorCode.INTERNAL_ERROR, "Something"),
        takes.choose,
        lambda take: state.cancel(take.segment.generation),
        lambda take: state.resume(take.segment.generation),
    ],
)
def test_nothing_happens_to_what_was_deleted(make_generation, change, nothing_kept):
    take = claim_first(make_generation())
    Generation.objects.all().delete()
    assert not change(take)
    assert nothing_kept()


def test_release_gives_back_without_costing_an_attempt(make_generation):
    take = claim_first(make_generation())
    assert takes.release(take)
    take.refresh_from_db()
    assert (take.status, take.attempts, take.claim_token) == (Status.QUEUED, 0, None)
    assert scheduling.claim_next() == take


def test_failure_ends_the_generation_and_keeps_what_was_spoken(make_generation, take_files):
    generation = make_generation(text=THREE_SEGMENTS)
    assert accept(claim_first(generation))
    second, third = takes_of(generation)[1:]
    assert takes.claim(second)
    assert takes.claim(third)
    add_chunk(second)
    assert takes.fail(second, ErrorCode.SYNTHESIS_FAILED, "No sound.")
    generation.refresh_from_db()
    assert (generation.status, generation.error_code) == (Status.FAILED, "synthesis_failed")
    assert (generation.error_message, generation.stage) == ("No sound.", "")
    assert (generation.segments_done, generation.is_join_due) == (1, True)
    assert generation.finished_at
    assert not accept(third)
    assert scheduling.claim_next() is None
    assert not SoundChunk.objects.exists()
    assert [take.status for take in takes_of(generation)] == [
        Status.SUCCEEDED,
        Status.FAILED,
        Status.CANCELLED,
    ]
    assert len(take_files()) == 1


def test_failure_of_another_take_is_its_own(make_generation):
    generation = finish(make_generation())
    takes.add_take(generation.segments.get(), "Good evening.", 8)
    take = scheduling.claim_next()
    assert takes.fail(take, ErrorCode.SYNTHESIS_FAILED, "No sound.")
    take.refresh_from_db()
    assert (take.status, take.error_code) == (Status.FAILED, "synthesis_failed")
    generation.refresh_from_db()
    assert (generation.status, generation.error_code) == (Status.SUCCEEDED, "")
    assert generation.segments.get().chosen_take.number == 1


def test_sound_given_out_while_it_was_spoken_goes_when_it_is_stored(make_generation):
    take = claim_first(make_generation())
    add_chunk(take)
    assert accept(take)
    assert not SoundChunk.objects.exists()


def test_acceptance_that_meets_the_deletion(make_generation, nothing_kept):
    for _ in range(10):
        generation = make_generation()
        take, pk = claim_first(generation), generation.pk
        errors = at_once(lambda: accept(take), lambda: delete_generation(pk))  # noqa: B023
        assert errors == []
        assert nothing_kept()


def test_acceptance_that_meets_the_cancelling(make_generation, take_files):
    for _ in range(10):
        generation = make_generation()
        take = claim_first(generation)
        accepted: list[bool] = []
        errors = at_once(lambda: accepted.append(accept(take)), lambda: state.cancel(generation))  # noqa: B023
        assert errors == []
        row = Generation.objects.get()
        assert row.segments_done == sum(accepted) == len(take_files())
        assert row.is_join_due == bool(accepted[0])
        row.delete()


def test_stored_names_hold_nothing_that_a_user_chose(make_generation, make_reference, stored_files):
    reference = make_reference()
    reference.original_name = "../../etc/passwd"
    finish(make_generation([reference]))
    pattern = r"incoming/[0-9a-f-]{36}\.flac|generated/[0-9a-f-]{73}\.wav|generated/takes/[0-9a-f-]{73}\.wav"
    for name in stored_files():
        assert re.fullmatch(pattern, name), name
    assert len(stored_files()) == 3
