from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from cloning.jobs import joins, leases, scheduling, takes
from cloning.jobs.leases import LeaseObserver
from cloning.jobs.work import release_abandoned
from cloning.models import Leased, Take
from cloning.tests.jobs.recording import claim_first, finish, speak_all

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


@pytest.fixture(params=["take", "join"])
def claimed(request, observer, make_generation) -> Leased:
    """A take, or a generation whose takes are joined."""
    if request.param == "take":
        return claim_first(make_generation())
    generation = speak_all(make_generation())
    assert joins.claim(generation)
    return generation


def change(claimed: Leased, **fields: object) -> None:
    type(claimed).objects.filter(pk=claimed.pk).update(**fields)


@pytest.fixture
def jump(monkeypatch) -> Callable[[timedelta], None]:
    """Moves everybody's wall clock."""
    now = timezone.now

    def move(by: timedelta) -> None:
        monkeypatch.setattr(timezone, "now", lambda: now() + by)

    return move


def seconds_until_abandoned(observer: LeaseObserver, clock: SimpleNamespace) -> float:
    started_at = clock.now
    while not observer.find_abandoned():
        clock.now += 1
        assert clock.now < started_at + 100, "never abandoned"
    return clock.now - started_at


def test_a_lease_that_nobody_renews_is_abandoned(observer, clock, claimed):
    assert seconds_until_abandoned(observer, clock) == LEASE_SECONDS
    assert observer.find_abandoned() == [claimed]
    assert observer.find_abandoned()[0].claim_token == claimed.claim_token


def test_a_lease_that_ran_out_long_ago_is_abandoned_sooner(observer, clock, claimed):
    change(claimed, lease_expires_at=timezone.now() - timedelta(days=1))
    assert seconds_until_abandoned(observer, clock) == LEASE_SECONDS / 2


def test_a_row_in_hand_without_lease_is_taken_up_too(observer, clock, claimed):
    change(claimed, lease_expires_at=None)
    assert seconds_until_abandoned(observer, clock) == LEASE_SECONDS / 2
    [abandoned] = observer.find_abandoned()
    assert release_abandoned(abandoned)
    assert (scheduling.claim_next() or joins.claim_next()) == claimed


def test_a_take_that_runs_without_claim_or_lease_is_taken_up_too(observer, clock, make_generation):
    take = claim_first(make_generation())
    Take.objects.update(lease_expires_at=None, claim_token=None)
    assert seconds_until_abandoned(observer, clock) == LEASE_SECONDS / 2
    [abandoned] = observer.find_abandoned()
    assert takes.release_abandoned(abandoned)
    assert scheduling.claim_next() == take


def test_a_take_without_claim_that_was_ended_meanwhile_is_left_alone(observer, clock, make_generation):
    claim_first(make_generation())
    Take.objects.update(lease_expires_at=None, claim_token=None)
    seconds_until_abandoned(observer, clock)
    [abandoned] = observer.find_abandoned()
    Take.objects.update(status="cancelled")
    assert not takes.release_abandoned(abandoned)
    assert Take.objects.get().status == "cancelled"


def test_what_nobody_has_in_hand_is_never_abandoned(observer, clock, make_generation):
    make_generation()
    finish(make_generation())
    for _ in range(100):
        clock.now += 1
        assert observer.find_abandoned() == []


@pytest.mark.parametrize("by", [timedelta(), timedelta(hours=1), timedelta(hours=-1)])
def test_a_lease_that_is_renewed_is_not_abandoned_whatever_the_wall_clock_does(
    observer, clock, claimed, jump, by
):
    observer.find_abandoned()
    jump(by)
    for second in range(60):
        clock.now += 1
        assert observer.find_abandoned() == []
        if second % 4 == 3:
            assert leases.renew_lease(claimed)


def test_a_clock_that_is_set_back_does_not_keep_a_dead_workers_lease_alive(observer, clock, claimed, jump):
    jump(timedelta(hours=-1))
    assert seconds_until_abandoned(observer, clock) == LEASE_SECONDS


def test_a_machine_that_was_suspended_is_given_time_to_renew(observer, clock, claimed):
    change(claimed, lease_expires_at=timezone.now() - timedelta(days=1))
    observer.find_abandoned()
    clock.now += 24 * 3600
    assert observer.find_abandoned() == []
    leases.renew_lease(claimed)
    assert seconds_until_abandoned(observer, clock) == LEASE_SECONDS


def test_what_the_worker_has_in_hand_itself_is_never_abandoned(observer, clock, claimed, make_generation):
    other = claim_first(make_generation())
    for _ in range(100):
        clock.now += 1
        abandoned = observer.find_abandoned([claimed.pk])
    assert abandoned == [other]


def test_time_without_a_database_counts_for_nothing(observer, clock, claimed):
    for _ in range(10):
        clock.now += 1
        observer.find_abandoned()
    observer.forget()
    assert seconds_until_abandoned(observer, clock) == LEASE_SECONDS
