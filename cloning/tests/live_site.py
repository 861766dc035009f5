"""A real `manage.py serve`, web server and worker, for tests that need the whole site."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
START_SECONDS = 180.0  # both for a machine under heavy load
STOP_SECONDS = 60.0


@dataclass(frozen=True)
class LiveSite:
    url: str  # without a slash at the end
    storage_root: Path
    process: subprocess.Popen[bytes]  # the supervisor; web server and worker are its children
    log: Path  # what all three of them print

    def post(self, text: str, reference: bytes) -> dict[str, Any]:
        """Asks for a generation through the API without waiting for it."""
        boundary = "test-boundary"
        body = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="text"\r\n\r\n{text}\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="reference"; filename="a.flac"\r\n\r\n'
        ).encode() + reference
        request = urllib.request.Request(
            f"{self.url}/api/v1/voice-clone/generate",
            data=body + f"\r\n--{boundary}--\r\n".encode(),
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}", "Prefer": "respond-async"},
        )
        with urllib.request.urlopen(request) as response:
            assert response.status == 202
            return json.load(response)

    def get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(self.url + path) as response:
            return json.load(response)


@contextmanager
def serving(folder: Path, *, tracer: Sequence[str] = (), **environment: str) -> Iterator[LiveSite]:
    """Serves from `folder` on a free port until the context ends; SIGTERM has to end it with exit code 0."""
    with running("serve", folder=folder, tracer=tracer, **environment) as site:
        wait_until_ready(site.process, site.log)
        yield site


@contextmanager
def running(
    *command: str, folder: Path, tracer: Sequence[str] = (), **environment: str
) -> Iterator[LiveSite]:
    """Any command of manage.py that runs until it gets SIGTERM, which has to end it with exit code 0.

    `tracer` is a command that runs it as a process of its own number, such as `strace --daemonize`.
    """
    port = environment.get("PORT") or free_port()
    storage_root, log = folder / "storage", folder / f"{command[0]}.log"
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONUNBUFFERED": "1",
        "STORAGE_ROOT": str(storage_root),
        "MODEL_CACHE": str(folder / "model_cache"),
        "STATIC_ROOT": str(folder / "static"),
        "DATABASE_URL": f"sqlite:///{storage_root}/db.sqlite3",
        "ENGINE": "preview",
        "PREVIEW_VOICE": "espeak",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "BASE_URL": "",
        **environment,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*tracer, sys.executable, "manage.py", *command],
            cwd=PROJECT,
            env=variables,
            stdout=output,
            stderr=output,
        )
    try:
        yield LiveSite(f"http://localhost:{port}", storage_root, process, log)
        if process.returncode != -signal.SIGKILL:  # which the test then sent, and waited for
            process.send_signal(signal.SIGTERM)
            assert process.wait(STOP_SECONDS) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


MAKE_KEY = """
from django.contrib.auth.models import User
from cloning.jobs import keys
from cloning.models import Scope
print(keys.make(User.objects.create_user("ann"), "Programs", list(Scope))[1])
"""


def make_key(site: LiveSite) -> str:
    """Of Ann, who may do everything; on a site with accounts."""
    variables = {"STORAGE_ROOT": str(site.storage_root), "DATABASE_URL": "", "REQUIRE_LOGIN": "true"}
    command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", MAKE_KEY]
    made = subprocess.run(
        command, cwd=PROJECT, env=os.environ | variables, capture_output=True, text=True, check=True
    )
    return made.stdout.strip().splitlines()[-1]


def wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while "Ready:" not in log.read_text():
        assert process.poll() is None, f"`serve` ended by itself:\n{log.read_text()}"
        assert time.monotonic() < give_up_at, f"`serve` did not get ready:\n{log.read_text()}"
        time.sleep(0.1)


def wait_until_listening(site: LiveSite) -> None:
    """For a site without a worker, which never says that it is ready."""
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(site.url + "/api/v1/languages").close()
            return
        except OSError:
            assert site.process.poll() is None, f"`serve` ended by itself:\n{site.log.read_text()}"
            assert time.monotonic() < give_up_at, f"nobody listens:\n{site.log.read_text()}"
            time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def live_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with serving(tmp_path_factory.mktemp("site")) as site:
        yield site
