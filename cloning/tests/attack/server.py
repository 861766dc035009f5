"""A site that is to be attacked: started, killed in parts and started again on the same files."""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cloning.tests.attack import processes
from cloning.tests.attack.exchange import (
    GENERATE,
    Answer,
    Case,
    Part,
    complaint,
    exchange,
    post_form,
    request,
)
from cloning.tests.attack.report import Promise, Report
from cloning.tests.live_site import PROJECT, free_port

READY_SECONDS = 120.0
STOP_SECONDS = 60.0
ENDED = ("succeeded", "failed", "cancelled")

# Written by the database itself when a generation ends and when a sentence is spoken: proof of how often that happened.
ENDINGS = """
CREATE TABLE IF NOT EXISTS attack_ending (generation TEXT, status TEXT);
CREATE TRIGGER IF NOT EXISTS attack_ending_update AFTER UPDATE OF status ON cloning_generation
WHEN NEW.status IN ('succeeded', 'failed') BEGIN INSERT INTO attack_ending VALUES (NEW.id, NEW.status); END;
CREATE TABLE IF NOT EXISTS attack_take (segment INTEGER);
CREATE TRIGGER IF NOT EXISTS attack_take_update AFTER UPDATE OF status ON cloning_take
WHEN NEW.status = 'succeeded' BEGIN INSERT INTO attack_take VALUES (NEW.segment_id); END;
"""


