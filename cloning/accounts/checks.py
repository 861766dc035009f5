"""How often somebody may have a clip checked."""

import math

from django.http import HttpRequest

from cloning.accounts.addresses import client_address
from cloning.errors import ErrorCode, GenerationError
from cloning.throttling import Throttle

BURST, INTERVAL_SECONDS = 30, 2.0
checks = Throttle(BURST, INTERVAL_SECONDS)


def require_patience(request: HttpRequest) -> None:
    """Raises GenerationError (TOO_OFTEN)."""
    if wait_seconds := checks.take(client_address(request)):
        seconds = math.ceil(wait_seconds)
        raise GenerationError(ErrorCode.TOO_OFTEN, f"Too many clips at once. Try again in {seconds} s.")
