from types import SimpleNamespace

import pytest

from cloning import throttling
from cloning.throttling import Throttle


@pytest.fixture
def clock(monkeypatch) -> SimpleNamespace:
    """A clock that stands still until `now` is set."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(throttling, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def test_a_burst_and_then_one_at_a_time(clock) -> None:
    throttle = Throttle(3, 10.0)
    assert [throttle.take("a") for _ in range(5)] == [0, 0, 0, 10, 10]
    clock.now += 9
    assert throttle.take("a") == 1
    clock.now += 1
    assert [throttle.take("a") for _ in range(2)] == [0, 10]
    clock.now += 25
    assert [throttle.take("a") for _ in range(3)] == [0, 0, 5]
    clock.now += 3600
    assert [throttle.take("a") for _ in range(4)] == [0, 0, 0, 10]


def test_keys_do_not_share(clock) -> None:
    throttle = Throttle(1, 10.0)
    assert [throttle.take(key) for key in "abab"] == [0, 0, 10, 10]


def test_keys_without_number_take_no_memory_without_bound(clock, monkeypatch) -> None:
    monkeypatch.setattr(throttling, "MAX_KEYS", 100)
    throttle = Throttle(1, 10.0)
    for number in range(1000):
        assert throttle.take(number) == 0
    assert throttle.take(999) == 10
    assert throttle.take(900) == 10
    assert throttle.take(0) == 0
    assert len(throttle._due) == 100
