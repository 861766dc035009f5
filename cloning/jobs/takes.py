"""Every change of a take's state, and what follows of it for its segment and generation.

Who changes more than one row locks the generation first, as who deletes it does. Functions return whether the change
took place.
"""

from dataclasses import dataclass
from pathlib import Path

from django.core.files import File
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from cloning.audio import TakeSound
from cloning.audio.fingerprint import Fingerprint
from cloning.engines import registry
from cloning.engines.base import Engine
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import audit, fingerprints, idempotency, leases, limits
from cloning.jobs.batches.ending import announce_end
from cloning.jobs.cleanup import delete_stored
from cloning.jobs.dispatching import call_worker
from cloning.jobs.notifications import notify
from cloning.jobs.submission import require_to_go_on
from cloning.metrics import SPEAKING, SPEECH, TAKES, WAITED
from cloning.models import Deed, Generation, Segment, SoundChunk, Stage, Status, Take, random_seed, take_file
from cloning.scoring import TakeScores
from cloning.storage.space import require_free_space

MAX_ATTEMPTS = 5
"""Of one take: workers that die at others do not count. Killed again and again, they may be killed at the same one."""
MAX_TAKES = 20
"""Of one segment."""


@dataclass(frozen=True)
class Progress:
    """Of a take in hand. `spoken_share` is 0 to 1, by the engine's estimate."""

    stage: Stage
    spoken_share: float = 0.0


@dataclass(frozen=True)
class Sound:
    """What was spoken: a WAV file and what is known of it."""

    path: Path
    sample_rate_hz: int
    measured: TakeSound
    spoken_seconds: float  # by the engine, without learning the voice
    is_watermarked: bool
    fingerprint: Fingerprint
    scores: TakeScores


def claim(take: Take) -> bool:
    """Takes a waiting take for this process. Its generation is running from now on, if it waited."""
    now = timezone.now()
    waiting = Take.objects.filter(status=Status.QUEUED)
    changes = {"status": Status.RUNNING, "started_at": now, "spoken_share": 0.0}
    if not leases.claim(take, waiting, **changes):
        return False
    # By its key: of an UPDATE that joins tables, PostgreSQL does not look at the guard again after it had to wait.
    rows = Generation.objects.filter(pk=take.segment.generation_id)
    rows.update(served_at=now)
    waiting_rows = rows.filter(status=Status.QUEUED)
    if waiting_rows.update(status=Status.RUNNING, stage=Stage.PREPARING, started_at=now):
        waited = now - take.segment.generation.created_at
        WAITED.labels(registry.selected().name).observe(max(0.0, waited.total_seconds()))
    return True


def report(take: Take, progress: Progress) -> bool:
    return leases.update_claimed(take, spoken_share=progress.spoken_share)


def begin(take: Take, engine: Engine) -> bool:
    """Says what speaks. One file is spoken by one engine: takes of another are spoken again.

    Raises GenerationError where the file is there already, and was spoken by another engine.
    """
    with transaction.atomic():
        generation = lock_generation(take)
        if generation is None or not leases.update_claimed(
            take, engine=engine.name, precision=engine.precision
        ):
            return False
        if not generation.is_active and generation.engine != engine.name:
            raise GenerationError(
                ErrorCode.ENGINE_CHANGED, "Another engine speaks now than spoke this. Generate it anew."
            )
        others = generation.segments.exclude(chosen_take=None).exclude(chosen_take__engine=engine.name)
        for segment in others:
            queue_take(segment, segment.text, random_seed())
            generation.unspoken_chars += len(segment.text)
        generation.segments_done -= others.update(chosen_take=None)
        generation.engine, generation.precision = engine.name, engine.precision
        generation.sample_rate_hz = engine.sample_rate_hz
        generation.save(
            update_fields=["engine", "precision", "sample_rate_hz", "segments_done", "unspoken_chars"]
        )
        if generation.is_streamed:
            notify(str(generation.pk))  # listeners get ready
    take.segment.generation = generation
    return True


def accept(take: Take, file: "File[bytes]", sound: Sound) -> bool:
    """Stores the sound under a name of this claim's own; a claim lost meanwhile deletes its file again."""
    return leases.store_result(take, take_file(take, ""), file, lambda name: record(take, name, sound))


