"""An answer that is the sound of a generation, sent while it is made."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpResponseBase

from cloning.errors import ErrorCode, GenerationError
from cloning.metrics import LISTENERS
from cloning.server.broadcasts import Key
from cloning.server.deferred import with_headers_of

MAX_LISTENERS = 500
"""Half of the connections that the server holds."""


class Places:
    """How many may listen, and to how much. For threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[Key] = Counter()

    def take(self, key: Key) -> None:
        """Raises GenerationError (SERVER_BUSY)."""
        with self._lock:
            is_too_much = key not in self._taken and len(self._taken) >= settings.MAX_STREAMS
            if is_too_much or self._taken.total() >= MAX_LISTENERS:
                raise GenerationError(ErrorCode.SERVER_BUSY, "Too many are listening already.")
            self._taken[key] += 1
            LISTENERS.set(self._taken.total())

    def give_back(self, key: Key) -> None:
        with self._lock:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]
            LISTENERS.set(self._taken.total())


class SoundResponse(HttpResponseBase):
    """What a view returns for a listener: no thread is held, and the headers go out with the first sound.

    Where there will be none, `refuse` answers instead, in a thread. `leave` is called when the client has left before
    the end, in a thread. Raises GenerationError (SERVER_BUSY). Has to be closed.
    """

    streaming = True

    def __init__(
        self,
        places: Places,
        key: Key,
        *,
        refuse: Callable[[GenerationError], HttpResponseBase],
        leave: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(content_type=key[1].content_type)
        self.key = key
        self.has_left = True  # until the server finds that it has not
        self._places, self._refuse, self._leave = places, refuse, leave
        self._has_place = False
        places.take(key)
        self._has_place = True

    def refusal(self, error: GenerationError) -> HttpResponseBase:
        return with_headers_of(self, self._refuse(error))

    def give_back_place(self) -> None:
        if self._has_place:
            self._has_place = False
            self._places.give_back(self.key)

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
