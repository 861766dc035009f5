import dataclasses
import signal
import threading
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.utils import timezone

from cloning.engines import registry
from cloning.jobs import state
from cloning.jobs import worker as worker_module
from cloning.jobs.worker import WorkerLoop, sweep
from cloning.models import Generation, Status, Worker
from cloning.tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(monkeypatch):
    """The worker's loop in a thread (signals belong to main threads, so they are left out)."""
    monkeypatch.setattr(signal, "signal", lambda *args: None)
    loop = WorkerLoop()
    thread = threading.Thread(target=loop.run)
    thread.start()
    yield loop
    loop.stop()
    thread.join(300)
    assert not thread.is_alive()


def test_the_worker_works_off_what_is_queued_and_shows_itself(worker, make_generation):
    wait_until(Worker.alive().exists)
    generations = [make_generation(text=text) for text in ("One thing.", "Another thing.")]
    wait_until(lambda: Generation.objects.filter(status=Status.SUCCEEDED).count() == 2)
    for generation in generations:
        generation.refresh_from_db()
        assert generation.attempts == 1
        assert default_storage.exists(generation.audio.name)
    assert Worker.objects.get().engine == "preview"
    worker.stop()
    wait_until(lambda: not Worker.objects.exists())


def test_a_sentence_does_not_wait_for_a_book_with_xtts(settings, tiny_weights, make_generation, request):
    settings.ENGINE, settings.MODEL_CACHE = "xtts_v2", tiny_weights
    book = make_generation(
        text="A sentence that is not so short at all, to be spoken many times over. " * 100
    )
    sentence = make_generation(text="Short.")
    request.getfixturevalue("worker")
    wait_until(lambda: Generation.objects.filter(status=Status.SUCCEEDED).count() == 2)
    book.refresh_from_db()
    sentence.refresh_from_db()
    assert book.started_at < sentence.started_at < sentence.finished_at < book.finished_at


def test_a_worker_that_is_stopped_gives_its_generation_back(worker, make_generation):
    generation = make_generation(
        text="A sentence that is not so short at all, to be spoken many times over. " * 200
    )
    wait_until(lambda: Generation.objects.get().segments_done >= 1)
    worker.stop()
    wait_until(lambda: Generation.objects.get().status == Status.QUEUED)
    generation.refresh_from_db()
    assert (generation.attempts, generation.claim_token) == (0, None)


def test_a_cancelled_generation_frees_the_worker_for_the_next(worker, make_generation):
    first = make_generation(
        text="A sentence that is not so short at all, to be spoken many times over. " * 200
    )
    second = make_generation(text="Short.")
    wait_until(lambda: Generation.objects.get(pk=first.pk).segments_done >= 1)
    assert state.cancel(Generation.objects.get(pk=first.pk))
    wait_until(lambda: Generation.objects.get(pk=second.pk).status == Status.SUCCEEDED)
    assert Generation.objects.get(pk=first.pk).status == Status.CANCELLED


def test_a_database_that_does_not_answer_is_waited_for(worker, make_generation, monkeypatch):
    claim_next, failures = state.claim_next, iter([True, True])

    def locked_twice(*given):
        if next(failures, False):
            raise OperationalError("database is locked")
        return claim_next(*given)

    monkeypatch.setattr(state, "claim_next", locked_twice)
    make_generation()
    wait_until(lambda: Generation.objects.filter(status=Status.SUCCEEDED).exists())


@pytest.mark.parametrize("where", ["claim_next", "renew_lease", "report", "succeed"])
def test_an_error_that_nobody_foresaw_ends_no_worker(worker, make_generation, monkeypatch, where):
    monkeypatch.setattr(worker_module, "PAUSE_SECONDS", 0.1)
    function, failures = getattr(state, where), iter([True])

    def fails_once(*given, **named):
        if next(failures, False):
            raise ValueError("a row that can't be read")
        return function(*given, **named)

    monkeypatch.setattr(state, where, fails_once)
    make_generation()
    wait_until(lambda: next(failures, None) is None and not Generation.objects.active().exists())
    make_generation()
    wait_until(lambda: Generation.objects.latest("created_at").status == Status.SUCCEEDED)


def test_a_worker_starts_and_stops_without_its_database(monkeypatch, make_generation, request):
    def unreachable(*given, **named):
        raise OperationalError("disk I/O error")

    monkeypatch.setattr(Worker, "save", unreachable)
    monkeypatch.setattr(Worker, "delete", unreachable)
    make_generation()
    request.getfixturevalue("worker")
    wait_until(lambda: Generation.objects.filter(status=Status.SUCCEEDED).exists())


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_jumps_takes_no_generation_from_its_worker(
    settings, monkeypatch, make_generation, request, jump
):
    settings.LEASE_SECONDS = 4.0
    entry = dataclasses.replace(registry.ENGINES["preview"], generations_at_once=3)
    monkeypatch.setitem(registry.ENGINES, "preview", entry)
    offset, now = [timedelta()], timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + offset[0])
    make_generation(text="A sentence that is not so short at all, to be spoken many times over. " * 30)
    request.getfixturevalue("worker")
    for _ in range(3):
        done = Generation.objects.get().segments_done
        wait_until(lambda: Generation.objects.get().segments_done > done)  # noqa: B023
        offset[0] += jump
    wait_until(lambda: not Generation.objects.active().exists())
    assert (Generation.objects.get().status, Generation.objects.get().attempts) == (Status.SUCCEEDED, 1)


def test_sweep_forgets_workers_that_are_long_gone():
    Worker.objects.create(host="old", pid=1, seen_at=timezone.now() - timedelta(days=2))
    recent = Worker.objects.create(host="new", pid=2)
    sweep()
    assert list(Worker.objects.all()) == [recent]
