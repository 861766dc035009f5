"""The one process that `make run` starts: prepares everything, then keeps a web server and a worker running."""

import errno
import logging
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from cloning import audio
from cloning.accounts.invitations import is_first_account_due
from cloning.engines import registry
from cloning.errors import GenerationError
from cloning.jobs.signing import check_signing
from cloning.management.commands import wyoming
from cloning.management.commands.healthcheck import address
from cloning.management.supervision import STOP_SECONDS, Child, WorkerWatch
from cloning.models import Worker
from cloning.storage.local import check_storage
from cloning.storage.space import keep_reserve, require_free_space
from cloning.storage.temporary import delete_abandoned_folders

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
PORT_SECONDS = STOP_SECONDS + 5  # a web server whose supervisor was killed stops by itself within


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
        if settings.REQUIRE_LOGIN and is_first_account_due():
            self.stdout.write("There is no account yet. Make the first: manage.py invite NAME --operator")
        children = [Child("web server", gunicorn_command())]
        if settings.WYOMING_PORT:
            children.append(Child("Wyoming server", [sys.executable, "manage.py", "wyoming"]))
        if only != "web":
            worker = Child("worker", [sys.executable, "manage.py", "worker"], WorkerWatch().is_frozen)
            children.insert(0, worker)
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
                url = f"http://{address(settings.HOST)}:{settings.PORT}"
                self.stdout.write(f"Ready: {url}  (engine: {registry.selected().label}; Ctrl-C stops)")
                announced = True
            time.sleep(POLL_SECONDS)


def prepare() -> None:
    """Everything that can be known to be wrong before a process is started, said in a sentence."""
    try:
        audio.find_ffmpeg()
        check_signing()
    except GenerationError as error:
        raise CommandError(str(error)) from error
    try:
        require_free_space()
    except GenerationError as error:
        logger.warning("%s Nothing new is taken until %d MB are free.", error, settings.MIN_FREE_MB)
    keep_reserve()
    try:
        delete_abandoned_folders()
        check_storage()
    except OSError as error:
        raise CommandError(f"Files can't be kept. {error}") from error
    wait_for_port(settings.HOST, settings.PORT, "Try: PORT=8001 make run")
    if settings.WYOMING_PORT:
        wyoming.check_settings()
        wait_for_port(settings.WYOMING_HOST, settings.WYOMING_PORT, "It is that of WYOMING_PORT.")
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        raise CommandError(f"The database can't be used. {error}") from error
    if not settings.DEBUG:
        call_command("collectstatic", interactive=False, verbosity=0)


def wait_for_port(host: str, port: int, advice: str) -> None:
    """Until the port is free. Raises CommandError where it can't be had, or is not given up in PORT_SECONDS."""
    give_up_at = time.monotonic() + PORT_SECONDS
    is_announced = False
    while (error := try_port(host, port)) is not None:
        if error.errno != errno.EADDRINUSE or time.monotonic() >= give_up_at:
            raise CommandError(f"Port {port} of {host} can't be used ({error.strerror}). {advice}") from error
        if not is_announced:
            logger.warning(
                "Port %d is in use: waiting for a server that stops, up to %.0f s",
                port,
                PORT_SECONDS,
            )
            is_announced = True
        time.sleep(POLL_SECONDS)


def try_port(host: str, port: int) -> OSError | None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def gunicorn_command() -> list[str]:
    host = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
    return [
        sys.executable, "-m", "gunicorn", "voiceclone_site.asgi",
        "--bind", f"{host}:{settings.PORT}",
        "--worker-class", "cloning.server.gunicorn_worker.Worker", "--asgi-lifespan", "off", "--asgi-loop", "asyncio",
        "--worker-connections", "1000", "--keep-alive", "15",
        "--limit-request-line", str(32 * 1024),  # a text may stand in it: /tts_stream
        "--forwarded-allow-ips", ",".join(map(str, settings.TRUSTED_PROXIES)),
        "--timeout", "60", "--graceful-timeout", str(int(STOP_SECONDS - 5)),
        "--log-level", "warning", "--no-control-socket",
    ]  # fmt: skip


def is_healthy() -> bool:
    try:
        if not Worker.alive().exists():  # asked before it can be true, /health would log an error
            return False
    except DatabaseError:
        return False
    url = f"http://{address(settings.HOST)}:{settings.PORT}/api/v1/health"
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
