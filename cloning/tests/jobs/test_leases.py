from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from cloning.jobs import leases, state
from cloning.jobs.leases import LeaseObserver
from cloning.models import Generation

pytestmark = pytest.mark.django_db

LEASE_SECONDS = 12.0


@pytest.fixture
def clock(monkeypatch) -> SimpleNamespace:
    """The observer's own time, which a test moves by `now`."""
    clock = SimpleNamespace(now=1000.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(leases, "time", clock)
    return clock


@pytest.fixture
def observer(settings, clock) -> LeaseObserver:
    settings.LEASE_SECONDS = LEASE_SECONDS
    return LeaseObserver()


@pytest.fixture
def claimed(observer, make_generation) -> Generation:
    generation = make_generation()
    assert state.claim(generation)
    return generation


@pytest.fixture
def jump(monkeypatch) -> Callable[[timedelta], None]:
    """Moves everybody's wall clock."""
    now = timezone.now

    def move(by: timedelta) -> None:
        monkeypatch.setattr(timezone, "now", lambda: now() + by)

    return move


def seconds_until_abandoned(observer: LeaseObserver, clock: SimpleNamespace) -> float:
    started_at = clock.now
    while not observer.abandoned():
        clock.now += 1
        assert clock.now < started_at + 100, "never abandoned"
    return clock.now - started_at


def test_a_lease_that_nobody_renews_is_abandoned(observer, clock, claimed):
    assert seconds_until_abandoned(observer, clock) == LEASE_SECONDS
    assert observer.abandoned() == [claimed]
    assert observer.abandoned()[0].claim_token == claimed.claim_token


def test_a_lease_that_ran_out_long_ago_is_abandoned_sooner(observer, clock, claimed):
    Generation.objects.update(lease_expires_at=timezone.now() - timedelta(days=1))
    assert seconds_until_abandoned(observer, clock) == LEASE_SECONDS / 2


def test_a_running_row_without_claim_or_lease_is_taken_up_too(observer, clock, claimed):
    Generation.objects.update(lease_expires_at=None, claim_token=None)
    assert seconds_until_abandoned(observer, clock) == LEASE_SECONDS / 2
    assert state.claim_next(observer.abandoned()) == claimed


@pytest.mark.parametrize("by", [timedelta(), timedelta(hours=1), timedelta(hours=-1)])
def test_a_lease_that_is_renewed_is_not_abandoned_whatever_the_wall_clock_does(
    observer, clock, claimed, jump, by
):
    observer.abandoned()
    jump(by)
    for second in range(60):
        clock.now += 1
        assert observer.abandoned() == []
        if second % 4 == 3:
            assert state.renew_lease(claimed)


def test_a_clock_that_is_set_back_does_not_keep_a_dead_workers_lease_alive(observer, clock, claimed, jump):
    jump(timedelta(hours=-1))
    assert seconds_until_abandoned(observer, clock) == LEASE_SECONDS


def test_a_machine_that_was_suspended_is_given_time_to_renew(observer, clock, claimed):
    Generation.objects.update(lease_expires_at=timezone.now() - timedelta(days=1))
    observer.abandoned()
    clock.now += 24 * 3600
    assert observer.abandoned() == []
    state.renew_lease(claimed)
    assert seconds_until_abandoned(observer, clock) == LEASE_SECONDS


def test_what_the_worker_has_in_hand_itself_is_never_abandoned(observer, clock, claimed, make_generation):
    other = make_generation()
    state.claim(other)
    for _ in range(100):
        clock.now += 1
        abandoned = observer.abandoned([claimed.pk])
    assert abandoned == [other]


def test_time_without_a_database_counts_for_nothing(observer, clock, claimed):
    for _ in range(10):
        clock.now += 1
        observer.abandoned()
    observer.forget()
    assert seconds_until_abandoned(observer, clock) == LEASE_SECONDS
