"""Lets rows of batches into the queue, some at a time: a thousand of them neither fill it nor slow the scheduling down.

Workers do it beside their work. It is one guarded step a row, so that they may do it at the same time, or die at it.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator

from django.conf import settings
from django.db import transaction

from cloning.errors import GenerationError
from cloning.jobs import limits, submission, takes
from cloning.jobs.acting import Actor, acting
from cloning.jobs.dispatching import call_worker
from cloning.models import Generation, Status

logger = logging.getLogger(__name__)

FED_OF_AN_OWNER = 20
"""Enough for many workers, as each speaks a sentence or a few at a time."""
SHARE_OF_QUEUE = 0.5
"""Of MAX_QUEUED, so that there is room for others."""
MAX_SECONDS = 2.0


def is_due() -> bool:
    return Generation.objects.filter(is_held=True).exists()


def feed() -> int:
    """How many rows came into the queue."""
    give_up_at, fed = time.monotonic() + MAX_SECONDS, 0
    for row in choose():
        if time.monotonic() >= give_up_at:
            break
        try:
            fed += let_in(row)
        except GenerationError as error:  # full, or a limit of who handed it in: later
            logger.debug("A row of batch %s waits: %s", row.batch_id, error)
    return fed


def choose() -> Iterator[Generation]:
    """Owners take turns, first who has least in the queue; of an owner the oldest rows."""
    in_queue = Generation.objects.active().filter(is_held=False, batch__isnull=False).order_by()
    fed = Counter(in_queue.values_list("owner", flat=True))
    left = int(max(1, settings.MAX_QUEUED * SHARE_OF_QUEUE)) - fed.total()
    held = Generation.objects.filter(is_held=True, deleted_at=None)
    owners = list(held.order_by().values_list("owner", flat=True).distinct())
    waiting = {
        owner: iter(
            held.filter(owner=owner).order_by("created_at").defer("peaks")[: FED_OF_AN_OWNER - fed[owner]]
        )
        for owner in owners
        if fed[owner] < FED_OF_AN_OWNER
    }
    while waiting and left > 0:
        owner = min(waiting, key=lambda each: fed[each])
        if (row := next(waiting[owner], None)) is None:
            del waiting[owner]
            continue
        fed[owner] += 1
        left -= 1
        yield row


def let_in(row: Generation) -> bool:
    """False where it is gone, or was let in by another. Raises GenerationError where it has to wait."""
    with transaction.atomic():
        submission.lock_queue()
        submission.require_room()
        found = Generation.objects.select_for_update(of=("self",)).filter(
            pk=row.pk, is_held=True, deleted_at=None
        )
        generation = found.select_related("batch__key", "owner").first()
        if generation is None or generation.batch is None or generation.status != Status.QUEUED:
            return False
        actor = Actor(generation.owner, generation.batch.key, generation.batch.address)
        with acting(actor):
            limits.require_place()
            limits.require_speech()
            try:
                submission.require_to_go_on(generation)
                pieces = submission.split_text(generation)
            except GenerationError as error:
                takes.end(generation, Status.FAILED, error_code=error.code, error_message=str(error))
                return False
            limits.charge(generation)
            submission.count_pieces(generation, pieces)
            generation.is_held = False
            generation.save(update_fields=["is_held", "segments_total", "unspoken_chars", "notice"])
            submission.add_segments(generation, pieces)
            call_worker(Generation.objects.filter(pk=generation.pk))
    return True
