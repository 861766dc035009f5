from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cloning.engines.base import EngineError
from cloning.jobs.worker import WorkerLoop


class Command(BaseCommand):
    help = "Works off queued generations until SIGTERM or Ctrl-C. `serve` starts one."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            WorkerLoop().run()
        except EngineError as error:
            raise CommandError(str(error)) from error
