import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import OperationalError, connection
from django.utils import timezone

from cloning.jobs import state
from cloning.jobs.state import Progress
from cloning.models import (
    MAX_ATTEMPTS,
    Generation,
    Reference,
    Stage,
    Status,
    Voice,
)

pytestmark = pytest.mark.django_db(transaction=True)


def succeed(generation: Generation, content: bytes = b"RIFF") -> bool:
    return state.succeed(
        generation, ContentFile(content), sample_rate_hz=24_000, duration_seconds=1.0, peaks=[1.0]
    )


def stored_files() -> set[str]:
    folders = ("incoming", "normalized", "generated")
    return {
        f"{f}/{name}" for f in folders if default_storage.exists(f) for name in default_storage.listdir(f)[1]
    }


@pytest.fixture
def after_statement():
    """Does something right after the first statement that begins so."""

    @contextmanager
    def arrange(beginning: str, action: Callable[[], object]) -> Iterator[None]:
        actions = [action]

        def execute_and_act(execute, sql, params, many, context):
            result = execute(sql, params, many, context)
            if sql.startswith(beginning) and actions:
                actions.pop()()
            return result

        with connection.execute_wrapper(execute_and_act):
            yield

    return arrange


def test_claim_takes_a_queued_row_and_only_once(make_generation):
    generation = make_generation()
    other_view = Generation.objects.get(pk=generation.pk)
    assert state.claim(generation)
    assert generation.status == Status.RUNNING
    assert generation.attempts == 1
    assert generation.lease_expires_at > timezone.now()
    assert not state.claim(other_view)


def test_claim_of_a_row_that_many_want_is_won_by_one(make_generation):
    generation = make_generation()
    start, wins = threading.Barrier(8, timeout=120), []

    def want() -> None:
        mine = Generation.objects.get(pk=generation.pk)
        start.wait()
        wins.append(state.claim(mine))
        connection.close()

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(wins) == [False] * 7 + [True]
    generation.refresh_from_db()
    assert generation.attempts == 1


def test_a_row_that_is_deleted_just_after_its_claim_is_no_claim(make_generation, after_statement):
    generation, other = make_generation(), make_generation()
    with after_statement("UPDATE", lambda: Generation.objects.get(pk=generation.pk).delete()):
        assert state.claim_next() == other
    generation = make_generation()
    with after_statement("UPDATE", Generation.objects.all().delete):
        assert not state.claim(generation)


def test_a_storage_that_fails_to_delete_a_lost_file_stops_no_claim(make_generation, settings):
    generation = make_generation()
    state.claim(generation)
    name = f"generated/{generation.pk}-{generation.claim_token}.wav"
    (settings.MEDIA_ROOT / name / "a folder in its place").mkdir(parents=True)
    assert state.claim_next([Generation.objects.get()]) == generation


def test_a_claim_reads_no_more_than_it_needs_to_find_a_row(make_generation, django_assert_num_queries):
    make_generation(text="x" * 1000)
    with django_assert_num_queries(3) as queries:
        state.claim_next()
    assert '"text"' not in queries[0]["sql"]
    with django_assert_num_queries(1):
        state.claim_next()


def test_claim_next_takes_the_oldest_first(make_generation):
    first, second = make_generation(), make_generation()
    assert state.claim_next() == first
    assert state.claim_next() == second
    assert state.claim_next() is None


def test_an_abandoned_row_is_taken_over(make_generation):
    generation = make_generation()
    state.claim(generation)
    assert state.claim_next() is None
    again = state.claim_next([Generation.objects.get()])
    assert again == generation
    assert again.attempts == 2
    assert again.claim_token != generation.claim_token


def test_the_loser_of_a_claim_can_change_nothing_and_leaves_no_file(make_generation):
    loser = make_generation()
    state.claim(loser)
    winner = state.claim_next([Generation.objects.get()])
    assert not state.report(loser, Progress(Stage.SPEAKING, 1, 2, 0.50))
    assert not state.renew_lease(loser)
    assert not state.fail(loser, "x", "y")
    assert not state.release(loser)
    assert not succeed(loser, b"loser")
    assert succeed(winner, b"winner")
    winner.refresh_from_db()
    assert winner.audio.read() == b"winner"
    assert [name for name in stored_files() if name.startswith("generated/")] == [winner.audio.name]


def test_a_file_stored_by_a_worker_that_died_before_acceptance_is_removed(make_generation):
    generation = make_generation()
    state.claim(generation)
    orphan = default_storage.save(
        f"generated/{generation.pk}-{generation.claim_token}.wav", ContentFile(b"orphan")
    )
    again = state.claim_next([Generation.objects.get()])
    assert not default_storage.exists(orphan)
    assert succeed(again)


