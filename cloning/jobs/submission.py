"""A generation, stored with its references and its sentences, or not at all."""

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction

from cloning import text
from cloning.engines.base import StockVoice
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import consents, idempotency, limits
from cloning.jobs.audit import record, voice_of
from cloning.jobs.clips import ReferenceUpload, use_clips
from cloning.jobs.dispatching import call_worker
from cloning.jobs.notices import add_notice
from cloning.jobs.pronunciations import read_spellings
from cloning.jobs.speaking import find_engine
from cloning.logs import about
from cloning.models import Channel, Deed, Generation, Reference, Segment, Speaker, Take, Voice
from cloning.storage.space import require_free_space
from cloning.text.dialogue import fold_speaker

if TYPE_CHECKING:
    from django.contrib.auth.models import User

logger = logging.getLogger(__name__)

MAX_SEGMENTS = 2_000
"""Of a dialogue, in which every turn is one, however short."""
QUEUE_LOCK = 0x71756575  # any number that no other lock has


@dataclass(frozen=True)
class Role:
    """A name of a dialogue, and who speaks it."""

    name: str
    voice: Voice | StockVoice


def require_room() -> None:
    """Raises GenerationError when as many wait as `MAX_QUEUED` allows, or less is free than `MIN_FREE_MB`."""
    require_free_space()
    if Generation.objects.active().filter(is_held=False).count() >= settings.MAX_QUEUED:
        raise GenerationError(ErrorCode.QUEUE_FULL, "Too many generations are waiting.")


