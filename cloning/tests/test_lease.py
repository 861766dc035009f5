import os
import time

import pytest
from django.utils import timezone

from cloning import lease
from cloning.lease import EXIT_HUNG, Heartbeat
from cloning.models import Generation, Status, Worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def exits(monkeypatch) -> list[int]:
    """The exit codes that the heartbeat would have ended this process with."""
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    return codes


@pytest.fixture
def beating(settings):
    settings.LEASE_SECONDS = 0.4
    heartbeats: list[Heartbeat] = []

    def start(**options: float) -> Heartbeat:
        heartbeat = Heartbeat(Worker.objects.create(host="here", pid=1), **options)
        heartbeats.append(heartbeat)
        heartbeat.start()
        return heartbeat

    yield start
    for heartbeat in heartbeats:
        heartbeat.stop()


def wait_for(condition, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_a_worker_is_alive_while_it_beats_and_not_after(beating):
    heartbeat = beating()
    time.sleep(0.8)
    assert Worker.alive().exists()
    heartbeat.stop()
    assert wait_for(lambda: not Worker.alive().exists())


def test_the_lease_of_the_generation_in_hand_never_runs_out(beating, exits, make_generation):
    heartbeat, generation = beating(), make_generation()
    generation.claim()
    with heartbeat.watching(generation):
        for _ in range(10):
            time.sleep(0.1)
            assert Generation.objects.get().lease_expires_at > timezone.now()
            assert Generation.objects.claim_next() is None
    assert wait_for(lambda: Generation.objects.claim_next() is not None)
    assert exits == []


def test_a_lost_claim_is_tolerated_for_the_grace_and_then_ends_the_process(beating, exits, make_generation):
    heartbeat, generation = beating(grace_seconds=0.5), make_generation()
    generation.claim()
    with heartbeat.watching(generation):
        Generation.objects.get().cancel()
        time.sleep(0.3)
        assert exits == []
        assert wait_for(lambda: exits)
    assert exits[0] == EXIT_HUNG
    assert Generation.objects.get().status == Status.CANCELLED


def test_work_dropped_within_the_grace_ends_nothing(beating, exits, make_generation):
    heartbeat, generation = beating(grace_seconds=0.5), make_generation()
    generation.claim()
    with heartbeat.watching(generation):
        Generation.objects.get().cancel()
        time.sleep(0.3)
    time.sleep(0.6)
    assert exits == []


def test_the_deadline_fails_the_generation_with_a_reason_and_ends_the_process(
    beating, exits, settings, make_generation
):
    settings.DEADLINE_SECONDS = 0.3
    heartbeat, generation = beating(), make_generation()
    generation.claim()
    with heartbeat.watching(generation):
        assert wait_for(lambda: exits)
    generation.refresh_from_db()
    assert generation.status == Status.FAILED
    assert generation.error_code == "deadline_exceeded"
    assert "shorter text" in generation.error_message


def test_a_database_that_fails_for_a_moment_costs_nothing(beating, exits, monkeypatch, make_generation):
    heartbeat, generation = beating(), make_generation()
    generation.claim()
    failures = iter([True, False, True])
    renew = Generation.renew_lease

    def sometimes_locked(self):
        if next(failures, False):
            raise lease.DatabaseError("database is locked")
        return renew(self)

    monkeypatch.setattr(Generation, "renew_lease", sometimes_locked)
    with heartbeat.watching(generation):
        time.sleep(0.6)
        assert wait_for(lambda: Generation.objects.get().lease_expires_at > timezone.now(), 0.5)
    assert heartbeat.is_alive()
    assert exits == []


def test_generations_in_hand_beside_the_one_that_overran_are_given_back(
    beating, exits, settings, make_generation
):
    settings.DEADLINE_SECONDS = 0.5
    heartbeat, overrun = beating(), make_generation()
    overrun.claim()
    with heartbeat.watching(overrun):
        settings.DEADLINE_SECONDS = 3600.0
        other = make_generation()
        other.claim()
        with heartbeat.watching(other):
            assert wait_for(lambda: exits)
    other.refresh_from_db()
    assert (other.status, other.attempts, other.claim_token) == (Status.QUEUED, 0, None)
    overrun.refresh_from_db()
    assert overrun.error_code == "deadline_exceeded"
