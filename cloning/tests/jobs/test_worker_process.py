"""A real worker process on the test's own database and storage."""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection

from cloning.jobs import joins, state, sweeping
from cloning.models import Generation, Status, Take, Worker
from cloning.tests.jobs.listening import database_url
from cloning.tests.jobs.recording import SENTENCE
from cloning.tests.live_site import LiveSite, running
from cloning.tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

GENERATIONS = 100


@pytest.fixture
def start_worker(tmp_path, settings, transactional_db) -> Callable[[], AbstractContextManager[LiveSite]]:
    """A lease is short there, so that what a killed one had in hand is soon taken up."""
    shared = {"DATABASE_URL": database_url(), "STORAGE_ROOT": str(settings.STORAGE_ROOT)}
    return lambda: running("worker", folder=tmp_path, LEASE_SECONDS="6", **shared)


@pytest.fixture
def worker_process(tmp_path, settings, transactional_db) -> Iterator[LiveSite]:
    shared = {"DATABASE_URL": database_url(), "STORAGE_ROOT": str(settings.STORAGE_ROOT)}
    with running("worker", folder=tmp_path, **shared) as site:
        wait_until(Worker.objects.exists)
        yield site


def meddle(random_: random.Random, interfere: Callable[[Generation], object], until: threading.Event) -> None:
    """Does something to random generations at random moments, those just taken above all."""
    while not until.wait(random_.uniform(0, 0.1)):
        rows = (
            Generation.objects.filter(status=Status.RUNNING)
            if random_.random() < 0.7
            else Generation.objects.all()
        )
        if generation := rows.order_by("?").first():
            interfere(generation)
    connection.close()


def is_made(make_generation, text: str) -> bool:
    """False where its clip went in this moment with another generation."""
    try:
        return bool(make_generation(text=text))
    except IntegrityError:
        return False


def test_deleting_and_cancelling_at_random_moments_ends_no_worker(
    worker_process, make_generation, stored_files
):
    pid, done = Worker.objects.get().pid, threading.Event()
    threads = [
        threading.Thread(target=meddle, args=[random.Random(seed), interfere, done])
        for seed, interfere in enumerate([Generation.delete, state.cancel, state.resume, Generation.delete])
    ]
    for thread in threads:
        thread.start()
    try:
        for number in range(GENERATIONS):
            wait_until(lambda: Generation.objects.active().count() < 10)
            wait_until(lambda: is_made(make_generation, f"Number {number}."))  # noqa: B023  # called at once
    finally:
        done.set()
        for thread in threads:
            thread.join()
    wait_until(lambda: not Generation.objects.active().exists())
    make_generation()
    wait_until(Generation.objects.filter(text="Good morning.", status=Status.SUCCEEDED).exists)

    assert Worker.objects.get().pid == pid
    assert worker_process.process.poll() is None
    assert set(Generation.objects.values_list("status", flat=True)) <= {Status.SUCCEEDED, Status.CANCELLED}
    assert set(Take.objects.values_list("attempts", flat=True)) <= {0, 1}
    assert "Traceback" not in worker_process.log.read_text()
    wait_until(lambda: not joins.due().exists() and not Generation.objects.exclude(claim_token=None).exists())
    results = {each.audio.name for rows in (Generation, Take) for each in rows.objects.exclude(audio="")}
    assert find_generated(stored_files()) == results


def find_generated(names: list[str]) -> set[str]:
    return {name for name in names if name.startswith("generated/")}


def kill_worker(site: LiveSite) -> None:
    site.process.kill()
    site.process.wait()


@pytest.mark.parametrize("kills", [int(os.environ.get("KILLS", "3"))])
def test_a_long_text_survives_kills_and_every_sentence_is_spoken_once(
    start_worker, make_generation, stored_files, kills, monkeypatch
):
    """`KILLS=10` for 14,000 characters, `KILLS=14` for 20,000."""
    random_, generation = random.Random(kills), make_generation(text=SENTENCE * 20 * kills)
    accepted: dict[object, str] = {}
    for _ in range(kills):
        with start_worker() as site:
            done = Generation.objects.get().segments_done
            wait_until(lambda: Generation.objects.get().segments_done > done)  # noqa: B023
            time.sleep(random_.uniform(0, 0.5))
            kill_worker(site)
        assert Generation.objects.get().is_active
        spoken: dict[object, str] = dict(
            Take.objects.filter(status=Status.SUCCEEDED).values_list("pk", "audio")
        )
        assert accepted.items() <= spoken.items()
        accepted = spoken
    with start_worker():
        wait_until(lambda: not Generation.objects.active().exists())
    generation.refresh_from_db()
    assert (generation.status, generation.error_code) == (Status.SUCCEEDED, "")
    assert generation.segments_done == generation.segments_total == Take.objects.count()
    assert accepted.items() <= dict(Take.objects.values_list("pk", "audio")).items()
    assert sum(Take.objects.values_list("attempts", flat=True)) <= generation.segments_total + kills
    results = {generation.audio.name, *Take.objects.values_list("audio", flat=True)}
    # A file that was stored in the moment of a kill, before its row could name it, is the sweep's.
    assert len(find_generated(stored_files()) - results) <= kills
    for name in stored_files():
        os.utime(default_storage.path(name), (0, 0))
    monkeypatch.setattr(sweeping, "_list_at", 0.0)  # another test may have listed the files just now
    sweeping.sweep()
    assert find_generated(stored_files()) == results
    heard_seconds = sum(
        segment.chosen_take.duration_seconds + segment.pause_seconds
        for segment in generation.segments.select_related("chosen_take")
    )
    assert generation.duration_seconds == pytest.approx(heard_seconds, abs=0.1)
