"""References and a generation, stored together."""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.cleanup import forget_unused
from cloning.models import Generation, Reference, Voice


class QueueFullError(GenerationError):
    """As many generations wait as `MAX_QUEUED` allows."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.QUEUE_FULL, "Too many generations are waiting.")


def submit(generation: Generation, references: Sequence[Reference]) -> None:
    """Queues an unsaved generation. Raises QueueFullError, and keeps nothing then."""
    with transaction.atomic():
        has_room = Generation.objects.active().count() < settings.MAX_QUEUED
        if has_room:
            generation.save(force_insert=True)
            generation.references.set(references)
        else:
            forget_unused(references)
    if not has_room:
        raise QueueFullError


def save_voice(generation: Generation, name: str) -> Voice:
    """A voice of this name with the references of a generation."""
    with transaction.atomic():
        voice = Voice.objects.create(name=name)
        voice.references.set(generation.references.all())
    return voice
