"""Many clients, and many rows.

    python -m benchmarks.load [--clients 200] [--generations 1000] [--webs 2] [--workers 2] [--database-url URL]

A live site with an engine that only waits. Each client submits again and again, one call that waits for its result and
one that asks for it in turns, and comes again when it is told to (503, 429). Then it is counted in the database: none
is lost, none is there or was spoken twice, nothing else was answered; and memory is compared, early and late.

    python -m benchmarks.load --rows 1000000 --database-url URL

fills PostgreSQL and times what the server does beside so many rows (`rows.py`). URL names an empty database.
"""

import argparse
import os
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks import rows
from benchmarks.waiting_site import WaitingSite, ask, generate, serving

SAMPLE_SECONDS = 0.5
POLL_SECONDS = 0.5
MAX_GROWTH = 0.05


@dataclass
class Tally:
    """What all clients have seen. Each appends for itself, which no lock is needed for."""

    statuses: Counter[int] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)  # from the first try to the result
    answer_ms: list[float] = field(default_factory=list)  # of calls that ask for a result
    memory: list[tuple[int, dict[str, float]]] = field(default_factory=list)  # after so many results


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--generations", type=int, default=1000)
    parser.add_argument("--webs", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument(
        "--wait-seconds", type=float, default=0.05, help="that the engine takes for a sentence"
    )
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--database-url", default="", help="SQLite where none is given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database_url = options.database_url or f"sqlite:///{folder}/storage/db.sqlite3"
        os.environ.update(
            DATABASE_URL=database_url, STORAGE_ROOT=str(folder / "storage"), LOG_LEVEL="WARNING"
        )
        if options.rows:
            print_rows(options.rows)
        else:
            print_load(folder, options)


def print_rows(how_many: int) -> None:
    limits = {"MAX_QUEUED": "1000", "KEEP_GENERATIONS_DAYS": "36500", "KEEP_REFERENCES_DAYS": "30"}
    os.environ.update(limits, ENGINE="preview")
    set_up_django()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    rows.print_table(how_many)


def set_up_django() -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "voiceclone_site.settings"
    django.setup()


def print_load(folder: Path, options: argparse.Namespace) -> None:
    print(f"Load average before: {os.getloadavg()[0]:.1f}.", flush=True)
    environment = {"WAIT_SECONDS": str(options.wait_seconds), "WAIT_TAKES_AT_ONCE": "8"}
    with serving(folder, options.webs, options.workers, **environment) as site:
        started_at = time.monotonic()
        tally = run_clients(site, options.clients, options.generations)
        seconds = time.monotonic() - started_at
    print_tally(tally, seconds)
    check_rows(tally, options.generations)


def run_clients(site: WaitingSite, clients: int, generations: int) -> Tally:
    tally, tickets, has_ended = Tally(), count(), threading.Event()

    def work(number: int) -> None:
        while (ticket := next(tickets)) < generations:
            get_spoken(site.urls[number % len(site.urls)], tally, is_waiting=ticket % 2 == 0)

    def watch() -> None:
        while not has_ended.wait(SAMPLE_SECONDS):
            tally.memory.append((len(tally.ids), site.read_memory_mb()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(clients) as pool:
        for future in [pool.submit(work, number) for number in range(clients)]:
            future.result()
    has_ended.set()
    watcher.join()
    return tally


def get_spoken(url: str, tally: Tally, *, is_waiting: bool) -> None:
    """One generation, from the first try until it has ended."""
    started_at = time.monotonic()
    while True:
        answer = generate(url, {} if is_waiting else {"Prefer": "respond-async"})
        tally.statuses[answer.status] += 1
        if answer.status not in (429, 503):
            break
        time.sleep(answer.retry_after_seconds)
    if answer.status not in (201, 202):
        tally.failed.append(f"{answer.status}: {answer.body!r:.200}")
        return
    found: dict[str, Any] = answer.body
    while found["status"] in ("queued", "running"):
        time.sleep(POLL_SECONDS)
        asked_at = time.monotonic()
        answer = ask(url, found["status_url"])
        tally.answer_ms.append(1000 * (time.monotonic() - asked_at))
        tally.statuses[answer.status] += 1
        if answer.status == 200:
            found = answer.body
        elif answer.status not in (429, 503):
            tally.failed.append(f"{answer.status}: {answer.body!r:.200}")
            return
    if found["status"] != "succeeded":
        tally.failed.append(f"{found['id']} {found['status']}: {found['error']}")
    tally.seconds.append(time.monotonic() - started_at)
    tally.ids.append(found["id"])


def print_tally(tally: Tally, seconds: float) -> None:
    statuses = ", ".join(f"{number} × {status}" for status, number in sorted(tally.statuses.items()))
    print(f"{len(tally.ids)} generations in {seconds:.0f} s: {60 * len(tally.ids) / seconds:.0f} a minute.")
    print(f"Answers: {statuses}.")
    print(
        f"From the first try to the result: median {median(tally.seconds):.1f} s, slowest {max(tally.seconds):.1f} s."
    )
    if len(tally.answer_ms) > 1:
        p95 = quantiles(tally.answer_ms, n=20)[-1]
        print(f"An answer about the status: median {median(tally.answer_ms):.0f} ms, p95 {p95:.0f} ms.")
    print(f"Load average after: {os.getloadavg()[0]:.1f}.\n")
    print("| process | MB after a fifth | MB at the end | growth |\n|---|---|---|---|")
    for name in tally.memory[-1][1]:
        early = median_memory(tally, name, 0.2, 0.4)
        late = median_memory(tally, name, 0.8, 1.01)
        print(f"| {name} | {early:.0f} | {late:.0f} | {late / early - 1:+.1%} |")
        if late > (1 + MAX_GROWTH) * early:
            tally.failed.append(f"{name} grew by more than {MAX_GROWTH:.0%}.")


def median_memory(tally: Tally, name: str, start: float, end: float) -> float:
    """Between two shares of all results."""
    total = len(tally.ids)
    return median(mb[name] for done, mb in tally.memory if start * total <= done < end * total and name in mb)


def check_rows(tally: Tally, generations: int) -> None:
    """Ends with what is wrong, if anything is."""
    set_up_django()
    from cloning.models import Generation, Status, Take

    stored = {str(pk) for pk in Generation.objects.values_list("pk", flat=True)}
    succeeded = Generation.objects.filter(status=Status.SUCCEEDED).count()
    takes = list(Take.objects.values_list("segment__generation", "status", "attempts", "number"))
    problems = list(tally.failed)
    if len(tally.ids) != generations or len(set(tally.ids)) != generations:
        problems.append(f"{len(set(tally.ids))} different results of {generations}.")
    if stored != set(tally.ids):
        problems.append(
            f"{len(stored - set(tally.ids))} rows that nobody was told of, {len(set(tally.ids) - stored)} lost."
        )
    if succeeded != generations:
        problems.append(f"{succeeded} succeeded.")
    if len(takes) != generations or any(take[1:] != (Status.SUCCEEDED, 1, 1) for take in takes):
        problems.append(f"{len(takes)} takes, {sum(take[2] != 1 for take in takes)} of them not spoken once.")
    print()
    if problems:
        raise SystemExit("\n".join(problems[:20]))
    print("None lost, none twice, no answer but the documented ones; memory as flat as it is to be.")


if __name__ == "__main__":
    main()
