import uuid
from contextlib import suppress

from django.core.files.base import ContentFile

from cloning.jobs import joins, scheduling
from cloning.jobs.pipeline import ClaimLostError, perform_join, perform_take, reporter
from cloning.models import Generation, Status, Take
from cloning.tests.clips import MALE_CLIP


def work_once(only: uuid.UUID | None = None) -> bool:
    """One step of what a worker process does, with the real engine. Whether there was something to do."""
    with suppress(ClaimLostError):
        if take := scheduling.claim_next(only):
            perform_take(take, reporter(take))
        elif generation := joins.claim_next():
            perform_join(generation)
        else:
            return False
    return True


def perform(generation: Generation) -> Generation:
    """Does the whole job."""
    while work_once(generation.pk):
        pass
    generation.refresh_from_db()
    return generation


def store_sound(generation: Generation) -> None:
    """As if a worker had spoken it."""
    sound = ContentFile(MALE_CLIP.read_bytes())
    take = Take.objects.get(segment__generation=generation)
    for row in (take, generation):
        row.status, row.engine, row.duration_seconds = Status.SUCCEEDED, "preview", 1.0
    take.audio.save("", sound)
    take.segment.chosen_take = take
    take.segment.save()
    generation.segments_done = 1
    generation.audio.save("", sound)
