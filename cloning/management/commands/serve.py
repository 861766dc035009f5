"""The one process that `make run` starts: prepares everything, then keeps a web server and a worker running."""

import contextlib
import ctypes
import logging
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from cloning import audio
from cloning.engines import LABELS, engine_name
from cloning.errors import GenerationError
from cloning.management.commands.healthcheck import address
from cloning.models import Worker
from cloning.storage.local import check_storage
from cloning.storage.temporary import delete_abandoned_folders

logger = logging.getLogger(__name__)

QUICK_DEATH_SECONDS = 10.0
MAX_QUICK_DEATHS = 5
LONGEST_PAUSE_SECONDS = 30.0
STOP_SECONDS = 15.0  # for the request or the segment in hand; then SIGKILL, and leases take care of the rest
POLL_SECONDS = 0.2
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Linux: the child gets SIGTERM even when the supervisor is killed. Elsewhere nothing of the kind exists."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """A process that is started again when it ends, after a pause that doubles with each quick death in a row."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = field(default_factory=time.monotonic)
    quick_deaths: int = 0

    def start(self) -> None:
        # A session of its own: Ctrl-C reaches the supervisor alone, which then stops its children in order.
        self.process = subprocess.Popen(self.command, start_new_session=True, preexec_fn=die_with_parent)
        self.started_at = time.monotonic()

    def look_after(self) -> None:
        """Starts the process when it is due. Raises CommandError after the fifth quick death in a row."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_at:
                self.start()
            return
        exit_code = self.process.poll()
        if exit_code is None:
            if now - self.started_at > QUICK_DEATH_SECONDS:
                self.quick_deaths = 0
            return
        self.quick_deaths = self.quick_deaths + 1 if now - self.started_at <= QUICK_DEATH_SECONDS else 0
        if self.quick_deaths >= MAX_QUICK_DEATHS:
            raise CommandError(
                f"The {self.name} ended {MAX_QUICK_DEATHS} times within {QUICK_DEATH_SECONDS:.0f} seconds of its "
                f"start, last with exit code {exit_code}. Its own message is above."
            )
        pause_seconds = min(LONGEST_PAUSE_SECONDS, 2.0**self.quick_deaths - 1)
        logger.warning(
            "The %s ended with exit code %s; starting it again in %.0f s", self.name, exit_code, pause_seconds
        )
        self.process, self.start_at = None, now + pause_seconds

    def ask_to_stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()

    def wait(self, until: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            logger.warning("The %s did not stop in %.0f s and was killed", self.name, STOP_SECONDS)
            self.process.kill()
            self.process.wait()


class Command(BaseCommand):
    help = (
        "Prepares database and static files, then runs the web server and one worker until Ctrl-C or SIGTERM."
    )

    stopping = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--only",
            choices=["web"],
            help="start no worker: one runs elsewhere, on the same database and files",
        )

    def handle(self, *args: Any, only: str | None, **options: Any) -> None:
        prepare()
        children = [Child("web server", gunicorn_command())]
        if only != "web":
            children.insert(0, Child("worker", [sys.executable, "manage.py", "worker"]))
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signal_number, self.stop)
        try:
            self.supervise(children)
        finally:
            for child in children:
                child.ask_to_stop()
            stop_by = time.monotonic() + STOP_SECONDS
            for child in children:
                child.wait(stop_by)
        self.stdout.write("Stopped.")

    def stop(self, _signal_number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def supervise(self, children: list[Child]) -> None:
        announced = False
        while not self.stopping:
            for child in children:
                child.look_after()
            if not announced and is_healthy():
                self.stdout.write(
                    f"Ready: http://{address()}:{settings.PORT}  (engine: {LABELS[engine_name()]}; Ctrl-C stops)"
                )
                announced = True
            time.sleep(POLL_SECONDS)


def prepare() -> None:
    """Everything that can be known to be wrong before a process is started, said in a sentence."""
    try:
        audio.find_ffmpeg()
    except GenerationError as error:
        raise CommandError(str(error)) from error
    if shutil.disk_usage(settings.STORAGE_ROOT).free < 512 * 1024**2:
        logger.warning("Less than 512 MB are free where STORAGE_ROOT is.")
    delete_abandoned_folders()
    try:
        check_storage()
    except OSError as error:
        raise CommandError(f"Files can't be kept. {error}") from error
    with socket.socket(socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.HOST, settings.PORT))
        except OSError as error:
            raise CommandError(
                f"Port {settings.PORT} of {settings.HOST} can't be used ({error.strerror}). Try: PORT=8001 make run"
            ) from error
    call_command("migrate", interactive=False, verbosity=0)
    if not settings.DEBUG:
        call_command("collectstatic", interactive=False, verbosity=0)


def gunicorn_command() -> list[str]:
    host = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
    return [
        sys.executable, "-m", "gunicorn", "voiceclone_site.wsgi",
        "--bind", f"{host}:{settings.PORT}",
        "--worker-class", "gthread", "--threads", str(settings.WEB_THREADS),
        "--timeout", "60", "--graceful-timeout", str(int(STOP_SECONDS - 5)),
        "--log-level", "warning", "--no-control-socket",
    ]  # fmt: skip


def is_healthy() -> bool:
    if not Worker.alive().exists():  # asked before it can be true, /health would log an error
        return False
    request = urllib.request.Request(
        f"http://{address()}:{settings.PORT}/api/v1/health",
        headers={"X-Forwarded-Proto": "https"} if settings.BASE_URL.startswith("https://") else {},
    )
    try:
        with urllib.request.urlopen(request, timeout=2) as response:  # noqa: S310
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False
