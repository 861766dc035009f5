import dataclasses
import signal
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError
from django.utils import timezone

from cloning.engines import registry
from cloning.jobs import joins, leases, scheduling, state, takes
from cloning.jobs import worker as worker_module
from cloning.jobs.notifications import WORK, notify
from cloning.jobs.process import sweep
from cloning.jobs.worker import WorkerLoop
from cloning.models import Generation, Status, Take, Worker
from cloning.tests.jobs.recording import SENTENCE
from cloning.tests.remembering import RememberingPreview
from cloning.tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run_worker(monkeypatch):
    """The worker's loop in a thread (signals belong to main threads, so they are left out).

    It looks for work often, and speaks a text that was spoken before as slowly as any.
    """
    monkeypatch.setattr(signal, "signal", lambda *args: None)
    monkeypatch.setattr(worker_module, "POLL_SECONDS", 0.05)
    monkeypatch.delattr(RememberingPreview, "synthesize")

    @contextmanager
    def run():
        loop = WorkerLoop()
        thread = threading.Thread(target=loop.run)
        thread.start()
        yield loop
        loop.stop()
        thread.join(300)
        assert not thread.is_alive()

    return run


@pytest.fixture
def worker(run_worker):
    with run_worker() as loop:
        yield loop


def test_the_worker_works_off_what_is_queued_and_shows_itself(worker, make_generation):
    wait_until(Worker.alive().exists)
    generations = [make_generation(text=text) for text in ("One thing.", "Another thing.")]
    wait_until(lambda: Generation.objects.filter(status=Status.SUCCEEDED).count() == 2)
    for generation in generations:
        generation.refresh_from_db()
        assert set(
            Take.objects.filter(segment__generation=generation).values_list("attempts", flat=True)
        ) == {1}
        assert default_storage.exists(generation.audio.name)
    assert Worker.objects.get().engine == "preview"
    worker.stop()
    wait_until(lambda: not Worker.objects.exists())


def test_a_sentence_does_not_wait_for_a_book_with_xtts(settings, tiny_weights, make_generation, request):
    settings.ENGINE, settings.MODEL_CACHE = "xtts_v2", tiny_weights
    book = make_generation(text=SENTENCE * 60)  # more segments than a worker has in hand
    sentence = make_generation(text="Short.")
    request.getfixturevalue("worker")
    wait_until(lambda: Generation.objects.filter(status=Status.SUCCEEDED).count() == 2)
    book.refresh_from_db()
    sentence.refresh_from_db()
    assert book.started_at < sentence.started_at < sentence.finished_at < book.finished_at


def test_a_sentence_does_not_wait_for_a_book_with_the_preview(make_generation, worker):
    book = make_generation(text=SENTENCE * 30)
    wait_until(lambda: Generation.objects.get().segments_done >= 1)
    sentence = make_generation(text="Short.")
    wait_until(lambda: Generation.objects.get(pk=sentence.pk).status == Status.SUCCEEDED)
    book.refresh_from_db()
    assert book.status == Status.RUNNING
    assert book.segments_done < book.segments_total
    assert state.cancel(book)


def test_a_worker_that_is_stopped_gives_its_take_back(worker, make_generation):
    generation = make_generation(text=SENTENCE * 200)
    wait_until(lambda: Generation.objects.get().segments_done >= 1)
    worker.stop()
    wait_until(lambda: not Worker.objects.exists())
    assert not Take.objects.filter(status=Status.RUNNING).exists()
    waiting = Take.objects.filter(status=Status.QUEUED)
    assert set(waiting.values_list("attempts", "claim_token")) == {(0, None)}
    generation.refresh_from_db()
    assert waiting.count() == generation.segments_total - generation.segments_done


def test_another_worker_goes_on_where_one_was_stopped(make_generation, run_worker):
    make_generation(text=SENTENCE * 12)
    with run_worker() as first:
        wait_until(lambda: Generation.objects.get().segments_done >= 1)
        first.stop()
        wait_until(lambda: not Worker.objects.exists())
    before = dict(Take.objects.filter(status=Status.SUCCEEDED).values_list("pk", "audio"))
    assert 1 <= len(before) < 4
    with run_worker():
        wait_until(lambda: Generation.objects.get().status == Status.SUCCEEDED)
    after = dict(Take.objects.values_list("pk", "audio"))
    assert before.items() <= after.items()
    assert set(Take.objects.values_list("number", "attempts")) == {(1, 1)}


def test_what_is_submitted_to_an_idle_worker_is_begun_at_once(worker, make_generation, monkeypatch):
    make_generation()
    wait_until(lambda: Generation.objects.filter(status=Status.SUCCEEDED).exists())
    monkeypatch.setattr(
        worker_module, "POLL_SECONDS", 600.0
    )  # from its next look on: the first may be found by this one
    for _ in range(2):
        generation = make_generation()
        notify(WORK)
        wait_until(lambda: Generation.objects.filter(pk=generation.pk, status=Status.SUCCEEDED).exists())  # noqa: B023