def record(take: Take, name: str, sound: Sound) -> bool:
    with transaction.atomic():
        generation = lock_generation(take)
        if generation is None or not leases.update_claimed(
            take,
            status=Status.SUCCEEDED,
            claim_token=None,
            spoken_share=1.0,
            audio=name,
            audio_sha256=take.audio_sha256,
            sample_rate_hz=sound.sample_rate_hz,
            duration_seconds=sound.measured.duration_seconds,
            peaks=sound.measured.peaks,
            loudness_blocks=sound.measured.loudness_blocks,
            true_peak_dbtp=sound.measured.true_peak_dbtp,
            spoken_seconds=sound.spoken_seconds,
            tempo=take.tempo,
            is_watermarked=sound.is_watermarked,
            seed=take.seed,
            scores=sound.scores.dump(),
            finished_at=timezone.now(),
            error_code="",
            error_message="",
        ):
            return False
        unspoken = Segment.objects.filter(pk=take.segment_id, chosen_take=None)
        if take.engine != generation.engine and unspoken.exists():
            # A worker with another engine began with the next sentence meanwhile.
            queue_take(take.segment, take.text, random_seed())
        elif unspoken.update(chosen_take=take):
            count_segment(generation, take.segment)
        fingerprints.keep(take, sound.fingerprint)
        limits.count_speech(generation, sound.measured.duration_seconds)
        SoundChunk.objects.filter(take=take).delete()
        notify(str(generation.pk))
    TAKES.labels(take.engine, Status.SUCCEEDED).inc()
    SPEAKING.labels(take.engine).observe(sound.spoken_seconds)
    SPEECH.labels(take.engine).inc(sound.measured.duration_seconds)
    return True


def count_segment(generation: Generation, segment: Segment) -> None:
    """One more segment is spoken; after the last the whole is joined."""
    generation.segments_done += 1
    generation.unspoken_chars = max(0, generation.unspoken_chars - len(segment.text))
    if generation.segments_done >= generation.segments_total:
        generation.stage, generation.is_join_due = Stage.JOINING, True
        call_worker(Generation.objects.filter(pk=generation.pk))
    generation.save(update_fields=["segments_done", "unspoken_chars", "stage", "is_join_due"])


def fail(take: Take, code: ErrorCode, message: str) -> bool:
    """Ends the generation too, unless this segment was spoken before. What was spoken of it stays."""
    with transaction.atomic():
        generation = lock_generation(take)
        if generation is None or not leases.update_claimed(
            take, status=Status.FAILED, claim_token=None, error_code=code, error_message=message
        ):
            return False
        SoundChunk.objects.filter(take=take).delete()
        if generation.is_active and not Segment.objects.filter(pk=take.segment_id).exclude(chosen_take=None):
            end(generation, Status.FAILED, error_code=code, error_message=message)
        notify(str(generation.pk))
    TAKES.labels(take.engine or registry.selected().name, code).inc()
    return True


def end(generation: Generation, status: Status, **fields: object) -> None:
    """Ends a locked generation before all is spoken. What is there is joined."""
    unspoken = Take.objects.filter(segment__generation=generation, status__in=[Status.QUEUED, Status.RUNNING])
    unspoken.update(status=Status.CANCELLED, claim_token=None)
    changes = {
        "status": status,
        "stage": "",
        "is_join_due": generation.segments_done > 0,
        "finished_at": timezone.now(),
        "is_held": False,
        **fields,
    }
    leases.set_fields(generation, changes)
    generation.save(update_fields=[*changes])
    announce_end(generation)
    if generation.is_join_due:
        call_worker(Generation.objects.filter(pk=generation.pk))


def release(take: Take) -> bool:
    """Gives a claim back unharmed, as a worker that is asked to stop does."""
    if not leases.update_claimed(
        take, status=Status.QUEUED, claim_token=None, lease_expires_at=None, attempts=take.attempts - 1
    ):
        return False
    call_worker(rows_of_generation(take))
    return True


