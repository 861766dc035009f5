import os
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import DatabaseError
from django.utils import timezone

from cloning.errors import ErrorCode
from cloning.jobs import heartbeat as module
from cloning.jobs import joins, leases, state, takes
from cloning.jobs.heartbeat import EXIT_HUNG, GRACE_SECONDS, Heartbeat
from cloning.models import Generation, Status, Take, Worker
from cloning.tests.jobs.recording import THREE_SEGMENTS, claim_first, speak_all, takes_of
from cloning.tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def exits(monkeypatch) -> list[int]:
    """The exit codes that the heartbeat would have ended this process with."""
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    return codes


@pytest.fixture
def clock(monkeypatch) -> SimpleNamespace:
    """The heartbeat's time, which a test moves by `now`."""
    clock = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def heartbeat(exits, clock):
    """A running one that beats every few milliseconds."""
    heartbeat = Heartbeat(Worker.objects.create(host="here", pid=1))
    heartbeat.interval_seconds = 0.01
    heartbeat.start()
    yield heartbeat
    heartbeat.stop()


@pytest.fixture
def claimed(make_generation) -> Take:
    return claim_first(make_generation())


@pytest.fixture
def joining(make_generation) -> Generation:
    generation = speak_all(make_generation())
    assert joins.claim(generation)
    return generation


def let_it_beat() -> None:
    """Until a whole beat has begun and ended."""
    for _ in range(2):
        wait_until(Worker.objects.filter(seen_at__gt=Worker.objects.get().seen_at).exists)


def let_lease_run_out() -> None:
    Take.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def lease_is_good() -> bool:
    return Take.objects.get().lease_expires_at > timezone.now()


def test_a_worker_is_alive_while_it_beats_and_not_after(heartbeat):
    day_ago = timezone.now() - timedelta(days=1)
    Worker.objects.update(seen_at=day_ago)
    wait_until(Worker.alive().exists)
    heartbeat.stop()
    Worker.objects.update(seen_at=day_ago)
    assert not Worker.alive().exists()


def test_the_lease_of_the_take_in_hand_is_renewed_and_of_no_other(heartbeat, exits, claimed):
    with heartbeat.watching(claimed):
        for _ in range(5):
            let_lease_run_out()
            wait_until(lease_is_good)
    let_lease_run_out()
    let_it_beat()
    assert not lease_is_good()
    assert exits == []


def test_the_lease_of_the_generation_that_is_joined_is_renewed(heartbeat, exits, joining):
    before = timezone.now()
    Generation.objects.update(lease_expires_at=before)
    with heartbeat.watching(joining):
        wait_until(Generation.objects.filter(lease_expires_at__gt=before).exists)
    assert exits == []


def test_a_lost_claim_is_tolerated_for_the_grace_and_then_ends_the_process(heartbeat, exits, clock, claimed):
    with heartbeat.watching(claimed):
        state.cancel(Generation.objects.get())
        let_it_beat()
        clock.now += GRACE_SECONDS - 1
        let_it_beat()
        assert exits == []
        clock.now += 2
        wait_until(lambda: exits)
    assert exits[0] == EXIT_HUNG
    assert Generation.objects.get().status == Status.CANCELLED


def test_work_dropped_within_the_grace_ends_nothing(heartbeat, exits, clock, claimed):
    with heartbeat.watching(claimed):
        state.cancel(Generation.objects.get())
        let_it_beat()
    clock.now += GRACE_SECONDS + 1
    let_it_beat()
    assert exits == []


def test_the_deadline_fails_take_and_generation_with_a_reason_and_ends_the_process(
    heartbeat, exits, clock, settings, claimed
):
    with heartbeat.watching(claimed):
        clock.now += settings.DEADLINE_SECONDS - 1
        let_it_beat()
        assert exits == []
        clock.now += 2
        wait_until(lambda: exits)
    claimed.refresh_from_db()
    for row in (claimed, Generation.objects.get()):
        assert row.status == Status.FAILED
        assert row.error_code == "deadline_exceeded"
        assert "shorter one" in row.error_message
    assert state.resume(Generation.objects.get())


