"""Hints between real processes; `test_postgresql.py` runs these on PostgreSQL once more."""

import asyncio
import os
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection, transaction

from cloning.jobs.notifications import MAX_TOPIC_BYTES, WORK, Arrivals, Subscription, notify
from cloning.tests.jobs.listening import listener, next_topics, running

pytestmark = pytest.mark.django_db(transaction=True)

FORK = """
with Subscription() as subscription:
    if os.fork() == 0:
        with subscription:
            pass
        os._exit(0)
    os.wait()
    child = os.fork()
    name = "parent" if child else "child"
    subscription.wait(0)  # the child begins anew here
    os.write(1, f"{name} listens\\n".encode())  # whole: `print` writes in pieces, and two write here
    for _ in range(2):
        while not (topics := subscription.wait(600)):
            pass
        os.write(1, f"{name} {' '.join(topics)}\\n".encode())
        if name == "child":
            os._exit(0)
"""


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# Who is woken


def test_another_process_is_woken_for_each_topic() -> None:
    with listener() as other:
        for topic in (WORK, str(uuid4()), "Größe"):
            notify(topic)
            assert other.next_line() == topic


def test_only_the_topics_asked_for_wake_and_each_comes_once() -> None:
    with listener(WORK) as other, Subscription(WORK, "b") as subscription:
        for topic in ("a", "b", "b", WORK, "a"):
            notify(topic)
        assert other.next_line() == WORK
        found = next_topics(subscription)
        if len(found) == 1:
            found |= next_topics(subscription)
        assert found == {WORK, "b"}
        assert subscription.wait(0.1) == set()


def test_fifty_subscribers_are_woken() -> None:
    with ExitStack() as stack:
        subscriptions = [stack.enter_context(Subscription()) for _ in range(50)]
        notify(WORK)
        assert [next_topics(each) for each in subscriptions] == [{WORK}] * 50


def test_nobody_listens() -> None:
    notify(WORK)
    with Subscription() as subscription:
        assert subscription.wait(0.1) == set()


def test_a_killed_subscriber_hurts_nobody() -> None:
    with listener() as killed, listener() as other:
        killed.process.send_signal(signal.SIGKILL)
        killed.process.wait()
        for topic in ("a", "b"):
            notify(topic)
            assert other.next_line() == topic


def test_a_subscriber_that_hangs_hurts_nobody_and_is_woken_when_it_goes_on() -> None:
    with listener() as hanging, listener() as other:
        hanging.process.send_signal(signal.SIGSTOP)
        for number in range(2000):
            notify(f"{number:036}")
        for number in range(2000):
            assert other.next_line() == f"{number:036}"
        hanging.process.send_signal(signal.SIGCONT)
        assert hanging.next_line() == f"{0:036}"


# Transactions


def test_nobody_is_woken_before_the_commit() -> None:
    with Subscription() as subscription:
        with transaction.atomic():
            notify("a")
            with transaction.atomic():
                notify("a")
            assert subscription.wait(0.3) == set()
        assert next_topics(subscription) == {"a"}


def test_a_rolled_back_transaction_wakes_nobody() -> None:
    with Subscription() as subscription:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            notify("a")
            raise ZeroDivisionError
        with transaction.atomic():
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                notify("b")
                raise ZeroDivisionError
            notify("c")
        assert next_topics(subscription) == {"c"}
        assert subscription.wait(0.1) == set()


def test_what_was_committed_is_there_when_the_hint_comes(make_generation) -> None:
    with listener() as other:
        with transaction.atomic():
            generation = make_generation()
            notify(str(generation.pk))
        assert other.next_line() == str(generation.pk)


# Whatever goes wrong


@pytest.mark.parametrize("topic", ["", "a\nb", "a\0b", "a" * (MAX_TOPIC_BYTES + 1), "\ud800"])
def test_what_is_no_topic_is_logged_and_wakes_nobody(topic: str, caplog) -> None:
    with Subscription() as subscription:
        notify(topic)
        notify(WORK)
        assert next_topics(subscription) == {WORK}
    assert "Nobody was woken" in caplog.text


# Waiting


def test_waiting_ends_with_the_timeout_and_takes_no_processor() -> None:
    with Subscription() as subscription:
        started_at, started_cpu_at = time.monotonic(), time.process_time()
        assert subscription.wait(1.0) == set()
        assert time.monotonic() - started_at >= 1.0
        assert time.process_time() - started_cpu_at < 0.1


def test_other_threads_interrupt_waiting() -> None:
    with Subscription() as subscription:
        threading.Timer(0.1, subscription.interrupt).start()
        started_at = time.monotonic()
        assert subscription.wait(600) == set()
        assert time.monotonic() - started_at < 300
        subscription.interrupt()
        subscription.interrupt()
        assert subscription.wait(600) == set()  # called before
        assert subscription.wait(0.05) == set()
    subscription.interrupt()


def test_a_signal_handler_interrupts_waiting() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: subscription.interrupt())
    try:
        with Subscription() as subscription:
            threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGUSR1]).start()
            assert subscription.wait(600) == set()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_nothing_remains_of_a_subscription() -> None:
    with Subscription():  # whatever is opened once
        notify(WORK)
    threads, descriptors = threading.active_count(), open_descriptors()
    for _ in range(5):
        with Subscription() as subscription:
            notify(WORK)
            next_topics(subscription)
    assert (threading.active_count(), open_descriptors()) == (threads, descriptors)


def test_a_forked_child_begins_anew_and_leaves_its_parents_alone() -> None:
    with running(FORK) as process:
        assert {process.next_line(), process.next_line()} == {"parent listens", "child listens"}
        notify("a")
        assert {process.next_line(), process.next_line()} == {"parent a", "child a"}
        notify("b")  # the child has ended, or does
        assert process.next_line() == "parent b"


# In an event loop


def test_coroutines_are_woken_by_one_thread() -> None:
    topics = [str(uuid4()) for _ in range(20)]
    threads = threading.active_count()

    async def listen(arrivals: Arrivals, topic: str) -> str:
        with arrivals.of(topic) as event:
            await asyncio.wait_for(event.wait(), 60)
            return topic

    async def listen_and_send() -> list[str]:
        with Arrivals() as arrivals:
            listening = [asyncio.create_task(listen(arrivals, topic)) for topic in topics * 2]
            with arrivals.of("nothing") as never:
                while not all(task.done() for task in listening):  # the thread may not listen yet
                    await asyncio.to_thread(send_all)
                assert threading.active_count() > threads
                assert not never.is_set()
                return await asyncio.gather(*listening)

    def send_all() -> None:
        for topic in topics:
            notify(topic)
        connection.close()

    assert asyncio.run(listen_and_send()) == topics * 2
    assert [thread for thread in threading.enumerate() if thread.name == "arrivals"] == []


def test_an_event_loop_that_nobody_waits_in_has_no_thread() -> None:
    with Arrivals():
        assert [thread for thread in threading.enumerate() if thread.name == "arrivals"] == []
