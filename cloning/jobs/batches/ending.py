"""When a batch is completed. Knows nothing of how its rows are spoken, so that what ends them may ask."""

import uuid

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cloning.jobs.webhooks.outbox import announce, announce_batch
from cloning.models import Batch, Generation


def announce_end(generation: Generation) -> None:
    """In the transaction in which a generation ends."""
    announce(generation)
    if generation.batch_id:
        complete(generation.batch_id)


def complete(pk: uuid.UUID) -> bool:
    """Where the last of its rows has ended: once, and it is told. Of two that end at once one waits here."""
    with transaction.atomic():
        batch = Batch.objects.select_for_update().filter(pk=pk, completed_at=None).first()
        if batch is None or Generation.objects.active().filter(batch=pk).exists():
            return False
        batch.completed_at, batch.address = timezone.now(), ""
        batch.save(update_fields=["completed_at", "address"])
        if settings.WEBHOOKS:
            announce_batch(batch)
    return True


def complete_all() -> None:
    """Those whose last rows were deleted, say."""
    for pk in Batch.objects.filter(completed_at=None).values_list("pk", flat=True):
        complete(pk)
