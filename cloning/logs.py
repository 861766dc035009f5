"""What a line of the log says besides its message, and how many lines strangers can cause."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from cloning.throttling import Throttle

NOTHING: dict[str, str] = {}
_about: ContextVar[dict[str, str]] = ContextVar("about", default=NOTHING)


@contextmanager
def about(**names: str) -> Iterator[None]:
    """Until the context ends, what this thread logs says as JSON what it is about: `request_id`, `generation_id`."""
    token = _about.set({**_about.get(), **names})
    try:
        yield
    finally:
        _about.reset(token)


def read_about(name: str) -> str:
    """What this thread's lines say of it; empty where nothing is known."""
    return _about.get().get(name, "")


class About(logging.Filter):
    """Adds to each record of this thread what it is about."""

    def filter(self, record: logging.LogRecord) -> bool:
        for name, value in _about.get().items():
            setattr(record, name, value)
        return True


KEY = re.compile(r"\b(vc_[A-Za-z0-9_-]{8})[A-Za-z0-9_-]{12,}")
"""As `cloning.models.api_key` makes them; how one begins is no secret."""


class WithoutKeys(logging.Filter):
    """Cuts keys short that stand in a message: in an address that somebody has mistyped, say."""

    def filter(self, record: logging.LogRecord) -> bool:
        if "vc_" in (message := record.getMessage()):
            record.msg, record.args = KEY.sub(r"\1…", message), ()
        return True


BURST = 30
INTERVAL_SECONDS = 10.0
MAX_CHARS = 300


class Brief(logging.Filter):
    """Shortens what the sender of a request is to blame for, and drops it when it comes too often.

    Stack traces stay with what may be an error of the program.
    """

    def __init__(self) -> None:
        super().__init__()
        self._throttle = Throttle(BURST, INTERVAL_SECONDS)
        self._dropped: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not is_senders_doing(record):
            return True
        if self._throttle.take(record.name):
            self._dropped[record.name] = self._dropped.get(record.name, 0) + 1
            return False
        message = record.getMessage()
        if getattr(record, "status_code", 0) == 503 and record.exc_info:
            message += f" ({record.exc_info[1]})"
        message = message[:MAX_CHARS] + ("…" if len(message) > MAX_CHARS else "")
        if dropped := self._dropped.pop(record.name, 0):
            message += f" ({dropped} more were not logged)"
        record.msg, record.args, record.exc_info, record.exc_text = message, (), None, None
        return True


def is_senders_doing(record: logging.LogRecord) -> bool:
    """Refused hosts, failed sign-ins, answers of 4xx, and 503, which says that nothing is wrong with the program."""
    if record.name.startswith(("django.security", "cloning.accounts")):
        return True
    status: int = getattr(record, "status_code", 0)
    return status == 503 or 400 <= status < 500
