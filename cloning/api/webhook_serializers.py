"""Webhooks and their deliveries as the API answers with them."""

from collections.abc import Sequence

from cloning.api.serializers import (
    STRING,
    TIME,
    UUID,
    Field,
    Serializer,
    format_rfc3339,
    list_of,
    nullable,
    schema_named,
)
from cloning.models import Delivery, DeliveryStatus, Webhook, WebhookEvent

SHOWN_DELIVERIES = 20
INTEGER = {"type": "integer"}

DELIVERY = Serializer[Delivery](
    Field(
        "id",
        {**STRING, "description": "As in the header `webhook-id`: the same each time it is sent"},
        lambda row, _: f"msg_{row.pk.hex}",
    ),
    Field("event", STRING, lambda row, _: row.event),
    Field("status", {"enum": list(DeliveryStatus)}, lambda row, _: row.status),
    Field("attempts", INTEGER, lambda row, _: row.attempts),
    Field("response_status", nullable(INTEGER), lambda row, _: row.response_status),
    Field("error", nullable(STRING), lambda row, _: row.error or None),
    Field("created_at", TIME, lambda row, _: format_rfc3339(row.created_at)),
    Field(
        "next_attempt_at",
        nullable(TIME),
        lambda row, _: format_rfc3339(row.due_at) if row.status == DeliveryStatus.WAITING else None,
    ),
    Field("ended_at", nullable(TIME), lambda row, _: format_rfc3339(row.ended_at)),
)

FIELDS: list[Field[Webhook]] = [
    Field("id", UUID, lambda hook, _: str(hook.pk)),
    Field("url", STRING, lambda hook, _: hook.url),
    Field("events", list_of({"enum": list(WebhookEvent)}), lambda hook, _: hook.events),
    Field("created_at", TIME, lambda hook, _: format_rfc3339(hook.created_at)),
    Field(
        "disabled_at",
        {**nullable(TIME), "description": "When its address answered 410: it is told nothing more"},
        lambda hook, _: format_rfc3339(hook.disabled_at),
    ),
]
SUMMARY = Serializer[Webhook](*FIELDS)
WEBHOOK = Serializer[Webhook](
    *FIELDS,
    Field(
        "deliveries",
        {**list_of(schema_named("Delivery")), "description": f"The last {SHOWN_DELIVERIES}, newest first"},
        lambda hook, request: [
            DELIVERY.serialize(each, request) for each in hook.deliveries.all()[:SHOWN_DELIVERIES]
        ],
    ),
)
MADE_WEBHOOK = Serializer[Webhook](
    *FIELDS,
    Field(
        "secret",
        {**STRING, "description": "What deliveries are signed with: it is told only now"},
        lambda hook, _: hook.secret,
    ),
)
WEBHOOKS = Serializer[Sequence[Webhook]](
    Field(
        "results",
        list_of(schema_named("WebhookSummary")),
        lambda hooks, request: [SUMMARY.serialize(hook, request) for hook in hooks],
    ),
)
