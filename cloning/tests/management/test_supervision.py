import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.management.base import CommandError
from django.utils import timezone

from cloning.jobs import leases
from cloning.management import supervision
from cloning.management.supervision import Child, WorkerWatch
from cloning.models import Worker
from cloning.tests.waiting import wait_until

PID = 12345


def watch(child: Child, enough: Callable[[], bool] = lambda: False) -> None:
    def looked_after() -> bool:
        child.look_after()
        return enough()

    wait_until(looked_after)


@pytest.fixture
def started(monkeypatch) -> list[float]:
    """When children were started, by a supervisor's clock that goes ten times as fast as any other."""
    times: list[float] = []
    start, clock = Child.start, SimpleNamespace(monotonic=lambda: 10 * time.monotonic())
    monkeypatch.setattr(supervision, "time", clock)
    monkeypatch.setattr(Child, "start", lambda self: (times.append(clock.monotonic()), start(self)))
    return times


def test_five_quick_deaths_end_the_run_with_the_reason(monkeypatch, caplog):
    monkeypatch.setattr(supervision, "MAX_PAUSE_SECONDS", 0.05)
    child = Child("worker", ["sh", "-c", "exit 3"])
    with pytest.raises(CommandError, match=r"ended 5 times .* exit code 3"):
        watch(child)
    assert caplog.text.count("starting it again") == supervision.MAX_QUICK_DEATHS - 1


def test_pauses_grow_with_each_quick_death(started):
    watch(Child("worker", ["false"]), lambda: len(started) == 3)
    assert started[1] - started[0] >= 1.0
    assert started[2] - started[1] >= 3.0


def test_pauses_grow_with_each_death_that_is_not_quick_and_none_is_the_last(monkeypatch, started):
    monkeypatch.setattr(supervision, "QUICK_DEATH_SECONDS", 0.0)
    monkeypatch.setattr(supervision, "MAX_QUICK_DEATHS", 2)
    child = Child("worker", ["false"])
    watch(child, lambda: len(started) == 3)
    assert started[1] - started[0] >= 1.0
    assert started[2] - started[1] >= 3.0
    assert (child.deaths, child.quick_deaths) == (2, 0)
    child.process.wait()


def test_a_child_that_ran_long_enough_is_forgiven(monkeypatch, started):
    monkeypatch.setattr(supervision, "QUICK_DEATH_SECONDS", 0.1)
    monkeypatch.setattr(supervision, "FORGIVEN_SECONDS", 0.2)
    child = Child("worker", ["sleep", "0.1"])
    watch(child, lambda: len(started) == 4)
    assert (child.deaths, child.quick_deaths) == (1, 0)
    assert started[3] - started[0] < 30
    child.process.wait()


def test_a_child_that_ignores_sigterm_is_killed(tmp_path):
    ignoring = tmp_path / "ignoring"
    child = Child("worker", ["sh", "-c", 'trap "" TERM; touch "$0"; exec sleep 600', str(ignoring)])
    child.start()
    wait_until(ignoring.exists)
    child.ask_to_stop()
    child.wait(time.monotonic() + 0.5)
    assert child.process is not None
    assert child.process.returncode == -signal.SIGKILL


@pytest.fixture
def frozen_child() -> Iterator[Child]:
    child = Child("worker", ["sleep", "600"], is_frozen=lambda pid: True)
    child.start()
    os.kill(child.process.pid, signal.SIGSTOP)
    yield child
    child.process.kill()
    child.process.wait()


def test_a_frozen_child_is_killed_and_started_again(frozen_child):
    pid = frozen_child.process.pid
    frozen_child.look_after()
    watch(frozen_child, lambda: frozen_child.process is not None and frozen_child.process.pid != pid)
    assert frozen_child.deaths == 1


@pytest.fixture
def looked(monkeypatch) -> Callable[[WorkerWatch, int], list[bool]]:
    """What a watch says at each second, while its clock goes on."""
    now = [1000.0]
    for module in (supervision, leases):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def look(
        watch_: WorkerWatch, seconds: int, each_second: Callable[[], object] = lambda: None
    ) -> list[bool]:
        said = []
        for _ in range(seconds):
            now[0] += 1
            each_second()
            said.append(watch_.is_frozen(PID))
        return said

    return look


def test_a_worker_that_beats_is_alive_whatever_its_clock_says(transactional_db, looked, settings):
    settings.LEASE_SECONDS = 15
    worker = Worker.objects.create(host=socket.gethostname(), pid=PID)
    ages = iter(range(1000))

    def beat_by_a_wrong_clock() -> None:
        Worker.objects.filter(pk=worker.pk).update(seen_at=timezone.now() - timedelta(hours=next(ages)))

    assert not any(looked(WorkerWatch(), 300, beat_by_a_wrong_clock))


@pytest.mark.parametrize("has_shown_itself", [True, False])
def test_a_worker_that_does_not_beat_is_frozen_after_a_while(
    transactional_db, looked, settings, has_shown_itself
):
    settings.LEASE_SECONDS = 15
    if has_shown_itself:
        Worker.objects.create(host=socket.gethostname(), pid=PID, seen_at=timezone.now() + timedelta(days=1))
    said = looked(WorkerWatch(), 100)
    assert not any(said[:60])
    assert any(said[60:])


def test_a_database_that_nobody_can_write_to_is_no_reason_to_kill(looked, lock_database, settings):
    settings.LEASE_SECONDS = 15
    Worker.objects.create(host=socket.gethostname(), pid=PID)
    lock_database()
    assert not any(looked(WorkerWatch(), 200))
