"""Deliveries are sent by workers, beside their work. A claim is a guarded UPDATE that runs out with its process.

One at a time to each address, first where nothing was sent for longest; who does not answer rests for a while, so that
nobody keeps the others waiting.
"""

import base64
import hashlib
import hmac
import logging
import random
import time
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from cloning.jobs.webhooks.outgoing import OutgoingError, post
from cloning.models import Delivery, DeliveryStatus, Webhook
from cloning.models.webhook import MAX_DELIVERY_ERROR_CHARS, SECRET_MARK

logger = logging.getLogger(__name__)

AT_ONCE = 8
"""In each worker."""
CLAIMED = timedelta(minutes=2)
PAUSES_SECONDS = (5, 60, 300, 1800, 7200, 18_000, 36_000, 36_000)
"""After each failure; after the last there is no other try. Nearly 31 hours in all."""
MAX_REST_SECONDS = 300.0
GONE = 410


def due() -> QuerySet[Delivery]:
    now = timezone.now()
    in_hand = Delivery.objects.filter(
        status=DeliveryStatus.WAITING, claim_token__isnull=False, due_at__gt=now
    )
    rested = Q(webhook__resting_until=None) | Q(webhook__resting_until__lte=now)
    waiting = Delivery.objects.filter(rested, status=DeliveryStatus.WAITING, due_at__lte=now)
    return waiting.exclude(webhook__in=in_hand.order_by().values("webhook"))


def claim_next() -> Delivery | None:
    """With its webhook."""
    in_order = due().order_by(F("webhook__served_at").asc(nulls_first=True), "due_at")
    for delivery in in_order.select_related("webhook")[:AT_ONCE]:
        now, token = timezone.now(), uuid.uuid4()
        unclaimed = Delivery.objects.filter(
            pk=delivery.pk, status=DeliveryStatus.WAITING, due_at=delivery.due_at
        )
        if unclaimed.update(claim_token=token, due_at=now + CLAIMED, attempts=F("attempts") + 1):
            Webhook.objects.filter(pk=delivery.webhook_id).update(served_at=now)
            delivery.claim_token, delivery.attempts = token, delivery.attempts + 1
            return delivery
    return None


def send_due(is_stopping: Callable[[], bool]) -> None:
    """Until there is nothing more to send. In a thread of its own."""
    in_hand: set[Future[None]] = set()
    with ThreadPoolExecutor(AT_ONCE, "deliver") as pool:
        while not is_stopping():
            while len(in_hand) < AT_ONCE and (claimed := claim_next()):
                in_hand.add(pool.submit(send, claimed))
            connection.close()
            if not in_hand:
                return
            in_hand = wait(in_hand, timeout=1.0, return_when=FIRST_COMPLETED).not_done


def send(delivery: Delivery) -> None:
    """In a thread of its own. Whatever goes wrong, the claim runs out."""
    try:
        status, error = 0, ""
        try:
            status = post(delivery.webhook.url, delivery.payload.encode(), sign(delivery, int(time.time())))
        except OutgoingError as found:
            error = str(found)
        settle(delivery, status, error)
    except DatabaseError as found:
        logger.warning("Delivery %s: the database did not answer: %s", delivery.pk, found)
    except Exception:
        logger.exception("Delivery %s", delivery.pk)
    finally:
        connection.close()


def sign(delivery: Delivery, timestamp: int) -> dict[str, str]:
    """As Standard Webhooks has it."""
    key = base64.b64decode(delivery.webhook.secret.removeprefix(SECRET_MARK))
    message_id = f"msg_{delivery.pk.hex}"
    signed = f"{message_id}.{timestamp}.{delivery.payload}".encode()
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "voice-cloning-webhooks",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def settle(delivery: Delivery, status: int, error: str) -> None:
    """What became of a claimed delivery; nothing where the claim was lost."""
    mine = Delivery.objects.filter(pk=delivery.pk, claim_token=delivery.claim_token)
    webhook, now = Webhook.objects.filter(pk=delivery.webhook_id), timezone.now()
    answer: dict[str, object] = {"claim_token": None, "response_status": status or None}
    if 200 <= status < 300:
        mine.update(status=DeliveryStatus.DELIVERED, ended_at=now, error="", **answer)
        webhook.update(failures=0, resting_until=None)
        return
    answer["error"] = (error or explain_status(status))[:MAX_DELIVERY_ERROR_CHARS]
    if status == GONE:
        webhook.update(disabled_at=now)
        Delivery.objects.filter(webhook=delivery.webhook_id, status=DeliveryStatus.WAITING).update(
            status=DeliveryStatus.FAILED, ended_at=now, **answer
        )
        return
    failures = delivery.webhook.failures + 1
    rest = min(PAUSES_SECONDS[0] * 2 ** min(failures - 1, 10), MAX_REST_SECONDS)
    webhook.update(failures=F("failures") + 1, resting_until=now + timedelta(seconds=rest))
    if delivery.attempts > len(PAUSES_SECONDS):
        mine.update(status=DeliveryStatus.FAILED, ended_at=now, **answer)
        return
    pause = PAUSES_SECONDS[delivery.attempts - 1] * random.uniform(1.0, 1.1)  # many fail together
    mine.update(due_at=now + timedelta(seconds=pause), **answer)


def explain_status(status: int) -> str:
    if 300 <= status < 400:
        return f"It answered {status}: redirects are not followed."
    return f"It answered {status}."
