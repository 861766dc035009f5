"""How a fleet grows with its workers: python -m benchmarks.fleet --postgresql URL

With an engine that only waits, so that dispatching is what is measured: the table as queue, and Celery on Redis and on
RabbitMQ, which are started here. For each number of workers, in one run:

- generations a minute, of one sentence each, while there is always one more;
- from the submission of a generation to the first step of a worker, while all are idle.

The server at URL gets a database of this run alone.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit, urlunsplit

from benchmarks import waiting_engine
from benchmarks.brokers import rabbitmq_server, redis_server
from benchmarks.site import PROJECT, find_free_port

LONG_ENOUGH_SECONDS = 600.0


@dataclass(frozen=True)
class Figures:
    a_minute: float
    first_step_ms: Sequence[float]

    @property
    def p95_ms(self) -> float:
        return quantiles(self.first_step_ms, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--postgresql", required=True, help="URL of a server where a database may be made")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--dispatchers", nargs="+", default=["table", "redis", "rabbitmq"])
    parser.add_argument("--wait-seconds", type=float, default=3.0, help="for each sentence")
    parser.add_argument("--generations", type=int, default=12, help="for each worker")
    parser.add_argument("--submissions", type=int, default=40, help="whose first step is timed")
    options = parser.parse_args()
    print(f"Load average before: {os.getloadavg()[0]:.1f}. {options.wait_seconds:g} s for each sentence.\n")
    print(
        "| dispatcher | workers | generations a minute | times one worker | first step, median ms | p95 ms |"
    )
    print("|---|---|---|---|---|---|")
    for dispatcher in options.dispatchers:
        one: float | None = None
        for count in options.workers:
            figures = measure(dispatcher, count, options)
            one = one or figures.a_minute / count
            print(
                f"| {dispatcher} | {count} | {figures.a_minute:.1f} | {figures.a_minute / one:.2f} "
                f"| {median(figures.first_step_ms):.0f} | {figures.p95_ms:.0f} |",
                flush=True,
            )
    print(f"\nLoad average after: {os.getloadavg()[0]:.1f}.")


def measure(dispatcher: str, workers: int, options: argparse.Namespace) -> Figures:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environment = {
            **os.environ,
            "STORAGE_ROOT": str(folder / "storage"),
            "MODEL_CACHE": str(folder / "models"),
            "STATIC_ROOT": str(folder / "static"),
            "DATABASE_URL": stack.enter_context(scratch_database(options.postgresql)),
            "CELERY_BROKER_URL": stack.enter_context(broker(dispatcher, folder)),
            "WAIT_SECONDS": str(options.wait_seconds),
            "MAX_QUEUED": "10000",
            "LOG_LEVEL": "WARNING",
            "ENGINE": waiting_engine.NAME,
        }
        manage(environment, "migrate", "--verbosity", "0")
        for number in range(workers):
            stack.enter_context(worker(environment, folder / f"worker-{number}.log"))
        asked = [str(each) for each in (workers, options.generations * workers, options.submissions)]
        ended = subprocess.run(
            [sys.executable, "-m", "benchmarks.fleet_client", *asked],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LONG_ENOUGH_SECONDS,
        )
        if ended.returncode:
            raise SystemExit(ended.stderr)
        a_minute, *first_steps = map(float, ended.stdout.split())
        return Figures(a_minute, first_steps)


def manage(environment: dict[str, str], *command: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "benchmarks.waiting_engine", *command],
        cwd=PROJECT,
        env=environment,
        check=True,
    )


@contextmanager
def worker(environment: dict[str, str], log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.waiting_engine", "worker"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=output, stderr=output)
    try:
        yield
        if process.poll() is not None:
            raise SystemExit(f"A worker ended:\n{log.read_text()[-2000:]}")
    finally:
        process.terminate()
        process.wait()


@contextmanager
def broker(dispatcher: str, folder: Path) -> Iterator[str]:
    """Its URL; empty for the table."""
    port = find_free_port()
    if dispatcher == "redis":
        with redis_server(port):
            yield f"redis://127.0.0.1:{port}/0"
    elif dispatcher == "rabbitmq":
        with rabbitmq_server(port, folder):
            yield f"amqp://guest:guest@127.0.0.1:{port}//"
    else:
        yield ""


@contextmanager
def scratch_database(url: str) -> Iterator[str]:
    import psycopg

    name = f"fleet_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


if __name__ == "__main__":
    main()
