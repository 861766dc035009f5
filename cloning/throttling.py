"""How often something may happen."""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable

MAX_KEYS = 10_000


class Throttle:
    """For each key some times at once, then once every so many seconds (the generic cell rate algorithm).

    In memory: what a stranger does often reaches no database, and a restart forgets it. Of more than `MAX_KEYS` keys,
    those that were quiet longest are forgotten.
    """

    def __init__(self, burst: int, interval_seconds: float) -> None:
        self._interval = interval_seconds
        self._tolerance = (burst - 1) * interval_seconds
        self._due: OrderedDict[Hashable, float] = OrderedDict()  # when a key is as one never seen
        self._lock = threading.Lock()

    def take(self, key: Hashable) -> float:
        """0 when it may happen now, which counts; else in how many seconds it may, which does not count."""
        with self._lock:
            now = time.monotonic()
            due = max(now, self._due.get(key, now))
            if (wait_seconds := due - self._tolerance - now) > 0:
                return wait_seconds
            self._due[key] = due + self._interval
            self._due.move_to_end(key)
            if len(self._due) > MAX_KEYS:
                self._due.popitem(last=False)
            return 0.0

    def give_back(self, key: Hashable) -> None:
        """What was taken once does not count."""
        with self._lock:
            if key in self._due:
                self._due[key] -= self._interval
