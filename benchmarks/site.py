"""A real site, web server and worker, for benchmarks over HTTP."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
CLIP = PROJECT / "cloning" / "tests" / "data" / "1688-142285-0007.flac"
START_SECONDS = 120.0
STOP_SECONDS = 30.0
BOUNDARY = "benchmark-boundary"


@dataclass(frozen=True)
class Site:
    port: int
    supervisor: subprocess.Popen[bytes]
    folder: Path

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)

    def get(self, path: str) -> dict[str, Any]:
        connection = self.connect()
        connection.request("GET", path)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def submit(self, text: str, **fields: str) -> dict[str, Any]:
        """A generation in the voice of CLIP, not waited for."""
        connection = self.connect()
        self.request(connection, text, {"Prefer": "respond-async"}, **fields)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def request(
        self, connection: http.client.HTTPConnection, text: str, headers: dict[str, str], **fields: str
    ) -> None:
        body = encode_form({"text": text, **fields})
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **headers}
        connection.request("POST", "/api/v1/voice-clone/generate", body, headers)

    def wait_for(self, generation: dict[str, Any], pause_seconds: float = 0.1) -> dict[str, Any]:
        while generation["status"] in ("queued", "running"):
            time.sleep(pause_seconds)
            generation = self.get(generation["status_url"])
        return generation

    def peak_megabytes(self) -> dict[str, float]:
        """The most memory that web server and worker have had, by what they are."""
        peaks: dict[str, float] = {}
        for line in list_processes(self.supervisor.pid):
            pid, _, command = line.strip().partition(" ")
            kind = "worker" if "manage.py worker" in command else "web" if "gunicorn" in command else ""
            if kind:
                peaks[kind] = max(peaks.get(kind, 0.0), read_peak(int(pid)))
        return peaks


def encode_form(fields: dict[str, str]) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="reference"; filename="a.flac"\r\n\r\n'
    return b"".join(parts) + head.encode() + CLIP.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()


def list_processes(supervisor_pid: int) -> list[str]:
    """Process ids and commands of the supervisor's children, and of theirs."""
    listing = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in listing.splitlines()]
    children = {pid for pid, parent, _ in rows if int(parent) == supervisor_pid}
    return [f"{pid} {command}" for pid, parent, command in rows if pid in children or parent in children]


def read_peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Site]:
    """A site with its storage in `folder`, until the context ends."""
    port = find_free_port()
    settings = {
        "STORAGE_ROOT": str(folder / "storage"),
        "MODEL_CACHE": str(folder / "models"),
        "STATIC_ROOT": str(folder / "static"),
        "PORT": str(port),
        "MAX_QUEUED": "1000",
        **environment,
    }
    command = [sys.executable, "manage.py", "serve"]
    with (folder / "log").open("wb") as log:
        supervisor = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, **settings},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    site = Site(port, supervisor, folder)
    try:
        wait_until_ready(site)
        yield site
    finally:
        supervisor.send_signal(signal.SIGTERM)
        supervisor.wait(STOP_SECONDS)


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(site: Site) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up_at:
        if site.supervisor.poll() is not None:
            break
        try:
            if site.get("/api/v1/health")["status"] == "ok":
                return
        except (OSError, ValueError):
            pass
        time.sleep(0.2)
    raise SystemExit("The site did not start:\n" + (site.folder / "log").read_text()[-2000:])
