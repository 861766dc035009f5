import time
from collections.abc import Callable
from typing import Any


def wait_until(condition: Callable[[], Any]) -> Any:
    """The first true answer of `condition`; five minutes are for machines under heavy load."""
    give_up_at = time.monotonic() + 300
    while not (answer := condition()):
        assert time.monotonic() < give_up_at, "not in time"
        time.sleep(0.02)
    return answer
