import uuid
from contextlib import suppress

from cloning.jobs import joins, scheduling
from cloning.jobs.pipeline import ClaimLostError, perform_join, perform_take, reporter
from cloning.models import Generation


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
