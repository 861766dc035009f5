"""Real workers of Celery on a real broker. What is asked: that the rows decide, whatever becomes of messages."""

import pytest

from benchmarks import waiting_engine
from benchmarks.brokers import redis_server
from cloning.jobs import takes
from cloning.jobs.dispatching import call_worker
from cloning.jobs.fleet import messages
from cloning.jobs.fleet.app import queue_of
from cloning.jobs.scheduling import Kind
from cloning.models import Generation, Status, Take, Worker
from cloning.tests.brokers import require
from cloning.tests.live_site import free_port
from cloning.tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["redis", "rabbitmq"])
def fleet(request, make_fleet):
    return make_fleet(request.getfixturevalue(f"{request.param}_url"))


def rows(*generations: Generation):
    return Generation.objects.filter(pk__in=[each.pk for each in generations])


def succeeded(*generations: Generation) -> bool:
    return rows(*generations).filter(status=Status.SUCCEEDED).count() == len(generations)


def attempts() -> list[int]:
    return sorted(Take.objects.values_list("attempts", flat=True))


def test_messages_may_be_lost_or_come_twice_and_celerys_own_commands_work(fleet, make_text):
    told, untold = make_text(6), make_text(2)
    for _ in range(3):
        call_worker(rows(told))  # of the first sentence; its worker asks for the others
    assert fleet.count_messages() == 3
    assert messages.find_obstacle() is None
    with fleet.worker() as worker:
        wait_until(lambda: succeeded(told, untold))
        segment = told.segments.first()
        added = takes.add_take(segment, "Something else.", 5)
        wait_until(lambda: Take.objects.filter(pk=added.pk, status=Status.SUCCEEDED).exists())
        assert takes.choose(Take.objects.get(pk=added.pk))
        before = Generation.objects.get(pk=told.pk).audio.name
        wait_until(lambda: Generation.objects.get(pk=told.pk).audio.name != before)
        assert attempts() == [1] * 9
        wait_until(lambda: fleet.count_messages() == 0)
        assert "1 node online" in fleet.command("inspect", "ping")
        messages.app.control.shutdown()
        assert worker.process.wait(60) == 0, worker.log.read_text()
    assert not Worker.objects.exists()
    assert "Traceback" not in worker.log.read_text()


def test_a_killed_worker_loses_nothing(fleet, make_text):
    generation = make_text(2)
    with fleet.worker(wait_seconds=600) as stuck:
        call_worker(rows(generation))
        in_hand = wait_until(lambda: Take.objects.filter(status=Status.RUNNING).first())
        stuck.process.kill()
        stuck.process.wait()
    with fleet.worker():
        wait_until(lambda: succeeded(generation))
    assert attempts() == [1, 2]
    assert Take.objects.get(pk=in_hand.pk).attempts == 2


def test_a_worker_that_stops_finishes_what_it_can_and_gives_back_the_rest(make_fleet, redis_url, make_text):
    fleet, generation = make_fleet(redis_url), make_text(8)
    call_worker(rows(generation))
    with fleet.worker(wait_seconds=0.5) as worker:
        first = wait_until(lambda: Take.objects.filter(status=Status.RUNNING).first())
        assert worker.stop() == 0
    first.refresh_from_db()
    assert (first.status, first.attempts) == (Status.SUCCEEDED, 1)
    assert not Worker.objects.exists()

    with fleet.worker(wait_seconds=600, DRAIN_SECONDS="0.2") as worker:
        second = wait_until(lambda: Take.objects.filter(status=Status.RUNNING).first())
        assert worker.stop() == 0
    second.refresh_from_db()
    assert (second.status, second.attempts, second.claim_token) == (Status.QUEUED, 0, None)
    assert "given back" in worker.log.read_text()
    assert fleet.count_messages() >= 1  # the next worker is not to wait until it looks by itself


def test_a_broker_that_forgets_everything_is_told_again(make_fleet, make_text):
    require("redis-server")
    port = free_port()
    fleet = make_fleet(f"redis://127.0.0.1:{port}/0")
    with redis_server(port) as server, fleet.worker(wait_seconds=0.2) as worker:
        generation = make_text(6)
        call_worker(rows(generation))
        wait_until(lambda: Generation.objects.get().segments_done >= 2)
        with messages.app.connection_for_write() as broker:
            broker.default_channel.client.flushall()
        wait_until(lambda: succeeded(generation))

        server.kill()
        server.wait()
        other = make_text(2)
        call_worker(rows(other))  # fails nobody
        with redis_server(port):
            wait_until(lambda: succeeded(other))
            assert attempts() == [1] * 8
            assert worker.stop() == 0


def test_a_queue_that_was_deleted_is_made_again(make_fleet, rabbitmq_url, make_text):
    fleet = make_fleet(rabbitmq_url)
    with fleet.worker(wait_seconds=0.2):
        generation = make_text(8)
        call_worker(rows(generation))
        wait_until(lambda: Generation.objects.get().segments_done >= 2)
        with messages.app.connection_for_write() as broker:
            for kind in Kind:
                queue_of(waiting_engine.NAME, kind).bind(broker.default_channel).delete()
        wait_until(lambda: succeeded(generation))
        assert attempts() == [1] * 8