class Server:
    def __init__(
        self, folder: Path, report: Report, *, storage_root: Path | None = None, **environment: str
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.report, self.port = folder, report, free_port()
        self.storage_root = storage_root or folder / "storage"
        self.temporary = folder / "tmp"  # the system's folder for temporary files, as this site sees it
        self.temporary.mkdir(exist_ok=True)
        self.log = folder / "serve.log"
        self.tag = f"ATTACKED_SITE={uuid.uuid4()}"
        self.not_ours = set(processes.descendants(os.getpid()))
        self.process: subprocess.Popen[bytes] | None = None
        name, _, value = self.tag.partition("=")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(self.temporary),
            "PYTHONUNBUFFERED": "1",
            "STORAGE_ROOT": str(self.storage_root),
            "MODEL_CACHE": str(folder / "model_cache"),
            "STATIC_ROOT": str(folder / "static"),
            "DATABASE_URL": f"sqlite:///{self.storage_root}/db.sqlite3",
            "ENGINE": "preview",
            "PREVIEW_VOICE": "espeak",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "BASE_URL": "",
            "MIN_FREE_MB": "1",
            "MAX_QUEUED": "2000",
            name: value,
            **environment,
        }

    # Its life

    def start(self, *, wait: bool = True) -> None:
        processes.adopt_orphans()
        with self.log.open("ab") as output:
            output.write(b"--- start\n")
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"], cwd=self.project(), env=self.environment,
                stdout=output, stderr=output, start_new_session=True, preexec_fn=processes.die_with_parent,
            )  # fmt: skip
        if wait:
            self.wait_until_ready()

    @staticmethod
    def project() -> Path:
        """Another checkout of the server can be attacked, to see what an older one promised in vain."""
        return Path(os.environ.get("ATTACKED_PROJECT", PROJECT))

    def wait_until_ready(self) -> None:
        give_up_at = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if self.process is None or self.process.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError(f"`serve` did not get ready:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.1)

    def is_ready(self) -> bool:
        return "Ready:" in self.log.read_text(errors="replace").rpartition("--- start\n")[2]

    def stop(self) -> None:
        """As an operator does; whatever is still there then is a fault, and ended."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            exit_code: int | None = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            exit_code = None
        if exit_code != 0:
            self.fault(Promise.RECOVERY, f"`serve` ended with {exit_code} after SIGTERM: {self.log_end()}")
        self.process = None
        give_up_at = time.monotonic() + 20
        while (left := self.left_processes()) and time.monotonic() < give_up_at:
            time.sleep(0.2)
        for pid, command in left.items():
            self.fault(Promise.PROCESSES, command)
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def end(self) -> None:
        """Whatever happened: nothing of this site runs on."""
        for pid in [*self.left_processes(), *([self.process.pid] if self.process else [])]:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if self.process:
            self.process.wait()
        processes.adopt_orphans(False)

    def pids(self, part: str) -> list[int]:
        if self.process is None:
            return []
        if part == "supervisor":
            return [self.process.pid]
        below = processes.descendants(self.process.pid)
        return [pid for pid in below if processes.program(processes.command_line(pid)) == part]

    def left_processes(self) -> dict[int, str]:
        ours = processes.having(self.tag) | (set(processes.children(os.getpid())) - self.not_ours)
        if self.process:
            ours.discard(self.process.pid)
        for pid in ours:
            processes.reap(pid)
        return {pid: command for pid in ours if (command := processes.command_line(pid))}

    def log_end(self) -> str:
        return self.log.read_text(errors="replace")[-600:]

    def fault(self, promise: Promise, what: str, payload: bytes = b"") -> None:
        self.report.add_fault(self.folder.name, promise, what, payload)

    # Its rows and files

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with contextlib.closing(
            sqlite3.connect(f"file:{self.storage_root}/db.sqlite3", uri=True, timeout=60)
        ) as db:
            return db.execute(query, values).fetchall()

    def record_endings(self) -> None:
        with contextlib.closing(sqlite3.connect(f"{self.storage_root}/db.sqlite3", timeout=60)) as db:
            db.executescript(ENDINGS)

    def files(self) -> set[str]:
        return {
            str(path.relative_to(self.storage_root))
            for path in self.storage_root.rglob("*")
            if path.is_file()
        }

    # Its clients

    def ask_for(self, payload: bytes) -> Answer | None:
        """The answer to one whole request. None without one: the site may be dead at the moment."""
        exchanged = exchange(self.port, payload)
        return exchanged.answers[0] if exchanged.answers else None

    def ask(
        self, method: str, path: str, headers: Iterable[tuple[str, str]] = (), **options: Any
    ) -> Answer | None:
        """None without an answer: the site may be dead at the moment."""
        exchanged = exchange(self.port, request(method, path, headers), **options)
        return exchanged.answers[0] if exchanged.answers else None

    def send(self, case: Case, **options: Any) -> Answer | None:
        """As part of an attack: an answer that was not promised is a fault."""
        exchanged = exchange(self.port, case.payload, half_closing=not case.is_well_formed, **options)
        self.report.keep_max("slowest answer to an attack (s)", round(exchanged.seconds, 2))
        if wrong := complaint(case, exchanged):
            self.fault(
                Promise.SHAPE if "documented JSON" in wrong else Promise.NO_5XX,
                f"{case.kind}: {wrong}",
                case.payload,
            )
        return exchanged.answers[0] if exchanged.answers else None

    def generation_request(self, text: str, *clips: bytes, prefer: str = "respond-async") -> bytes:
        parts = [Part("text", text.encode()), *(Part("reference", clip, "clip.bin") for clip in clips)]
        return post_form(GENERATE, parts, [("Prefer", prefer)])

    def post(self, text: str, *clips: bytes, timeout_seconds: float = 60.0) -> str | None:
        """The id of an accepted generation; None when it was not, or nobody knows."""
        exchanged = exchange(
            self.port, self.generation_request(text, *clips), timeout_seconds=timeout_seconds
        )
        if exchanged.answers and exchanged.answers[0].status in (201, 202):
            try:
                return str(exchanged.answers[0].json()["id"])
            except ValueError:
                return None  # cut short by a kill
        return None

    def delete(self, generation: str) -> int:
        """The status; 0 without an answer."""
        answer = self.ask("DELETE", f"/api/v1/generations/{generation}")
        return answer.status if answer else 0

    def status_of(self, generation: str) -> str:
        answer = self.ask("GET", f"/api/v1/generations/{generation}")
        return str(answer.json()["status"]) if answer and answer.status == 200 else ""

    def wait_for(self, condition: Callable[[], Any], seconds: float, what: str) -> bool:
        give_up_at = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > give_up_at:
                self.fault(Promise.RECOVERY, f"after {seconds:.0f} s still not: {what}")
                return False
            time.sleep(0.2)
        return True

    def wait_for_ends(self, seconds: float) -> bool:
        active = "SELECT count(*) FROM cloning_generation WHERE status IN ('queued', 'running')"
        return self.wait_for(lambda: self.rows(active) == [(0,)], seconds, "all generations ended")

    def delete_everything(self) -> None:
        """Through the API, as a stranger would."""
        while (answer := self.ask("GET", "/api/v1/generations")) and (results := answer.json()["results"]):
            for result in random.sample(results, len(results)):
                if (status := self.delete(result["id"])) not in (204, 404):
                    self.fault(Promise.NO_5XX, f"DELETE answered {status}")
                    return
        while (answer := self.ask("GET", "/api/v1/voices")) and (results := answer.json()["results"]):
            for result in results:  # with espeak-ng there are no stock voices among them
                self.ask("DELETE", f"/api/v1/voices/{result['id']}")


@contextmanager
def attacked(folder: Path, report: Report, **options: Any) -> Iterator[Server]:
    """A running site; it has to stop when it is asked to."""
    server = Server(folder, report, **options)
    try:
        server.start()
        server.record_endings()
        yield server
        server.stop()
    finally:
        server.end()
