"""A site of several web servers and workers whose engine only waits, for benchmarks over HTTP."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.site import PROJECT, START_SECONDS, STOP_SECONDS, find_free_port, list_processes

BOUNDARY = "benchmark-boundary"
TEXT = "Good morning, and thank you for waiting."
VOICE = "stock:nobody"


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    retry_after_seconds: float


@dataclass(frozen=True)
class WaitingSite:
    urls: list[str]
    webs: list[subprocess.Popen[bytes]]
    workers: list[subprocess.Popen[bytes]]

    def read_memory_mb(self) -> dict[str, float]:
        """Resident now, by process."""
        found = {f"worker {n}": read_resident_mb(worker.pid) for n, worker in enumerate(self.workers, 1)}
        for number, web in enumerate(self.webs, 1):
            serving = [each for each in list_processes(web.pid) if "gunicorn" in each]
            found[f"web {number}"] = max(read_resident_mb(int(each.split()[0])) for each in serving)
        return found


def read_resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@contextmanager
def serving(folder: Path, webs: int, workers: int, **environment: str) -> Iterator[WaitingSite]:
    """Until the context ends. Database and storage are those of the environment."""
    with ExitStack() as stack:
        urls, web_processes, worker_processes = [], [], []
        for number in range(webs):
            port = find_free_port()
            config = {
                "PORT": str(port),
                "STATIC_ROOT": str(folder / f"static{number}"),
                "GUNICORN_CMD_ARGS": "--config python:benchmarks.waiting_gunicorn",
            }
            process = stack.enter_context(
                running(folder, f"web{number}", "serve", "--only", "web", **environment, **config)
            )
            urls.append(f"http://127.0.0.1:{port}")
            web_processes.append(process)
            wait_until_listening(urls[-1], process, folder / f"web{number}.log")
        for number in range(workers):
            worker_processes.append(
                stack.enter_context(running(folder, f"worker{number}", "worker", **environment))
            )
        yield WaitingSite(urls, web_processes, worker_processes)


@contextmanager
def running(
    folder: Path, name: str, *arguments: str, prefix: Sequence[str] = (), **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A command of `manage.py` with the engine that waits, until the context ends. `prefix` is what runs it."""
    command = [*prefix, sys.executable, "-m", "benchmarks.shifted_clock", *arguments]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


def wait_until_listening(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            if ask(url, "/api/v1/health/live").status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("The web server did not start:\n" + log.read_text()[-2000:])


def generate(url: str, headers: dict[str, str], text: str = TEXT) -> Answer:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("text", text), ("voice", VOICE))
    ]
    body = f"{''.join(parts)}--{BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return ask(url, "/api/v1/voice-clone/generate", body, {"Content-Type": kind, **headers})


def ask(url: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
    request = urllib.request.Request(url + path, body, headers or {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=300) as response:  # noqa: S310
            return read(response.status, response)
    except urllib.error.HTTPError as error:
        with error:
            return read(error.code, error)


def read(status: int, response: Any) -> Answer:
    text = response.read()
    is_json = "json" in response.headers.get("Content-Type", "")
    return Answer(
        status, json.loads(text) if is_json else text, float(response.headers.get("Retry-After", 1))
    )
