"""A real worker process on the test's own database and storage."""

import random
import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from cloning.jobs import state
from cloning.models import Generation, Status, Worker
from cloning.tests.live_site import LiveSite, running
from cloning.tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

GENERATIONS = 100


@pytest.fixture
def worker_process(tmp_path, settings, transactional_db) -> Iterator[LiveSite]:
    database = connection.settings_dict["NAME"]
    shared = {"DATABASE_URL": f"sqlite:///{database}", "STORAGE_ROOT": str(settings.STORAGE_ROOT)}
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


def test_deleting_and_cancelling_at_random_moments_ends_no_worker(
    worker_process, make_generation, stored_files
):
    pid, done = Worker.objects.get().pid, threading.Event()
    threads = [
        threading.Thread(target=meddle, args=[random.Random(seed), interfere, done])
        for seed, interfere in enumerate([Generation.delete, state.cancel, state.retry, Generation.delete])
    ]
    for thread in threads:
        thread.start()
    try:
        for number in range(GENERATIONS):
            wait_until(lambda: Generation.objects.active().count() < 10)
            make_generation(text=f"Number {number}.")
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
    assert max(Generation.objects.values_list("attempts", flat=True)) == 1
    assert "Traceback" not in worker_process.log.read_text()
    results = {g.audio.name for g in Generation.objects.filter(status=Status.SUCCEEDED)}
    assert {name for name in stored_files() if name.startswith("generated/")} == results
