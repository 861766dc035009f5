"""How often something may be tried, whichever process is asked."""

from datetime import timedelta

import pytest
from django.db.models import F

from cloning.jobs import tries
from cloning.jobs.tries import Throttle
from cloning.models import Tried

pytestmark = pytest.mark.django_db


def let_pass(seconds: float) -> None:
    Tried.objects.update(due_at=F("due_at") - timedelta(seconds=seconds))


def test_some_at_once_then_one_in_so_many_seconds() -> None:
    throttle, other_process = Throttle("x", 3, 100.0), Throttle("x", 3, 100.0)
    assert [throttle.take("a"), other_process.take("a"), throttle.take("a")] == [0.0] * 3
    assert 90 < throttle.take("a") <= 100 and 90 < other_process.take("a") <= 100, (
        "what is refused does not count"
    )
    assert throttle.take("b") == 0.0
    assert Throttle("y", 3, 100.0).take("a") == 0.0
    let_pass(100)
    assert throttle.take("a") == 0.0 and throttle.take("a") > 90


def test_what_is_given_back_does_not_count() -> None:
    throttle = Throttle("x", 1, 100.0)
    assert throttle.take("a") == 0.0
    throttle.give_back("a")
    assert throttle.take("a") == 0.0 and throttle.take("a") > 90


def test_long_quiet_saves_nothing_up() -> None:
    throttle = Throttle("x", 2, 100.0)
    throttle.take("a")
    let_pass(10_000)
    assert [throttle.take("a") > 0 for _ in range(3)] == [False, False, True]


def test_who_tried_is_not_kept_in_the_clear_and_forgotten_when_it_is_over() -> None:
    Throttle("x", 2, 100.0).take("ann@example.org")
    assert "ann" not in Tried.objects.get().key
    tries.forget_old()
    assert Tried.objects.exists()
    let_pass(101)  # all of this may fall into one millisecond, which is one moment to SQLite
    tries.forget_old()
    assert not Tried.objects.exists()
