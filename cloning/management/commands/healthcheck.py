"""Whether one part of the site is well, as an exit code: what the containers' health checks ask."""

import json
import socket
import urllib.error
import urllib.request
from argparse import ArgumentParser
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from wyoming.event import read_event, write_event
from wyoming.info import Describe, Info

from cloning.models import Worker
from cloning.wyoming import USUAL_PORT

TIMEOUT_SECONDS = 5.0


class Command(BaseCommand):
    help = "Ends with 0 when the web server, or this machine's worker, does its work; else says why not."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("part", choices=["web", "worker", "wyoming"])

    def handle(self, *args: Any, part: str, **options: Any) -> None:
        {"web": check_web, "worker": check_worker, "wyoming": check_wyoming}[part]()


def check_web() -> None:
    """A missing worker is not the web server's fault, and it may be waiting for this very check."""
    url = f"http://{address(settings.HOST)}:{settings.PORT}/api/v1/health"
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS):
            return
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise CommandError(f"The web server answers {error.code}.") from error
        checks = json.load(error)["checks"]
    except OSError as error:
        raise CommandError(f"The web server does not answer: {error}") from error
    if failing := [name for name, result in checks.items() if result != "ok" and name != "worker"]:
        raise CommandError(f"Failing: {', '.join(failing)}.")


def address(host: str) -> str:
    """Where this machine reaches its own server; 0.0.0.0 is no address to go to."""
    return "localhost" if host in ("127.0.0.1", "0.0.0.0", "::", "::1") else host  # noqa: S104


def check_wyoming() -> None:
    reached = address(settings.WYOMING_HOST), settings.WYOMING_PORT or USUAL_PORT
    try:
        with (
            socket.create_connection(reached, TIMEOUT_SECONDS) as connection,
            connection.makefile("rwb") as file,
        ):
            stream = cast(BinaryIO, file)
            write_event(Describe().event(), stream)
            answer = read_event(stream)
    except OSError as error:
        raise CommandError(f"The Wyoming server does not answer: {error}") from error
    if answer is None or not Info.is_type(answer.type):
        raise CommandError("The Wyoming server does not say what there is.")


def check_worker() -> None:
    if not Worker.alive().filter(host=socket.gethostname()).exists():
        raise CommandError(f"No worker of {socket.gethostname()} was seen lately.")
