"""Sound on its way from a worker to those who listen while it is spoken.

Whole sentences are takes, in the storage. Of the one sentence that is being spoken, and that somebody waits for, the
worker writes the sound as rows, piece by piece (`docs/adr/` says why): they reach another machine as well as another
process. They go when the take is stored.

Who listens reads on from a position, again and again: whatever is there by then, in rows or in files.
"""

import uuid
import wave
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType

from django.db import IntegrityError
from django.db.models import F

from cloning.audio import encode_pcm
from cloning.engines.base import Waveform
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.notifications import notify
from cloning.models import Generation, Segment, SoundChunk, Status, Take, take_file

MAX_BYTES_AT_ONCE = 1024**2  # some 20 seconds
SAMPLE_BYTES = 2


class LiveTake:
    """The sound of a claimed take, given out in pieces. What nobody will hear to its end is taken back."""

    def __init__(self, take: Take) -> None:
        self._take = take
        assert take.claim_token
        self._token = take.claim_token
        self._index = 0

    def __enter__(self) -> "LiveTake":
        return self

    def publish(self, samples: Waveform) -> None:
        if not samples.size:
            return
        with suppress(IntegrityError):  # the take was deleted, which the next report says
            SoundChunk.objects.create(
                take_id=self._take.pk,
                claim_token=self._token,
                index=self._index,
                samples=encode_pcm(samples),
            )
        self._index += 1
        notify(str(self._take.segment.generation_id))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            SoundChunk.objects.filter(take=self._take, claim_token=self._token).delete()


@dataclass(frozen=True)
class Position:
    """How far somebody has heard a generation. The default is its beginning."""

    segment_index: int = 0
    take_id: uuid.UUID | None = None
    """Once something of the segment was given out: nothing but this take goes on with it."""
    claim_token: uuid.UUID | None = None
    """Once something was given out while it was spoken: nothing but what this claim spoke goes on with it."""
    chunk_index: int = 0
    sample_count: int = 0  # of this take


@dataclass(frozen=True)
class Stretch:
    """What was read: 16-bit, little-endian, mono, at the generation's `sample_rate_hz`."""

    pcm: bytes
    end: Position
    is_last: bool = False


def read_on(generation_id: uuid.UUID, position: Position) -> Stretch | None:
    """What can be heard from a position on, MAX_BYTES_AT_ONCE at most; None where nothing is there yet.

    Raises GenerationError where nothing will come: the generation failed, was cancelled or deleted, or the rest of a
    sentence of which something was given out is lost. OSError and DatabaseError are those of storage and database.
    """
    generation = Generation.objects.kept().filter(pk=generation_id).defer("text", "peaks").first()
    segment = generation.segments.filter(index=position.segment_index).first() if generation else None
    if generation is None or segment is None:
        raise GenerationError(ErrorCode.GENERATION_UNKNOWN, "The generation was deleted.")
    take = find_take(segment, position)
    if take is None:
        if not generation.is_active or position.take_id:
            raise reason(generation)
        return None
    position = replace(position, take_id=take.pk)
    if not take.audio:
        return read_chunks(take, position)
    try:
        return read_file(take, segment, position, is_last=segment.index == generation.segments_total - 1)
    except FileNotFoundError as error:  # deleted in this moment
        raise reason(generation) from error


@dataclass(frozen=True)
class Source:
    sample_rate_hz: int
    engine: str


def find_source(generation_id: uuid.UUID) -> Source | None:
    """What speaks, known shortly before the first sound. Raises GenerationError where nothing will come."""
    generation = Generation.objects.kept().filter(pk=generation_id).defer("text", "peaks").first()
    if generation is None:
        raise GenerationError(ErrorCode.GENERATION_UNKNOWN, "The generation was deleted.")
    if generation.sample_rate_hz:
        return Source(generation.sample_rate_hz, generation.engine)
    if not generation.is_active:
        raise reason(generation)
    return None


def reason(generation: Generation) -> GenerationError:
    """Why nothing more will come."""
    if generation.status == Status.FAILED:
        return GenerationError(ErrorCode(generation.error_code), generation.error_message)
    if generation.status == Status.CANCELLED:
        done, total = generation.segments_done, generation.segments_total
        return GenerationError(ErrorCode.CANCELLED, f"Stopped at {done} of {total} sentences.")
    return GenerationError(
        ErrorCode.WORKER_LOST, "The speaking of a sentence broke off. Listen again from the beginning."
    )


def find_take(segment: Segment, position: Position) -> Take | None:
    """What is, or goes on to be, heard of the segment; None where there is nothing, or nothing to go on with."""
    if position.take_id is None:
        if segment.chosen_take_id:
            return segment.takes.filter(pk=segment.chosen_take_id).first()
        running = segment.takes.filter(status=Status.RUNNING)
        return running.filter(chunks__claim_token=F("claim_token"), chunks__index=0).first()
    take = segment.takes.filter(pk=position.take_id).first()
    if take is None or position.claim_token is None:
        return take
    is_stored = take.audio.name == take_file_of(take, position.claim_token)
    return take if is_stored or take.claim_token == position.claim_token else None


def take_file_of(take: Take, claim_token: uuid.UUID) -> str:
    """Where a take is stored that this claim spoke."""
    return take_file(Take(pk=take.pk, claim_token=claim_token), "")


def read_chunks(take: Take, position: Position) -> Stretch | None:
    token = position.claim_token or take.claim_token
    assert token  # `find_take` returns no other without a file
    rows = SoundChunk.objects.filter(take=take, claim_token=token, index__gte=position.chunk_index)
    samples: list[bytes] = []
    for row in rows.order_by("index").iterator(chunk_size=16):
        samples.append(bytes(row.samples))
        position = replace(position, claim_token=token, chunk_index=row.index + 1)
        if sum(map(len, samples)) >= MAX_BYTES_AT_ONCE:
            break
    if not samples:
        return None
    pcm = b"".join(samples)
    end = replace(position, sample_count=position.sample_count + len(pcm) // SAMPLE_BYTES)
    return Stretch(pcm, end)


def read_file(take: Take, segment: Segment, position: Position, *, is_last: bool) -> Stretch:
    """The file from where it was left, then the pause, then the next segment's beginning is the position."""
    with take.audio.open("rb") as stored, wave.open(stored, "rb") as file:
        sample_rate_hz, spoken_count = file.getframerate(), file.getnframes()
        # Of what was given out while it was spoken the end may have been cut off since.
        file.setpos(min(position.sample_count, spoken_count))
        pcm = file.readframes(MAX_BYTES_AT_ONCE // SAMPLE_BYTES)
        is_read = file.tell() >= spoken_count
    if not is_read:
        end = replace(position, sample_count=position.sample_count + len(pcm) // SAMPLE_BYTES)
        return Stretch(pcm, end)
    if not is_last:
        pause_count = round(segment.pause_seconds * sample_rate_hz)
        pause_count -= max(0, position.sample_count - spoken_count)
        pcm += bytes(SAMPLE_BYTES * max(0, pause_count))
    return Stretch(pcm, Position(segment.index + 1), is_last)