def test_what_died_on_its_last_attempt_fails_with_a_reason(make_generation):
    generation = make_generation()
    for _ in range(MAX_ATTEMPTS):
        abandoned = list(Generation.objects.filter(status=Status.RUNNING))
        assert state.fail_lost(abandoned) == 0
        generation = state.claim_next(abandoned)
    abandoned = list(Generation.objects.all())
    assert state.claim_next(abandoned) is None
    assert state.fail_lost(abandoned) == 1
    generation.refresh_from_db()
    assert generation.status == Status.FAILED
    assert generation.error_code == "worker_lost"
    assert "3 times" in generation.error_message


@pytest.mark.parametrize("change", [state.renew_lease, state.cancel, Generation.delete])
def test_what_was_thought_abandoned_and_is_not_is_left_alone(make_generation, change):
    generation = make_generation()
    state.claim(generation)
    thought = Generation.objects.get()
    change(generation)
    assert state.claim_next([thought]) is None
    thought.attempts = MAX_ATTEMPTS
    assert state.fail_lost([thought]) == 0


def test_a_result_that_can_not_be_recorded_leaves_no_file(make_generation, fill_database):
    generation = make_generation()
    state.claim(generation)
    fill_database("UPDATE", "cloning_generation")
    with pytest.raises(OperationalError, match="full"):
        succeed(generation)
    assert not [name for name in stored_files() if name.startswith("generated/")]


def test_a_result_that_was_recorded_though_the_connection_broke_stays(make_generation, after_statement):
    def broken() -> None:
        raise OperationalError("server closed the connection unexpectedly")

    generation = make_generation()
    state.claim(generation)
    with after_statement("UPDATE", broken):
        assert succeed(generation)
    assert generation.status == Status.SUCCEEDED
    assert Generation.objects.get().audio.read() == b"RIFF"


def test_a_result_that_meets_a_delete_leaves_no_file(make_generation):
    generation = make_generation()
    state.claim(generation)
    Generation.objects.get().delete()
    assert not succeed(generation)
    assert stored_files() == set()


@pytest.mark.parametrize("change", [state.cancel, state.retry, state.renew_lease, state.release])
def test_nothing_happens_to_a_row_that_was_deleted(make_generation, change):
    generation = make_generation()
    state.claim(generation)
    Generation.objects.all().delete()
    assert not change(generation)


def test_release_gives_back_without_costing_an_attempt(make_generation):
    generation = make_generation()
    state.claim(generation)
    assert state.release(generation)
    generation.refresh_from_db()
    assert (generation.status, generation.attempts) == (Status.QUEUED, 0)


@pytest.mark.parametrize("claimed", [False, True])
def test_cancel_ends_what_waits_or_runs_and_the_worker_is_told(make_generation, claimed):
    generation = make_generation()
    if claimed:
        state.claim(generation)
    assert state.cancel(Generation.objects.get(pk=generation.pk))
    assert not succeed(generation)
    generation.refresh_from_db()
    assert generation.status == Status.CANCELLED
    assert not state.cancel(generation)
    assert state.claim_next() is None


def test_what_has_succeeded_is_neither_cancelled_nor_retried(make_generation):
    generation = make_generation()
    state.claim(generation)
    assert succeed(generation)
    assert not state.cancel(generation)
    assert not state.retry(generation)
    assert generation.status == Status.SUCCEEDED
    assert generation.progress == 1.0


def test_retry_queues_a_failed_generation_afresh(make_generation):
    generation = make_generation()
    state.claim(generation)
    state.fail(generation, "internal_error", "Something")
    assert state.retry(generation)
    assert (generation.status, generation.attempts, generation.error_message) == (Status.QUEUED, 0, "")
    assert state.claim_next() == generation


def test_progress_is_the_share_that_is_spoken(make_generation):
    generation = make_generation()
    assert generation.progress == 0.0
    state.claim(generation)
    state.report(generation, Progress(Stage.SPEAKING, 1, 4, 0.25))
    assert Generation.objects.get().progress == 0.25


def test_of_two_normalised_clips_the_first_is_kept(make_reference):
    reference = make_reference()
    late = Reference.objects.get(pk=reference.pk)
    reference.keep_normalized(ContentFile(b"first"))
    late.keep_normalized(ContentFile(b"second"))
    assert Reference.objects.get().normalized.read() == b"first"
    assert len(stored_files()) == 2  # the upload and one normalised clip


def test_stored_names_hold_nothing_that_a_user_chose(make_generation, make_reference):
    reference = make_reference()
    reference.original_name = "../../etc/passwd"
    generation = make_generation([reference])
    state.claim(generation)
    succeed(generation)
    for name in stored_files():
        assert re.fullmatch(r"incoming/[0-9a-f-]{36}\.flac|generated/[0-9a-f-]{73}\.wav", name), name


def test_voice_names_may_repeat():
    assert Voice.objects.create(name="Ann").pk != Voice.objects.create(name="Ann").pk
    assert isinstance(Voice.objects.first().pk, uuid.UUID)