def release_abandoned(take: Take) -> bool:
    """Lets another worker speak what was in the hand of one that died; after MAX_ATTEMPTS it fails."""
    file_of_the_dead = take_file(take, "")
    if not leases.take_over(take):
        return False
    delete_stored(file_of_the_dead)  # it may have been stored and not accepted
    SoundChunk.objects.filter(take=take).delete()
    if take.attempts >= MAX_ATTEMPTS:
        message = (
            f"The worker stopped in the middle of a sentence {MAX_ATTEMPTS} times. "
            "The machine may be short of memory."
        )
        return fail(take, ErrorCode.WORKER_LOST, message)
    if not leases.update_claimed(take, status=Status.QUEUED, claim_token=None, lease_expires_at=None):
        return False
    call_worker(rows_of_generation(take))
    return True


def rows_of_generation(take: Take) -> QuerySet[Generation]:
    return Generation.objects.filter(segments__takes=take.pk)


def forget_sound(take: Take) -> None:
    """Its file is lost. What is joined from it stays as it is; continued, its sentence is spoken again."""
    with transaction.atomic():
        generation = lock_generation(take)
        rows = Take.objects.filter(pk=take.pk, status=Status.SUCCEEDED, audio=take.audio.name)
        if generation is None or not rows.update(
            status=Status.FAILED,
            audio="",
            error_code=ErrorCode.STORAGE_FAILED,
            error_message="The sound of this sentence is gone from the server's storage.",
        ):
            return
        if Segment.objects.filter(pk=take.segment_id, chosen_take=take).update(chosen_take=None):
            generation.segments_done -= 1
            generation.unspoken_chars += len(take.segment.text)
            generation.save(update_fields=["segments_done", "unspoken_chars"])


def lock_generation(take: Take) -> Generation | None:
    """None where it was deleted."""
    return rows_of_generation(take).select_for_update(of=("self",)).first()


def add_take(segment: Segment, text: str, seed: int) -> Take:
    """A spoken segment is to be spoken once more. Raises GenerationError."""
    require_free_space()
    limits.require_storage()
    with transaction.atomic():
        generation = Generation.objects.kept().select_for_update().filter(pk=segment.generation_id).first()
        if generation is None:
            raise GenerationError(ErrorCode.GENERATION_UNKNOWN, "It was deleted in this moment.")
        require_to_go_on(generation)
        segment.refresh_from_db()
        if segment.is_notice and text != segment.text:
            raise GenerationError(ErrorCode.NOT_OFFERED, "The spoken notice can't be changed.")
        if segment.chosen_take is None:
            raise GenerationError(ErrorCode.NOT_SPOKEN_YET, "This sentence has not been spoken yet.")
        if segment.takes.filter(status__in=[Status.QUEUED, Status.RUNNING]).exists():
            raise GenerationError(
                ErrorCode.TAKE_IN_PROGRESS, "This sentence is being spoken again already: wait for that take."
            )
        if segment.takes.count() >= MAX_TAKES:
            raise GenerationError(
                ErrorCode.TOO_MANY_TAKES, f"There are {MAX_TAKES} takes of this sentence already."
            )
        limits.require_speech()
        limits.count_characters(len(text))
        limits.charge(generation)
        voice = audit.voice_of(segment.speaker or generation)
        about = f"sentence {segment.index + 1} once more"
        audit.record(Deed.SPOKEN_WITH, voice, generation=generation, about=about)
        take = queue_take(segment, text, seed)
        idempotency.complete(take)
        return take


def queue_take(segment: Segment, text: str, seed: int) -> Take:
    last = segment.takes.aggregate(last=Max("number"))["last"] or 0
    take = Take.objects.create(segment=segment, number=last + 1, text=text, seed=seed)
    call_worker(rows_of_generation(take))
    return take


def choose(take: Take) -> bool:
    """Has the whole joined again with this take. What another engine spoke than the rest is not chosen."""
    with transaction.atomic():
        generation = lock_generation(take)
        spoken = Segment.objects.filter(pk=take.segment_id).exclude(chosen_take=None)
        if generation is None or take.status != Status.SUCCEEDED or not spoken.exists():
            return False
        if take.engine != generation.engine:
            return False
        is_changed = spoken.exclude(chosen_take=take).update(chosen_take=take, text=take.text)
        is_whole = generation.segments_done >= generation.segments_total
        if is_changed and (is_whole or not generation.is_active):  # else it is joined at its end
            Generation.objects.filter(pk=generation.pk).update(is_join_due=True)
            call_worker(rows_of_generation(take))
        notify(str(generation.pk))
    return True
