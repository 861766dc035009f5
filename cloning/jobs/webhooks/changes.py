"""Every change of the webhooks."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db import transaction

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import idempotency
from cloning.jobs.audit import record
from cloning.jobs.cleanup import with_reserve
from cloning.jobs.submission import lock_queue
from cloning.models import Deed, Webhook, WebhookEvent
from cloning.storage.space import require_free_space

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MAX_WEBHOOKS = 10
"""Of one owner."""


def add(owner: "User | None", url: str, events: Collection[WebhookEvent]) -> Webhook:
    """With a secret, which is to be shown once. Raises GenerationError (TOO_MANY_WEBHOOKS)."""
    require_free_space()
    webhook = Webhook(owner=owner, url=url, events=[each.value for each in WebhookEvent if each in events])
    with transaction.atomic():
        lock_queue()  # two at once don't both take the last place
        if Webhook.objects.filter(owner=owner).count() >= MAX_WEBHOOKS:
            raise GenerationError(
                ErrorCode.TOO_MANY_WEBHOOKS, f"There are {MAX_WEBHOOKS} webhooks already: delete one first."
            )
        webhook.save(force_insert=True)
        idempotency.complete(webhook)
        record(Deed.WEBHOOK_ADDED, about=url)
    return webhook


def delete(webhook: Webhook) -> bool:
    """With what was still to be told to it. Whether it was there."""

    def remove() -> int:
        count = Webhook.objects.filter(pk=webhook.pk).delete()[0]
        if count:
            record(Deed.WEBHOOK_DELETED, about=webhook.url)
        return count

    return bool(with_reserve(remove))
