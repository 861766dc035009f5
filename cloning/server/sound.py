"""An answer that is the sound of a generation, sent while it is made."""

import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections
from django.http import HttpResponseBase

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import listening
from cloning.jobs.limits import Allowance, find_allowances
from cloning.metrics import LISTENERS
from cloning.quantities import Quantity
from cloning.server.broadcasts import Key
from cloning.server.deferred import with_headers_of

logger = logging.getLogger(__name__)

MAX_LISTENERS = 500
"""Half of the connections that the server holds."""


@dataclass(frozen=True)
class Wrapping:
    """What the pieces of a sound are sent in, and what comes after the last."""

    content_type: str
    wrap: Callable[[bytes], bytes]
    ending: bytes


BARE = Wrapping("", bytes, b"")


@dataclass(frozen=True)
class Place:
    key: Key
    hold: uuid.UUID | None  # in the limits that the listener counts for, if there are any


class Places:
    """How many may listen: what this process bears, and what limits say for all of them. For threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: Counter[Key] = Counter()
        self._holds: set[uuid.UUID] = set()
        self._renewing: threading.Thread | None = None

    def take(self, key: Key, allowances: Sequence[Allowance]) -> Place:
        """Raises GenerationError (SERVER_BUSY, LIMIT_REACHED) and DatabaseError."""
        with self._lock:
            is_too_much = key not in self._taken and len(self._taken) >= settings.MAX_STREAMS
            if is_too_much or self._taken.total() >= MAX_LISTENERS:
                raise GenerationError(ErrorCode.SERVER_BUSY, "Too many are listening already.")
            self._taken[key] += 1
            LISTENERS.set(self._taken.total())
        try:
            hold = listening.take(allowances) if allowances else None
        except BaseException:
            self.forget(Place(key, None))
            raise
        if hold:
            self._keep(hold)
        return Place(key, hold)

    def give_back(self, place: Place) -> None:
        self.forget(place)
        if place.hold:
            try:
                listening.give_back(place.hold)
            except DatabaseError as error:
                logger.warning("A listener's place is free only when its lease has run out: %s", error)

    def forget(self, place: Place) -> None:
        """Without the database, where leases run out."""
        with self._lock:
            self._taken[place.key] -= 1
            if not self._taken[place.key]:
                del self._taken[place.key]
            if place.hold:
                self._holds.discard(place.hold)
            LISTENERS.set(self._taken.total())

    def _keep(self, hold: uuid.UUID) -> None:
        with self._lock:
            self._holds.add(hold)
            if self._renewing is None:
                self._renewing = threading.Thread(target=self._renew, name="listeners", daemon=True)
                self._renewing.start()

    def _renew(self) -> None:
        """As long as somebody listens who has a limit."""
        while True:
            time.sleep(listening.RENEW_SECONDS)
            with self._lock:
                holds = list(self._holds)
                if not holds:
                    self._renewing = None
                    return
            try:
                listening.renew(holds)
            except DatabaseError as error:
                logger.warning("The leases of %d listeners are not renewed: %s", len(holds), error)
            finally:
                connections.close_all()


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
        self._place: Place | None = None
        self._place = places.take(key, list(find_allowances(Quantity.LISTENERS)))

    def refusal(self, error: GenerationError) -> HttpResponseBase:
        return with_headers_of(self, self._refuse(error))

    def give_back_place(self) -> None:
        place, self._place = self._place, None
        if place:
            self._places.give_back(place)

    def __del__(self) -> None:
        if self._place:  # a middleware that fails drops the response, and nobody closes it
            self._places.forget(self._place)

    def close(self) -> None:
        """In a thread."""
        self.give_back_place()
        if self.has_left and self._leave and not self.closed:
            self._leave()
        super().close()


def places_of(request: Any) -> Places | None:
    """None for a request that did not come through `handler.Handler`, which alone sends a SoundResponse."""
    return getattr(request, "places", None)
