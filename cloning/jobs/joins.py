"""Every change of state around the joined file of a generation: the takes that are chosen, one after the other.

It can be made again at any time. The file of before stays until the new one is accepted.
"""

import functools
import itertools
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.files import File
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from cloning import audio
from cloning.audio import JoinedSpeech, Layout, PlacedFile
from cloning.errors import ErrorCode
from cloning.formats import AudioFormat
from cloning.jobs import leases
from cloning.jobs.batches.ending import announce_end
from cloning.jobs.cleanup import delete_stored, delete_stored_on_commit
from cloning.jobs.dispatching import call_worker
from cloning.jobs.notifications import notify
from cloning.metrics import JOINS
from cloning.models import MAX_ATTEMPTS, Encoding, Generation, Segment, Status, generated_file
from cloning.scoring import TakeScores, sum_up

KEY_DIGITS = 16
"""Of a take's digest: enough to tell it from the others of its segment."""


def due() -> QuerySet[Generation]:
    return Generation.objects.kept().filter(is_join_due=True, claim_token=None)


def claim(generation: Generation) -> bool:
    return leases.claim(generation, due(), is_join_due=False)


def claim_next() -> Generation | None:
    return next(filter(claim, due().order_by("created_at")), None)


def fetch_earlier(row: Generation | Encoding | None, folder: Path) -> PlacedFile | None:
    """What was written before, in the folder, if some of it can be kept when it is written anew."""
    if row is None or not row.layout or not row.audio:
        return None
    generation = row if isinstance(row, Generation) else row.generation
    if not audio.find_framing(AudioFormat(row.audio_format), generation.sample_rate_hz or 0):
        return None
    path = folder / f"earlier.{row.audio_format}"
    try:
        with row.audio.open("rb") as stored, path.open("wb") as copy:
            shutil.copyfileobj(stored, copy)
    except FileNotFoundError:
        return None
    return PlacedFile(path, Layout.load(row.layout))


def join_chosen(
    generation: Generation,
    target: Path,
    earlier: Layout | None = None,
    audio_format: AudioFormat | None = None,
) -> JoinedSpeech:
    """Writes the chosen takes as one WAV file, so placed that what an `earlier` one in this format has can be kept.

    Raises GenerationError, and FileNotFoundError where a take is lost.
    """
    rows = generation.segments.exclude(chosen_take=None).select_related("chosen_take").order_by("index")
    chosen = list(rows.defer("chosen_take__peaks"))
    lead_seconds = keep_times(chosen)
    pieces = [
        audio.Piece(
            source=functools.partial(take.audio.open, "rb"),
            duration_seconds=take.duration_seconds or 0.0,
            loudness_blocks=take.loudness_blocks,
            true_peak_dbtp=take.true_peak_dbtp or 0.0,
            pause_seconds=segment.pause_seconds,
            key=f"{segment.index}:{take.audio_sha256[:KEY_DIGITS]}" if take.audio_sha256 else "",
        )
        for segment in chosen
        if (take := segment.chosen_take)
    ]
    rate_hz = generation.sample_rate_hz or 0
    framing = audio.find_framing(audio_format, rate_hz) if audio_format else None
    return audio.join(
        pieces,
        rate_hz,
        target,
        lead_seconds=lead_seconds,
        earlier=earlier,
        packet_size=framing.packet_size if framing else 1,
    )


def keep_times(segments: Sequence[Segment]) -> float:
    """Of subtitles: has pauses as long as it takes for each to be heard when it is due, or as soon after as can be.

    The silence before the first.
    """
    if not segments or segments[0].due_seconds is None:
        return 0.0
    position = segments[0].due_seconds
    for segment, following in itertools.pairwise(segments):
        position += (segment.chosen_take and segment.chosen_take.duration_seconds) or 0.0
        wait = 0.0 if following.due_seconds is None else max(0.0, following.due_seconds - position)
        segment.pause_seconds = round(wait, 3)
        position += segment.pause_seconds
    Segment.objects.bulk_update(segments, ["pause_seconds"], batch_size=500)
    return segments[0].due_seconds


def accept(generation: Generation, file: "File[bytes]", joined: JoinedSpeech, *, is_signed: bool) -> bool:
    """Stores the file under a name of this claim's own; a claim lost meanwhile deletes it again."""
    name = generated_file(generation, "")
    return leases.store_result(
        generation, name, file, lambda name: record(generation, name, joined, is_signed)
    )


