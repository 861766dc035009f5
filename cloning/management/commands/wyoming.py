"""The voices for Home Assistant, by the Wyoming protocol. `serve` starts it where WYOMING_PORT is set."""

import asyncio
import logging
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cloning.errors import GenerationError
from cloning.wyoming import USUAL_PORT
from cloning.wyoming.server import serve
from cloning.wyoming.voices import find_speaker

logger = logging.getLogger(__name__)


def check_settings() -> None:
    """Raises CommandError."""
    if settings.REQUIRE_LOGIN and not settings.WYOMING_USER:
        raise CommandError(
            "With REQUIRE_LOGIN, WYOMING_USER has to name the account in whose name Home Assistant speaks."
        )


class Command(BaseCommand):
    help = (
        "Speaks for Home Assistant, by the Wyoming protocol, until SIGTERM or Ctrl-C. "
        "Whoever reaches the port may have it speak."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        check_settings()
        try:
            find_speaker()
        except GenerationError as error:
            logger.warning("%s Nothing is spoken until there is.", error)  # an end would take `serve` along
        host, port = settings.WYOMING_HOST, settings.WYOMING_PORT or USUAL_PORT
        try:
            asyncio.run(serve(host, port, self.tell))
        except OSError as error:
            raise CommandError(
                f"Port {port} of {host}, WYOMING_PORT, can't be used: {error.strerror}."
            ) from error

    def tell(self, port: int) -> None:
        self.stdout.write(f"Wyoming: tcp://{settings.WYOMING_HOST}:{port}")
