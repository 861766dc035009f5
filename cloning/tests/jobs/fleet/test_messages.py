"""What needs no worker, and no broker."""

import os
import socket
import subprocess
import sys
import time

import pytest

from cloning.jobs import scheduling, state, takes
from cloning.jobs.dispatching import call_worker
from cloning.jobs.fleet import messages
from cloning.jobs.fleet.messages import count_needed
from cloning.jobs.fleet.worker import FleetWorker, find_kinds
from cloning.jobs.scheduling import Kind
from cloning.models import Channel, Generation, Stage, Take
from cloning.tests.jobs.recording import accept, claim_first
from cloning.tests.live_site import PROJECT, free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(settings, monkeypatch, make_fleet) -> list[tuple[str, str | None]]:
    """Queue and generation of each message, on its way to a broker that there is not."""
    make_fleet("redis://127.0.0.1:1/0")
    found: list[tuple[str, str | None]] = []
    monkeypatch.setattr(messages, "with_broker", lambda act: act(None))
    monkeypatch.setattr(messages, "count_messages", lambda producer, queue: 0)
    monkeypatch.setattr(messages, "send", lambda producer, queue, pk=None: found.append((queue.name, pk)))
    return found


def test_a_message_goes_to_the_queue_of_its_engine_and_kind(sent, make_text):
    batch = make_text(requested_via=Channel.API)
    page = make_text(requested_via=Channel.PAGE)
    waits = make_text(requested_via=Channel.API, awaited_until=state.awaited_from_now())
    for generation in (batch, page, waits):
        call_worker(Generation.objects.filter(pk=generation.pk))
    assert sent == [
        ("speak.waiting.batch", batch.pk),
        ("speak.waiting.interactive", page.pk),
        ("speak.waiting.interactive", waits.pk),
    ]


def test_what_is_needed_is_what_could_be_claimed(make_fleet, make_text):
    make_fleet("redis://127.0.0.1:1/0")
    assert count_needed() == {}
    first, second = make_text(3), make_text(4, requested_via=Channel.PAGE)
    assert count_needed() == {Kind.BATCH: 1, Kind.INTERACTIVE: 1}  # their voices are learnt first
    take = claim_first(first)
    assert count_needed() == {Kind.INTERACTIVE: 1}
    Generation.objects.filter(pk=first.pk).update(stage=Stage.SPEAKING)
    assert count_needed() == {Kind.BATCH: 2, Kind.INTERACTIVE: 1}
    assert accept(take)
    assert state.cancel(first)
    assert count_needed() == {Kind.BATCH: 1, Kind.INTERACTIVE: 1}  # what there is, is to be joined
    assert state.cancel(second)
    assert count_needed() == {Kind.BATCH: 1}


@pytest.mark.parametrize("undo", [takes.release, takes.release_abandoned])
def test_a_take_that_is_free_again_is_told(sent, make_text, undo):
    take = claim_first(make_text(2))
    assert undo(take)
    assert [pk for _, pk in sent] == [take.segment.generation_id]


def test_the_last_take_calls_somebody_who_joins(sent, make_text):
    generation = make_text(2)
    for take in Take.objects.order_by("segment__index"):
        take.segment.generation = generation
        assert takes.claim(take)
        assert not sent
        assert accept(take)
    assert [pk for _, pk in sent] == [generation.pk]


def test_a_worker_for_one_kind_leaves_the_other(make_fleet, make_text, monkeypatch):
    make_fleet("redis://127.0.0.1:1/0")
    batch, page = make_text(), make_text(requested_via=Channel.PAGE)
    worker = FleetWorker(find_kinds(["speak.waiting.interactive"]))
    spoken = []
    monkeypatch.setattr(worker.process, "perform", lambda row: spoken.append(row.segment.generation_id))
    worker.take_turn()
    worker.take_turn()
    assert spoken == [page.pk]
    assert scheduling.claim_next().segment.generation_id == batch.pk


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
@pytest.mark.parametrize("is_silent", [False, True])
def test_a_broker_that_is_away_holds_nobody_up(make_fleet, make_text, caplog, scheme, is_silent):
    """Nobody listens, or somebody who never answers."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if is_silent:
            silent.listen()
        port = silent.getsockname()[1] if is_silent else free_port()
        make_fleet(f"{scheme}://127.0.0.1:{port}//")
        generation = make_text()
        started_at = time.monotonic()
        call_worker(Generation.objects.filter(pk=generation.pk))
        assert time.monotonic() - started_at < 5
        assert "The broker does not answer" in caplog.text
        caplog.clear()
        started_at = time.monotonic()
        call_worker(Generation.objects.filter(pk=generation.pk))
        assert time.monotonic() - started_at < 0.5
        assert not caplog.text
    assert messages.find_obstacle()


def test_a_worker_without_threads_is_refused(tmp_path):
    """Begun as operators of Celery do, who get our steps and task that way. To Celery, prefork is the default."""
    ended = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "voiceclone_site", "worker", "--pool", "solo"],
        cwd=PROJECT,
        env={
            "PATH": os.environ["PATH"],
            "STORAGE_ROOT": str(tmp_path),
            "ENGINE": "preview",
            "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 1
    assert "start it with --pool threads" in ended.stderr
