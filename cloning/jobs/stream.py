"""Sound on its way from a worker to those who listen while it is spoken.

Whole sentences are takes, in the storage. Of the one sentence that is being spoken, and that somebody waits for, the
worker writes the sound as rows, piece by piece (`docs/adr/` says why): they reach another machine as well as another
process. They go when the take is stored.
"""

from contextlib import suppress
from types import TracebackType

import numpy as np
from django.db import IntegrityError

from cloning.engines.base import Waveform
from cloning.jobs.notifications import notify
from cloning.models import SoundChunk, Take


def to_pcm(samples: Waveform) -> bytes:
    """16-bit, little-endian: what is in take files and chunks."""
    return (np.clip(samples, -1, 1) * 32767).round().astype("<i2").tobytes()


class LiveTake:
    """The sound of a claimed take, given out in pieces. What nobody will hear to its end is taken back."""

    def __init__(self, take: Take) -> None:
        self._take = take
        assert take.claim_token is not None
        self._token = take.claim_token
        self._index = 0

    def __enter__(self) -> "LiveTake":
        return self

    def publish(self, samples: Waveform) -> None:
        if not samples.size:
            return
        with suppress(IntegrityError):  # the take was deleted, which the next report says
            SoundChunk.objects.create(
                take_id=self._take.pk, claim_token=self._token, index=self._index, samples=to_pcm(samples)
            )
        self._index += 1
        notify(str(self._take.segment.generation_id))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            SoundChunk.objects.filter(take=self._take, claim_token=self._token).delete()
