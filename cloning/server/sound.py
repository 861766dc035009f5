"""An answer that is the sound of a generation, sent while it is made."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpResponseBase

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.limits import Allowance, LimitError, find_allowances
from cloning.metrics import LISTENERS
from cloning.quantities import Quantity
from cloning.server.broadcasts import Key
from cloning.server.deferred import with_headers_of

MAX_LISTENERS = 500
"""Half of the connections that the server holds."""
LISTENING_RETRY_SECONDS = 15


@dataclass(frozen=True)
class Wrapping:
    """What the pieces of a sound are sent in, and what comes after the last."""

    content_type: str
    wrap: Callable[[bytes], bytes]
    ending: bytes


BARE = Wrapping("", bytes, b"")


class Places:
    """How many may listen, and to how much. For threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[Key] = Counter()
        self._listening: Counter[str] = Counter()  # by whose limit they count for

    def take(self, key: Key, allowances: Sequence[Allowance]) -> None:
        """Raises GenerationError (SERVER_BUSY, LIMIT_REACHED)."""
        with self._lock:
            for each in allowances:
                if self._listening[each.subject] >= each.most:
                    raise LimitError(
                        f"As many are listening as may: {each.most}. Stop one first.",
                        retry_after_seconds=LISTENING_RETRY_SECONDS,
                    )
            is_too_much = key not in self._taken and len(self._taken) >= settings.MAX_STREAMS
            if is_too_much or self._taken.total() >= MAX_LISTENERS:
                raise GenerationError(ErrorCode.SERVER_BUSY, "Too many are listening already.")
            self._taken[key] += 1
            self._listening.update(each.subject for each in allowances)
            LISTENERS.set(self._taken.total())

    def give_back(self, key: Key, allowances: Sequence[Allowance]) -> None:
        with self._lock:
            self._listening.subtract(each.subject for each in allowances)
            self._listening = +self._listening  # without those that have none any more
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]
            LISTENERS.set(self._taken.total())


class SoundResponse(HttpResponseBase):
    """What a view returns for a listener: no thread is held, and the headers go out with the first sound.

    Where there will be none, `refuse` answers instead, in a thread. `leave` is called when the client has left before
    the end, in a thread. `wrapping` is for who does not want the bytes as they are. Raises GenerationError
    (SERVER_BUSY, LIMIT_REACHED). Has to be closed.
    """

    streaming = True

    def __init__(
        self,
        places: Places,
        key: Key,
        *,
        refuse: Callable[[GenerationError], HttpResponseBase],
        leave: Callable[[], object] | None = None,
        wrapping: Wrapping | None = None,
    ) -> None:
        super().__init__(content_type=wrapping.content_type if wrapping else key[1].content_type)
        self.key, self.wrapping = key, wrapping or BARE
        self.has_left = True  # until the server finds that it has not
        self._places, self._refuse, self._leave = places, refuse, leave
        self._has_place = False
        self._allowances = list(find_allowances(Quantity.LISTENERS))
        places.take(key, self._allowances)
        self._has_place = True

    def refusal(self, error: GenerationError) -> HttpResponseBase:
        return with_headers_of(self, self._refuse(error))

    def give_back_place(self) -> None:
        if self._has_place:
            self._has_place = False
            self._places.give_back(self.key, self._allowances)

    def __del__(self) -> None:
        self.give_back_place()  # a middleware that fails drops the response, and nobody closes it

    def close(self) -> None:
        self.give_back_place()
        if self.has_left and self._leave and not self.closed:
            self._leave()
        super().close()


def places_of(request: Any) -> Places | None:
    """None for a request that did not come through `handler.Handler`, which alone sends a SoundResponse."""
    return getattr(request, "places", None)
