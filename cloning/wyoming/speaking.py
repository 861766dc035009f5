"""A text on its way to a listener: queued as every generation is, heard as every stream is."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from django.db import DatabaseError

from cloning.errors import GenerationError
from cloning.formats import StreamFormat
from cloning.forms import GenerationForm, form_errors
from cloning.jobs import state
from cloning.jobs.acting import Actor, acting
from cloning.jobs.limits import count_request, find_allowances
from cloning.jobs.notifications import Arrivals
from cloning.jobs.stream import find_source
from cloning.jobs.submission import submit
from cloning.models import Channel, Generation
from cloning.quantities import Quantity
from cloning.server.broadcasts import Broadcasts
from cloning.server.sound import Place, Places
from cloning.server.threads import in_thread
from cloning.wyoming.voices import Choice, find_speaker

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sound:
    """16-bit, little-endian, mono."""

    sample_rate_hz: int
    pieces: AsyncIterator[bytes]


@dataclass(frozen=True)
class Queued:
    generation: Generation
    place: Place


class Speech:
    """What all connections of a process share."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._broadcasts = Broadcasts(arrivals)
        self._places = Places()

    @asynccontextmanager
    async def speak(self, text: str, choice: Choice, seed: int, address: str) -> AsyncIterator[Sound]:
        """From the first sound on. Left before the end, nobody hears the rest: it is cancelled.

        Raises GenerationError, also while the pieces come, and OSError and DatabaseError.
        """
        queuing = asyncio.create_task(in_thread(self._queue, text, choice, seed, address))
        is_heard = False
        try:
            queued = await asyncio.shield(queuing)
            async with self._broadcasts.listen(queued.place.key) as listener:
                await listener.wait_for_sound()
                source = await in_thread(find_source, queued.generation.pk)
                assert source  # there is sound
                yield Sound(source.sample_rate_hz, listener.pieces())
            is_heard = True
        finally:
            await self._end(queuing, is_heard=is_heard)

    async def _end(self, queuing: "asyncio.Task[Queued]", *, is_heard: bool) -> None:
        """Also of what is queued while its listener leaves: the thread goes on."""
        await asyncio.wait({queuing})
        if queuing.exception() is None:
            queued = queuing.result()
            if not is_heard:
                await in_thread(cancel, queued.generation)
            await in_thread(self._places.give_back, queued.place)

    def stop(self) -> None:
        """Breaks all of it off: the process is about to end."""
        self._broadcasts.stop()

    def _queue(self, text: str, choice: Choice, seed: int, address: str) -> Queued:
        user = find_speaker()
        with acting(Actor(user, None, address)):
            count_request()
            fields = {"voice": choice.voice, "language": choice.language, "seed": seed}
            form = GenerationForm({**fields, "text": text, "stream": "true", "format": "pcm"}, user=user)
            if not form.is_valid():
                error = form_errors(form)[0]
                raise GenerationError(error.code, error.message, field=error.field)
            generation = form.build_generation(Channel.API)
            generation.awaited_until = state.awaited_from_now()
            key = (generation.pk, StreamFormat.PCM)
            place = self._places.take(key, list(find_allowances(Quantity.LISTENERS)))
            try:
                submit(generation, form.uploads, form.roles)
            except BaseException:
                self._places.give_back(place)
                raise
            return Queued(generation, place)


def cancel(generation: Generation) -> None:
    try:
        state.cancel(generation)
    except (DatabaseError, Generation.DoesNotExist) as error:
        logger.warning("%s, whose listener left, was not cancelled: %s", generation.pk, error)
