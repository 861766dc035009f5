"""A generation, stored with its references and its sentences, or not at all."""

import logging
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from cloning import text
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.clips import ReferenceUpload, use_clips
from cloning.jobs.notifications import WORK, notify
from cloning.jobs.pronunciations import read_spellings
from cloning.jobs.speaking import find_engine
from cloning.logs import about
from cloning.models import Channel, Generation, Reference, Segment, Take, Voice
from cloning.storage.space import require_free_space

logger = logging.getLogger(__name__)


def require_room() -> None:
    """Raises GenerationError when as many wait as `MAX_QUEUED` allows, or less is free than `MIN_FREE_MB`."""
    require_free_space()
    if Generation.objects.active().count() >= settings.MAX_QUEUED:
        raise GenerationError(ErrorCode.QUEUE_FULL, "Too many generations are waiting.")


def submit(generation: Generation, uploads: Sequence[ReferenceUpload] = ()) -> None:
    """Queues an unsaved generation with the references of its voice, else with the uploads.

    Raises GenerationError (QUEUE_FULL, VOICE_UNKNOWN, TEXT_UNSPEAKABLE, DATABASE_BUSY), OSError and DatabaseError, and
    keeps nothing then.
    """
    require_room()
    pieces = split_text(generation)

    def queue(references: Sequence[Reference]) -> None:
        require_room()
        insert(generation, pieces)
        generation.references.set(references)

    if generation.voice:
        with transaction.atomic():
            queue(lock_voice(generation.voice))
    else:
        use_clips(uploads, queue)
    notify(WORK)
    with about(generation_id=str(generation.pk)):
        logger.info("Generation %s queued: %d characters", generation.pk, len(generation.text))


def split_text(generation: Generation) -> list[text.Segment]:
    """In pieces that the engine takes which would speak now. Of what is listened to the first is short."""
    is_listened_to = generation.is_streamed or generation.requested_via == Channel.PAGE
    entry, language = find_engine(), generation.language
    first_chars = entry.first_segment_limits[language] if is_listened_to else None
    try:
        return text.split_script(
            generation.text, language, entry.segment_limits[language], first_chars, read_spellings(language)
        )
    except text.UnspeakableText as error:
        raise GenerationError(ErrorCode.TEXT_UNSPEAKABLE, str(error)) from error


def insert(generation: Generation, pieces: Sequence[text.Segment]) -> None:
    """With a first take of each segment, to be spoken."""
    count_pieces(generation, pieces)
    generation.save(force_insert=True)
    add_segments(generation, pieces)


def count_pieces(generation: Generation, pieces: Sequence[text.Segment]) -> None:
    generation.segments_total = len(pieces)
    generation.unspoken_chars = sum(len(piece.text) for piece in pieces)


def add_segments(generation: Generation, pieces: Sequence[text.Segment]) -> None:
    segments = Segment.objects.bulk_create(
        Segment(generation=generation, index=index, text=piece.text, pause_seconds=piece.pause_seconds)
        for index, piece in enumerate(pieces)
    )
    Take.objects.bulk_create(
        Take(segment=segment, text=segment.text, seed=(generation.seed + segment.index) % 2**32)
        for segment in segments
    )


def lock_voice(voice: Voice) -> list[Reference]:
    """Its references, none of which is deleted before the end of the transaction. Raises GenerationError."""
    kept = Voice.objects.kept().select_for_update(of=("self",)).filter(pk=voice.pk).first()
    references = Reference.objects.filter(voices=voice).lock() if kept else []
    if not references:
        raise GenerationError(
            ErrorCode.VOICE_UNKNOWN, "There is no such voice; it may have been deleted in this moment."
        )
    return references
