"""Addresses that are told when something has ended, and what they are told."""

import secrets
import uuid
from base64 import b64encode

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cloning.models.ownership import OwnedQuerySet, owner_field

MAX_URL_CHARS = 2000
SECRET_MARK = "whsec_"  # noqa: S105  # none itself
"""How every secret begins, as Standard Webhooks has it."""
SECRET_BYTES = 32
MAX_DELIVERY_ERROR_CHARS = 200


class WebhookEvent(models.TextChoices):
    """What one may be told of."""

    COMPLETED = "generation.completed", _("A generation is finished")
    FAILED = "generation.failed", _("A generation has failed")
    CANCELED = "generation.canceled", _("A generation was stopped")
    BATCH_COMPLETED = "batch.completed", _("A batch is finished")


PING = "ping"
"""The event of a delivery that somebody asks for to try it out."""


def make_webhook_secret() -> str:
    return SECRET_MARK + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


class WebhookQuerySet(OwnedQuerySet["Webhook"]):
    def telling(self) -> "WebhookQuerySet":
        """Those whose address has not said that it is gone."""
        return self.filter(disabled_at=None)


class Webhook(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = owner_field()
    url = models.CharField("address", max_length=MAX_URL_CHARS)
    secret = models.CharField(
        max_length=64, default=make_webhook_secret, editable=False, help_text="Signs; shown once."
    )
    events = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    disabled_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When its address said that it is gone (410)."
    )
    served_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When something was last sent to it."
    )
    failures = models.PositiveIntegerField(default=0, editable=False, help_text="Since something arrived.")
    resting_until = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="After failures, so that others are not kept waiting.",
    )

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.url

    @property
    def event_labels(self) -> list[str]:
        return [str(WebhookEvent(event).label) for event in self.events]


class DeliveryStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")


class Delivery(models.Model):
    """Something to be told, inserted in the transaction in which it happened. Its id tells it from others."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=32)
    payload = models.TextField(help_text="JSON, as it is sent.")
    created_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=9, choices=DeliveryStatus, default=DeliveryStatus.WAITING)
    due_at = models.DateTimeField(
        default=timezone.now, help_text="While it is claimed: when whoever sends it is taken for dead."
    )
    claim_token = models.UUIDField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    response_status = models.PositiveIntegerField(null=True, blank=True)
    error = models.CharField(max_length=MAX_DELIVERY_ERROR_CHARS, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(status="waiting"), name="deliveries_that_wait"
            ),
            models.Index(fields=["webhook", "-created_at"], name="deliveries_of_a_webhook"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook_id}: {self.status}"