def test_a_stopped_generation_is_joined_and_goes_on_after_resume(worker, make_generation):
    generation = make_generation(text=SENTENCE * 12)
    wait_until(lambda: Generation.objects.get().segments_done >= 1)
    assert state.cancel(generation)
    done = wait_until(lambda: Generation.objects.exclude(audio="").first())
    assert done.status == Status.CANCELLED
    assert done.segments_done >= 1
    part_seconds = done.duration_seconds
    before = dict(Take.objects.filter(status=Status.SUCCEEDED).values_list("pk", "audio"))
    assert state.resume(generation)
    wait_until(lambda: Generation.objects.get().status == Status.SUCCEEDED)
    assert before.items() <= dict(Take.objects.values_list("pk", "audio")).items()
    assert set(Take.objects.values_list("number", flat=True)) == {1}
    assert Generation.objects.get().duration_seconds >= part_seconds


def test_another_take_is_spoken_chosen_and_joined(worker, make_generation):
    make_generation(text=SENTENCE * 6)
    before = wait_until(lambda: Generation.objects.filter(status=Status.SUCCEEDED).first())
    segment = before.segments.first()
    added = takes.add_take(segment, "Something that is a good deal shorter.", 5)
    take = wait_until(lambda: Take.objects.filter(pk=added.pk, status=Status.SUCCEEDED).first())
    assert takes.choose(take)
    after = wait_until(lambda: Generation.objects.exclude(audio=before.audio.name).first())
    assert after.status == Status.SUCCEEDED
    assert after.duration_seconds < before.duration_seconds - 1


def test_users_take_turns_with_the_real_worker(make_generation, run_worker, django_user_model):
    ada, ben = (django_user_model.objects.create_user(name) for name in ("ada", "ben"))
    for _ in range(3):
        make_generation(text=SENTENCE * 6, owner=ada)
    last = make_generation(owner=ben)
    with run_worker():
        wait_until(lambda: Generation.objects.filter(status=Status.SUCCEEDED).count() == 4)
    order = Take.objects.order_by("finished_at").values_list("segment__generation", flat=True)
    assert list(order).index(last.pk) <= 1


def test_a_cancelled_generation_frees_the_worker_for_the_next(worker, make_generation):
    first = make_generation(text=SENTENCE * 200)
    second = make_generation(text="Short.")
    wait_until(lambda: Generation.objects.get(pk=first.pk).segments_done >= 1)
    assert state.cancel(Generation.objects.get(pk=first.pk))
    wait_until(lambda: Generation.objects.get(pk=second.pk).status == Status.SUCCEEDED)
    assert Generation.objects.get(pk=first.pk).status == Status.CANCELLED


def test_a_database_that_does_not_answer_is_waited_for(worker, make_generation, monkeypatch):
    claim_next, failures = scheduling.claim_next, iter([True, True])

    def locked_twice(*given, **named):
        if next(failures, False):
            raise OperationalError("database is locked")
        return claim_next(*given, **named)

    monkeypatch.setattr(scheduling, "claim_next", locked_twice)
    make_generation()
    wait_until(lambda: Generation.objects.filter(status=Status.SUCCEEDED).exists())


@pytest.mark.parametrize(
    ("room", "where"),
    [
        (scheduling, "claim_next"),
        (leases, "renew_lease"),
        (takes, "report"),
        (takes, "begin"),
        (takes, "accept"),
        (joins, "claim_next"),
        (joins, "accept"),
    ],
)
def test_an_error_that_nobody_foresaw_ends_no_worker(worker, make_generation, monkeypatch, room, where):
    monkeypatch.setattr(worker_module, "PAUSE_SECONDS", 0.1)
    function, failures = getattr(room, where), iter([True])

    def fails_once(*given, **named):
        if next(failures, False):
            raise ValueError("a row that can't be read")
        return function(*given, **named)

    monkeypatch.setattr(room, where, fails_once)
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
    entry = dataclasses.replace(registry.ENGINES["preview"], takes_at_once=3)
    monkeypatch.setitem(registry.ENGINES, "preview", entry)
    offset, now = [timedelta()], timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + offset[0])
    make_generation(text=SENTENCE * 30)
    request.getfixturevalue("worker")
    for _ in range(3):
        done = Generation.objects.get().segments_done
        wait_until(lambda: Generation.objects.get().segments_done > done)  # noqa: B023
        offset[0] += jump
    wait_until(lambda: not Generation.objects.active().exists())
    assert Generation.objects.get().status == Status.SUCCEEDED
    assert set(Take.objects.values_list("attempts", flat=True)) == {1}


def test_sweep_forgets_workers_that_are_long_gone():
    Worker.objects.create(host="old", pid=1, seen_at=timezone.now() - timedelta(days=2))
    recent = Worker.objects.create(host="new", pid=2)
    sweep()
    assert list(Worker.objects.all()) == [recent]
