"""Who submits, for `benchmarks.fleet`: prints generations a minute, then what each first step took, in milliseconds."""

import sys
import time

from benchmarks import waiting_engine

waiting_engine.register()

import django  # noqa: E402

django.setup()

from cloning.jobs import submission  # noqa: E402
from cloning.models import Channel, Generation, Status, Worker  # noqa: E402

TEXT = "Good morning, and thank you for waiting."
PAUSE_SECONDS = 0.05


def submit(seed: int = 1) -> Generation:
    generation = Generation(
        text=TEXT, language="en", requested_via=Channel.API, stock_voice="nobody", seed=seed
    )
    submission.submit(generation)
    return generation


def wait_for(count: int) -> None:
    while Generation.objects.filter(status=Status.SUCCEEDED).count() < count:
        time.sleep(PAUSE_SECONDS)


def main(workers: int, generations: int, submissions: int) -> None:
    while Worker.alive().count() < workers:
        time.sleep(PAUSE_SECONDS)
    warm_up = 2 * workers  # the connections are there then
    for _ in range(warm_up):
        submit()
    wait_for(warm_up)

    started_at = time.monotonic()
    for _ in range(generations):
        submit()
    wait_for(warm_up + generations)
    print(60 * generations / (time.monotonic() - started_at))

    for done in range(submissions):
        generation = submit(seed=0)  # spoken at once
        wait_for(warm_up + generations + done + 1)
        generation.refresh_from_db(fields=["started_at"])
        print(1000 * (generation.waited_seconds or 0.0))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