def test_the_deadline_fails_what_is_joined_too(heartbeat, exits, clock, settings, joining):
    with heartbeat.watching(joining):
        clock.now += settings.DEADLINE_SECONDS + 1
        wait_until(lambda: exits)
    joining.refresh_from_db()
    assert (joining.status, joining.error_code) == (Status.FAILED, "deadline_exceeded")
    assert joining.segments_done == 1


def test_a_generation_that_is_deleted_costs_those_beside_it_nothing(
    heartbeat, exits, claimed, make_generation
):
    other = claim_first(make_generation())
    Generation.objects.filter(segments__takes=claimed).delete()
    with heartbeat.watching(claimed), heartbeat.watching(other):
        let_lease_run_out()
        wait_until(lease_is_good)
    assert heartbeat.is_alive()
    assert exits == []


def test_what_fails_for_one_row_does_not_for_the_others(
    heartbeat, exits, monkeypatch, claimed, make_generation
):
    other = claim_first(make_generation())
    renew = leases.renew_lease

    def fails_for_one(row):
        if row.pk == claimed.pk:
            raise ValueError("a row that can't be read")
        return renew(row)

    monkeypatch.setattr(leases, "renew_lease", fails_for_one)
    with heartbeat.watching(claimed), heartbeat.watching(other):
        Take.objects.filter(pk=other.pk).update(lease_expires_at=None)
        wait_until(Take.objects.filter(pk=other.pk, lease_expires_at__gt=timezone.now()).exists)
        let_it_beat()
    assert exits == []


def test_a_loop_that_hangs_ends_the_process_and_gives_back_what_is_in_hand(heartbeat, exits, clock, claimed):
    heartbeat.expect_within(300)
    clock.now += 299
    let_it_beat()
    assert exits == []
    with heartbeat.watching(claimed):
        clock.now += 2
        wait_until(lambda: exits)
    assert exits[0] == EXIT_HUNG
    assert (Take.objects.get().status, Take.objects.get().attempts) == (Status.QUEUED, 0)


def test_a_database_that_fails_for_a_moment_costs_nothing(heartbeat, exits, monkeypatch, claimed):
    failures = [True, False, True]
    renew_lease = leases.renew_lease

    def sometimes_locked(row):
        if failures and failures.pop(0):
            raise DatabaseError("database is locked")
        return renew_lease(row)

    monkeypatch.setattr(leases, "renew_lease", sometimes_locked)
    with heartbeat.watching(claimed):
        wait_until(lambda: not failures)
        let_lease_run_out()
        wait_until(lease_is_good)
    assert heartbeat.is_alive()
    assert exits == []


def test_takes_in_hand_beside_the_one_that_overran_are_given_back(
    heartbeat, exits, clock, settings, claimed, make_generation
):
    other = claim_first(make_generation())
    with heartbeat.watching(claimed):
        clock.now += settings.DEADLINE_SECONDS - 1
        with heartbeat.watching(other):
            clock.now += 2
            wait_until(lambda: exits)
    other.refresh_from_db()
    assert (other.status, other.attempts, other.claim_token) == (Status.QUEUED, 0, None)
    claimed.refresh_from_db()
    assert claimed.error_code == "deadline_exceeded"


def test_the_others_of_a_generation_whose_take_overran_end_with_it(
    heartbeat, exits, clock, settings, make_generation
):
    generation = make_generation(text=THREE_SEGMENTS)
    overran, other = takes_of(generation)[:2]
    assert takes.claim(overran)
    assert takes.claim(other)
    with heartbeat.watching(overran):
        clock.now += 1
        with heartbeat.watching(other):
            clock.now += settings.DEADLINE_SECONDS - 0.5
            wait_until(lambda: exits)
    other.refresh_from_db()
    assert other.status == Status.CANCELLED
    generation.refresh_from_db()
    assert (generation.status, generation.error_code) == (Status.FAILED, ErrorCode.DEADLINE_EXCEEDED)


def test_what_is_joined_beside_a_take_that_overran_is_given_back(
    heartbeat, exits, clock, settings, claimed, joining
):
    with heartbeat.watching(claimed):
        clock.now += 1
        with heartbeat.watching(joining):
            clock.now += settings.DEADLINE_SECONDS - 0.5
            wait_until(lambda: exits)
    joining.refresh_from_db()
    assert (joining.status, joining.is_join_due) == (Status.RUNNING, True)
    assert (joining.attempts, joining.claim_token) == (0, None)
