import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks import waiting_engine
from cloning.engines import registry
from cloning.jobs.fleet import messages
from cloning.jobs.fleet.app import make_app, queue_of
from cloning.jobs.scheduling import Kind
from cloning.models import Generation, Worker
from cloning.tests.brokers import rabbitmq_url, redis_url  # noqa: F401
from cloning.tests.jobs.listening import database_url
from cloning.tests.live_site import PROJECT
from cloning.tests.waiting import wait_until


@dataclass(frozen=True)
class FleetWorkerProcess:
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self) -> int:
        """As an operator does. The exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@dataclass(frozen=True)
class Fleet:
    """A broker, and the database and storage of the test. The engine only waits."""

    broker_url: str
    folder: Path
    environment: dict[str, str]

    @contextmanager
    def worker(self, wait_seconds: float = 0.05, **environment: str) -> Iterator[FleetWorkerProcess]:
        log = self.folder / f"worker-{len(list(self.folder.glob('*.log')))}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.waiting_engine", "worker"],
                cwd=PROJECT,
                env={**self.environment, "WAIT_SECONDS": str(wait_seconds), **environment},
                stdout=output,
                stderr=output,
            )
        try:
            wait_until(lambda: self.is_ready(process, log))
            yield FleetWorkerProcess(process, log)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()

    def is_ready(self, process: subprocess.Popen[bytes], log: Path) -> bool:
        assert process.poll() is None, log.read_text()
        return Worker.objects.filter(pid=process.pid).exists()

    def count_messages(self) -> int:
        with messages.app.connection_for_write() as broker:
            producer = messages.app.amqp.Producer(broker)
            return sum(
                messages.count_messages(producer, queue_of(waiting_engine.NAME, kind)) for kind in Kind
            )

    def command(self, *arguments: str) -> str:
        """One of Celery's own commands, as an operator gives it."""
        return subprocess.run(
            [sys.executable, "-m", "celery", "-A", "voiceclone_site", *arguments],
            cwd=PROJECT,
            env={**self.environment, "ENGINE": "preview"},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout


@pytest.fixture
def make_fleet(tmp_path, settings, monkeypatch, transactional_db) -> Callable[[str], Fleet]:
    def make(broker_url: str) -> Fleet:
        settings.CELERY_BROKER_URL, settings.ENGINE = broker_url, waiting_engine.NAME
        settings.LEASE_SECONDS = 2.0
        monkeypatch.setitem(registry.ENGINES, waiting_engine.NAME, waiting_engine.make_entry(0.05, 1))
        monkeypatch.setattr(messages, "app", make_app())
        monkeypatch.setattr(messages, "_ask_again_at", 0.0)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "STORAGE_ROOT": str(settings.STORAGE_ROOT),
            "MODEL_CACHE": str(tmp_path / "model_cache"),
            "DATABASE_URL": database_url(),
            "CELERY_BROKER_URL": broker_url,
            "LEASE_SECONDS": "2",
            "ENGINE": waiting_engine.NAME,
        }
        return Fleet(broker_url, tmp_path, environment)

    return make


@pytest.fixture
def make_text(make_generation) -> Callable[..., Generation]:
    """Of sentences that are spoken one by one, in a voice that is known at once. Nobody is told of it."""

    def make(sentences: int = 1, **fields: object) -> Generation:
        text = "\n\n".join(f"This is the sentence that has the number {each}." for each in range(sentences))
        return make_generation(text=text, references=[], stock_voice="nobody", **fields)

    return make
