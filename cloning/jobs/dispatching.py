"""Tells workers that there is something to do: by a hint, and in a fleet by a message (ADR 32)."""

from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from cloning.jobs.notifications import WORK, notify
from cloning.models import Generation


def call_worker(generations: QuerySet[Generation]) -> None:
    """There is one thing more to do of these, once the transaction is committed. Never raises, and waits a second
    or two at most."""
    notify(WORK)
    if settings.CELERY_BROKER_URL:
        from cloning.jobs.fleet import messages

        transaction.on_commit(partial(messages.send_for, generations), robust=True)


def call_workers() -> None:
    """Many may have something to do now: a voice is known, say."""
    notify(WORK)
    if settings.CELERY_BROKER_URL:
        from cloning.jobs.fleet import messages

        transaction.on_commit(messages.replenish, robust=True)
