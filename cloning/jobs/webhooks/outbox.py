"""What is told: rows that are inserted in the transaction in which something ends, so that each is told of."""

import json
import uuid
from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.notifications import WORK, notify
from cloning.models import PING, Batch, Delivery, DeliveryStatus, Generation, Status, Webhook, WebhookEvent

EVENTS = {
    Status.SUCCEEDED: WebhookEvent.COMPLETED,
    Status.FAILED: WebhookEvent.FAILED,
    Status.CANCELLED: WebhookEvent.CANCELED,
}
KEPT = timedelta(days=7)
"""How long it can be seen what became of a delivery."""
GIVEN_UP = timedelta(days=3)
MAX_WAITING_PINGS = 3


def announce(generation: Generation) -> None:
    """That a generation has ended, in the transaction in which it does. Samples of voices are nobody's business."""
    if not settings.WEBHOOKS or generation.sample_of_id:
        return
    row = Generation.objects.defer("text", "peaks").get(pk=generation.pk)
    if event := EVENTS.get(Status(row.status)):
        found = Webhook.objects.telling().filter(owner=row.owner_id)
        insert(event, [each for each in found if event in each.events], describe_generation(row))


def announce_batch(batch: Batch) -> None:
    """That all of its rows have ended, in the transaction that finds it."""
    found = Webhook.objects.telling().filter(owner=batch.owner_id)
    event = WebhookEvent.BATCH_COMPLETED
    data = {
        "id": str(batch.pk),
        "name": batch.name,
        "total": batch.total,
        "created_at": write_time(batch.created_at),
        "status_url": settings.BASE_URL + reverse("api-batch", args=[batch.pk]),
        "archive_url": settings.BASE_URL + reverse("api-batch-archive", args=[batch.pk]),
    }
    insert(event, [each for each in found if event in each.events], data)


def ping(webhook: Webhook) -> Delivery:
    """Something to try it out with. Raises GenerationError (TOO_OFTEN)."""
    waiting = webhook.deliveries.filter(event=PING, status=DeliveryStatus.WAITING)
    if waiting.count() >= MAX_WAITING_PINGS:
        raise GenerationError(ErrorCode.TOO_OFTEN, "Tests are waiting to be sent there: wait for them.")
    [delivery] = insert(PING, [webhook], {"webhook": str(webhook.pk)})
    return delivery


def insert(event: str, webhooks: Iterable[Webhook], data: dict[str, Any]) -> list[Delivery]:
    now = timezone.now()
    payload = json.dumps({"type": event, "timestamp": write_time(now), "data": data}, ensure_ascii=False)
    rows = [Delivery(webhook=each, event=event, payload=payload, due_at=now) for each in webhooks]
    if rows:
        Delivery.objects.bulk_create(rows)
        notify(WORK)
    return rows


def describe_generation(row: Generation) -> dict[str, Any]:
    """What can be asked for with the id is left out; the text is nobody's whose address was mistyped."""
    file = f"{row.pk}.{row.audio_format}"
    return {
        "id": str(row.pk),
        "batch_id": str(row.batch_id) if row.batch_id else None,
        "status": row.status,
        "language": row.language,
        "engine": row.engine or None,
        "format": row.audio_format,
        "duration_seconds": row.duration_seconds,
        "created_at": write_time(row.created_at),
        "finished_at": write_time(row.finished_at) if row.finished_at else None,
        "status_url": settings.BASE_URL + reverse("api-generation", args=[row.pk]),
        "download_url": f"{settings.BASE_URL}/api/v1/files/{file}"
        if row.status == Status.SUCCEEDED
        else None,
        "error": {"code": row.error_code, "message": row.error_message} if row.error_code else None,
    }


def forget_failures(ids: Collection[uuid.UUID]) -> None:
    """What was told of these generations and may say some of their text."""
    wanted = {str(pk) for pk in ids}
    told = Delivery.objects.filter(event=WebhookEvent.FAILED).values_list("pk", "payload")
    found = [pk for pk, payload in told.iterator() if json.loads(payload)["data"]["id"] in wanted]
    Delivery.objects.filter(pk__in=found).delete()


def write_time(moment: Any) -> str:
    return str(moment.isoformat(timespec="seconds").replace("+00:00", "Z"))


def forget_old() -> None:
    """What has waited too long is given up; what has ended is forgotten after a while."""
    now = timezone.now()
    waiting = Delivery.objects.filter(status=DeliveryStatus.WAITING, created_at__lt=now - GIVEN_UP)
    waiting.filter(due_at__lt=now).update(status=DeliveryStatus.FAILED, claim_token=None, ended_at=now)
    Delivery.objects.filter(created_at__lt=now - KEPT).exclude(status=DeliveryStatus.WAITING).delete()