def lock_queue() -> None:
    """Until the end of the transaction nobody else is queued, so that of two one has the last place.

    Before all other locks, or two could wait for each other. SQLite has one writer at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [QUEUE_LOCK])


def take_place(generation: Generation, chars: int | None = None) -> None:
    """As `require_room`, at the beginning of the transaction that queues it; also raises LimitError.

    `chars` are those that count, where more is to come than its own.
    """
    lock_queue()
    require_room()
    limits.require_place()
    limits.require_speech()
    if generation._state.adding:  # what is continued was counted
        limits.count_characters(len(generation.text) if chars is None else chars)


def submit(
    generation: Generation, uploads: Sequence[ReferenceUpload] = (), roles: Sequence[Role] = ()
) -> None:
    """Queues an unsaved generation with the references of its voice, else with the uploads; a dialogue with its roles.

    Raises GenerationError (QUEUE_FULL, LIMIT_REACHED, VOICE_UNKNOWN, CAST_INVALID, CONSENT_REQUIRED, TEXT_UNSPEAKABLE,
    DATABASE_BUSY), OSError and DatabaseError, and keeps nothing then.
    """
    require_room()
    limits.require_storage()
    pieces = split_text(generation, roles)

    def queue(references: Sequence[Reference]) -> None:
        insert(generation, pieces)
        generation.references.set(references)

    if roles:
        with transaction.atomic():
            take_place(generation)
            insert_dialogue(generation, roles, pieces)
    else:
        take_references(generation, uploads, queue, partial(take_place, generation))
    call_worker(Generation.objects.filter(pk=generation.pk))
    with about(generation_id=str(generation.pk)):
        logger.info("Generation %s queued: %d characters", generation.pk, len(generation.text))


def take_references(
    generation: Generation,
    uploads: Sequence[ReferenceUpload],
    queue: Callable[[Sequence[Reference]], object],
    prepare: Callable[[], object],
) -> None:
    """Calls `queue` with those of its voice, else of the uploads, in a transaction that begins with `prepare`.

    Raises what they raise, and GenerationError (VOICE_UNKNOWN, CONSENT_REQUIRED).
    """
    if generation.voice:
        with transaction.atomic():
            prepare()
            references = lock_voice(generation.voice, generation.owner)
            generation.agreement = generation.voice.agreement
            queue(references)
    else:
        if uploads:
            consents.require_of_clips(generation.agreement)
        use_clips(uploads, generation.owner, queue, prepare)


def split_text(generation: Generation, roles: Sequence[Role] = ()) -> list[text.Segment]:
    """In pieces that the engine takes which would speak now. Of what is listened to the first is short.

    With the spoken notice, but of a chapter.
    """
    is_listened_to = generation.is_streamed or generation.requested_via == Channel.PAGE
    entry, language = find_engine(), generation.language
    first_chars = entry.first_segment_limits[language] if is_listened_to else None
    speakers = [fold_speaker(role.name) for role in roles]
    script = text.Script(generation.text, language, read_spellings(language, generation.owner), speakers)
    try:
        pieces = text.split_script(script, entry.segment_limits[language], first_chars)
    except text.UnspeakableText as error:
        raise GenerationError(ErrorCode.TEXT_UNSPEAKABLE, str(error)) from error
    if roles and len(pieces) > MAX_SEGMENTS:
        raise GenerationError(
            ErrorCode.TEXT_UNSPEAKABLE, "These are too many changes of the speaker for one file."
        )
    return pieces if generation.chapter_id else add_notice(generation, pieces)


def split_cues(generation: Generation, cues: Sequence[tuple[float, float | None, str]]) -> list[text.Segment]:
    """Of subtitles: what each says in pieces, which share the room that it has; without those that say nothing."""
    entry, language = find_engine(), generation.language
    spellings = read_spellings(language, generation.owner)
    segments: list[text.Segment] = []
    for due_seconds, room_seconds, words in cues:
        try:
            pieces = text.split_script(
                text.Script(words, language, spellings), entry.segment_limits[language]
            )
        except text.UnspeakableText:
            continue
        chars = sum(len(piece.text) for piece in pieces)
        for index, piece in enumerate(pieces):
            room = room_seconds * len(piece.text) / chars if room_seconds else None
            due = None if index else due_seconds
            segments.append(replace(piece, pause_seconds=0.0, due_seconds=due, room_seconds=room))
    if not segments:
        raise GenerationError(ErrorCode.TEXT_UNSPEAKABLE, str(text.UnspeakableText()))
    return segments


def insert(generation: Generation, pieces: Sequence[text.Segment]) -> None:
    """With a first take of each segment, to be spoken."""
    count_pieces(generation, pieces)
    generation.save(force_insert=True)
    limits.charge(generation)
    if not generation.sample_of_id:  # which the server speaks by itself
        if not generation.chapter_id:  # what was asked for is the book
            idempotency.complete(generation)
        is_of_clips = not generation.voice and generation.agreement
        about = f"clips, consent: {generation.agreement}" if is_of_clips else ""
        record(Deed.SPOKEN_WITH, voice_of(generation), generation=generation, about=about)
    add_segments(generation, pieces)


def insert_dialogue(generation: Generation, roles: Sequence[Role], pieces: Sequence[text.Segment]) -> None:
    """With its cast, in a transaction."""
    voices = [role.voice for role in roles if isinstance(role.voice, Voice)]
    references = lock_voices(voices, generation.owner)
    count_pieces(generation, pieces)
    generation.is_dialogue = True
    generation.save(force_insert=True)
    idempotency.complete(generation)
    generation.references.set({each.pk: each for found in references.values() for each in found}.values())
    limits.charge(generation)
    speakers = {}
    for index, role in enumerate(roles):
        speaker = Speaker(generation=generation, index=index, name=role.name)
        if isinstance(role.voice, Voice):
            speaker.voice = role.voice
        else:
            speaker.stock_voice = role.voice.key
        speaker.save(force_insert=True)
        if speaker.voice:
            speaker.references.set(references[speaker.voice.pk])
        speakers[fold_speaker(role.name)] = speaker
    for voice in {str(role.voice): role.voice for role in roles}.values():
        record(Deed.SPOKEN_WITH, voice, generation=generation)
    add_segments(generation, pieces, speakers)


def count_pieces(generation: Generation, pieces: Sequence[text.Segment]) -> None:
    generation.segments_total = len(pieces)
    generation.unspoken_chars = sum(len(piece.text) for piece in pieces)


def add_segments(
    generation: Generation, pieces: Sequence[text.Segment], speakers: Mapping[str, Speaker] | None = None
) -> None:
    segments = Segment.objects.bulk_create(
        Segment(
            generation=generation,
            index=index,
            text=piece.text,
            pause_seconds=piece.pause_seconds,
            due_seconds=piece.due_seconds,
            room_seconds=piece.room_seconds,
            is_notice=piece.is_notice,
            speaker=speakers[piece.speaker] if speakers else None,
        )
        for index, piece in enumerate(pieces)
    )
    Take.objects.bulk_create(
        Take(segment=segment, text=segment.text, seed=(generation.seed + segment.index) % 2**32)
        for segment in segments
    )


def require_to_go_on(generation: Generation) -> None:
    """Raises GenerationError (VOICE_GONE, CONSENT_REQUIRED) where it may not be spoken with its clips any more."""
    require_shared(generation)
    consents.require_to_go_on(generation)


def require_shared(generation: Generation) -> None:
    """Raises GenerationError (VOICE_GONE) where it speaks with clips of somebody who shares their voice no more."""
    if not settings.REQUIRE_LOGIN:
        return
    shared = Voice.objects.kept().filter(is_shared=True)
    if generation.references.exclude(owner=generation.owner).exclude(voices__in=shared).exists():
        raise GenerationError(ErrorCode.VOICE_GONE, "Whoever shared this voice does not any more.")


def lock_voice(voice: Voice, user: "User | None") -> list[Reference]:
    """Its references, none of which is deleted before the end of the transaction.

    Raises GenerationError (VOICE_UNKNOWN, CONSENT_REQUIRED).
    """
    rows = Voice.objects.kept().visible_to(user).filter(pk=voice.pk)
    kept = rows.select_for_update(of=("self",)).first()
    references = Reference.objects.filter(voices=voice).lock() if kept else []
    if kept is None or not references:
        raise GenerationError(
            ErrorCode.VOICE_UNKNOWN, "There is no such voice; it may have been deleted in this moment."
        )
    consents.require_of_voice(kept)
    return references


def lock_voices(
    voices: Sequence[Voice], user: "User | None", field: str = "cast"
) -> dict[uuid.UUID, list[Reference]]:
    """As `lock_voice`, of several: all voices first, then all references, each in one order.

    Raises GenerationError (CAST_INVALID; CONSENT_REQUIRED of the field).
    """
    rows = Voice.objects.kept().visible_to(user).filter(pk__in=[voice.pk for voice in voices]).order_by("pk")
    kept = {row.pk: row for row in rows.select_for_update(of=("self",))}
    Reference.objects.filter(
        pk__in=Voice.references.through.objects.filter(voice__in=kept).values("reference")
    ).lock()
    references = {voice.pk: list(voice.references.all()) if voice.pk in kept else [] for voice in voices}
    for voice in voices:
        if not references[voice.pk]:
            raise GenerationError(
                ErrorCode.CAST_INVALID, f"The voice “{voice}” is not there any more: choose another."
            )
        consents.require_of_voice(kept[voice.pk], field)
    return references
