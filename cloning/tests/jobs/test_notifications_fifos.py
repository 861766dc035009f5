"""The named pipes of one machine, and file systems that have none."""

import os
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from cloning.jobs.notifications import WORK, Subscription, fifos, notify
from cloning.tests.jobs.listening import listener, next_topics

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def sqlite() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite needs pipes")


@pytest.fixture
def pipes() -> Callable[[], list[Path]]:
    return lambda: sorted(fifos.folder().iterdir())


def test_pipe_and_folder_are_for_their_owner_alone_and_the_pipe_goes_with_the_subscription(pipes) -> None:
    with Subscription():
        (pipe,) = pipes()
        assert stat.filemode(pipe.stat().st_mode) == "prw-------"
        assert stat.filemode(fifos.folder().stat().st_mode) == "drwx------"
    assert pipes() == []


@pytest.mark.parametrize("does_subscribe", [False, True])
def test_the_pipe_of_a_killed_subscriber_is_removed_by_the_next_who_looks(pipes, does_subscribe) -> None:
    with listener() as killed:
        killed.process.send_signal(signal.SIGKILL)
        killed.process.wait()
    assert len(pipes()) == 1
    if does_subscribe:
        with Subscription():
            assert len(pipes()) == 1
    else:
        notify(WORK)
    assert pipes() == []


def test_a_pipe_that_was_never_finished_is_removed_later(pipes) -> None:
    fifos.folder().mkdir()
    new, old = fifos.folder() / ".new", fifos.folder() / ".old"
    for path in (new, old):
        os.mkfifo(path)
    os.utime(old, (0, time.time() - fifos.HIDDEN_SECONDS - 1))
    with Subscription() as subscription:
        notify(WORK)
        assert next_topics(subscription) == {WORK}
    assert pipes() == [new]


def test_a_full_pipe_keeps_what_it_has_and_drops_the_rest(caplog) -> None:
    with Subscription() as full, Subscription() as other:
        line_bytes = len(f"{0:063}\n")
        for number in range(fifos.PIPE_BYTES // line_bytes + 100):
            notify(f"{number:063}")
            assert next_topics(other) == {f"{number:063}"}
        assert full.wait(0) == {f"{number:063}" for number in range(fifos.PIPE_BYTES // line_bytes)}
        notify(WORK)
        assert next_topics(full) == {WORK}
    assert caplog.text == ""  # no fault of the sender


def test_where_no_pipe_can_be_only_the_timeout_ends_waiting(settings, caplog) -> None:
    fifos.folder().write_text("A file is in the way.")
    with Subscription() as subscription:
        notify(WORK)
        assert subscription.wait(0.7) == set()
        assert len([record for record in caplog.records if "looks for news by itself" in record.message]) == 1
        fifos.folder().unlink()
        assert subscription.wait(1.5) == set()  # long enough to try again
        notify(WORK)
        assert next_topics(subscription) == {WORK}


def test_a_pipe_that_somebody_deleted_is_made_again(pipes) -> None:
    with Subscription() as subscription:
        pipes()[0].unlink()
        fifos.folder().rmdir()
        assert subscription.wait(0) == set()
        notify(WORK)
        assert next_topics(subscription) == {WORK}


def test_one_who_can_not_be_told_keeps_it_from_nobody(caplog) -> None:
    with Subscription() as subscription:
        (fifos.folder() / "0").symlink_to("0")
        notify(WORK)
        assert next_topics(subscription) == {WORK}
    assert "Nobody was woken" in caplog.text