def record(generation: Generation, name: str, joined: JoinedSpeech, is_signed: bool) -> bool:
    with transaction.atomic():
        before = Generation.objects.select_for_update().filter(pk=generation.pk).first()
        unmarked = generation.segments.filter(chosen_take__is_watermarked=False)
        if before is None or not leases.update_claimed(
            generation,
            claim_token=None,
            lease_expires_at=None,
            attempts=0,
            audio=name,
            audio_sha256=generation.audio_sha256,
            is_watermarked=not unmarked.exists(),
            is_signed=is_signed,
            scores=sum_up_chosen(generation),
            duration_seconds=joined.duration_seconds,
            peaks=joined.peaks,
            layout=joined.layout.dump(),
        ):
            return False
        if is_last_step(before):
            Generation.objects.filter(pk=generation.pk).update(
                status=Status.SUCCEEDED, stage="", finished_at=timezone.now(), error_code="", error_message=""
            )
            announce_end(generation)
        delete_stored_on_commit(before.audio.name)
        # Of the file of before; but of what has a layout the next encoding keeps most.
        Encoding.objects.filter(generation=generation.pk, layout__isnull=True).delete()
        call_if_due(before)
        notify(str(generation.pk))
    JOINS.labels(Status.SUCCEEDED).inc()
    return True


def sum_up_chosen(generation: Generation) -> dict[str, Any] | None:
    """The scores of what is joined; None where nothing of it was scored, as before there were scores."""
    rows = generation.segments.exclude(chosen_take=None).order_by()
    columns = rows.values_list("chosen_take__scores", "chosen_take__duration_seconds")
    scored = [
        (scores, duration_seconds or 0.0)
        for values, duration_seconds in columns
        if values and (scores := TakeScores.load(values))
    ]
    found = sum_up(scored)
    return found.dump() if found else None


def is_last_step(generation: Generation) -> bool:
    """Whether what is joined is the whole text, and not a part of it that was there when somebody stopped it."""
    is_whole = generation.segments_done >= generation.segments_total and not generation.is_join_due
    return generation.status == Status.RUNNING and is_whole


def fail(generation: Generation, code: ErrorCode, message: str) -> bool:
    """Ends what runs with a reason; what had ended before keeps the file that it has."""
    changes = {
        "error_code": code,
        "error_message": message,
        "finished_at": timezone.now(),
        "stage": "",
        "status": Status.FAILED,
    }
    with transaction.atomic():
        before = Generation.objects.select_for_update().filter(pk=generation.pk).first()
        if before is None or not leases.update_claimed(
            generation, claim_token=None, lease_expires_at=None, attempts=0
        ):
            return False
        if is_last_step(before):
            Generation.objects.filter(pk=generation.pk).update(**changes)
            announce_end(generation)
        call_if_due(before)
        notify(str(generation.pk))
    JOINS.labels(code).inc()
    return True


def call_if_due(generation: Generation) -> None:
    """Another take may have been chosen while it was joined."""
    if generation.is_join_due:
        call_worker(Generation.objects.filter(pk=generation.pk))


def release(generation: Generation) -> bool:
    """Gives a claim back unharmed, as a worker that is asked to stop does."""
    return be_due(generation, attempts=generation.attempts - 1)


def try_again(generation: Generation) -> bool:
    """Lets it be claimed once more after what may pass; False after MAX_ATTEMPTS."""
    return generation.attempts < MAX_ATTEMPTS and be_due(generation)


def release_abandoned(generation: Generation) -> bool:
    """Lets another worker join what was in the hand of one that died; after MAX_ATTEMPTS it fails."""
    file_of_the_dead = generated_file(generation, "")
    if not leases.take_over(generation):
        return False
    delete_stored(file_of_the_dead)  # it may have been stored and not accepted
    if generation.attempts >= MAX_ATTEMPTS:
        message = f"The worker stopped while it joined the sentences {MAX_ATTEMPTS} times."
        return fail(generation, ErrorCode.WORKER_LOST, message)
    return be_due(generation)


def be_due(generation: Generation, **fields: object) -> bool:
    """Lets go of a claimed one whose takes are still to be joined."""
    if not leases.update_claimed(
        generation, claim_token=None, lease_expires_at=None, is_join_due=True, **fields
    ):
        return False
    call_worker(Generation.objects.filter(pk=generation.pk))
    return True
