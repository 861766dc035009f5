from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from prometheus_client import start_http_server

from cloning.engines.base import EngineError
from cloning.jobs.worker import WorkerLoop


class Command(BaseCommand):
    help = "Works off queued generations until SIGTERM or Ctrl-C. `serve` starts one."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.WORKER_METRICS_PORT:
            try:
                start_http_server(settings.WORKER_METRICS_PORT, addr=settings.HOST)
            except OSError as error:
                raise CommandError(
                    f"Port {settings.WORKER_METRICS_PORT}, WORKER_METRICS_PORT, can't be used: {error.strerror}."
                ) from error
        try:
            WorkerLoop().run()
        except EngineError as error:
            raise CommandError(str(error)) from error
