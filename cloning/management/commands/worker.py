import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from prometheus_client import start_http_server

from cloning.engines.base import EngineError
from cloning.jobs.scheduling import Kind
from cloning.jobs.signing import check_signing
from cloning.jobs.worker import WorkerLoop
from cloning.provenance import SigningError


class Command(BaseCommand):
    help = "Speaks what is queued until SIGTERM or Ctrl-C. `serve` starts one. With CELERY_BROKER_URL, Celery's worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--only",
            type=Kind,
            choices=list(Kind),
            help="interactive: what somebody waits for, on a page or at a stream; batch: the rest; both by default",
        )

    def handle(self, *args: Any, only: Kind | None, **options: Any) -> None:
        if settings.WORKER_METRICS_PORT:
            try:
                start_http_server(settings.WORKER_METRICS_PORT, addr=settings.HOST)
            except OSError as error:
                raise CommandError(
                    f"Port {settings.WORKER_METRICS_PORT}, WORKER_METRICS_PORT, can't be used: {error.strerror}."
                ) from error
        try:
            check_signing()
        except SigningError as error:
            raise CommandError(str(error)) from error
        kinds = frozenset([only] if only else Kind)
        if settings.CELERY_BROKER_URL:
            from cloning.jobs.fleet.worker import run

            sys.exit(run(kinds))
        try:
            WorkerLoop(kinds).run()
        except EngineError as error:
            raise CommandError(str(error)) from error
