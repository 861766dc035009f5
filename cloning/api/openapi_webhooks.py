"""The calls around webhooks, as the OpenAPI document describes them."""

from typing import Any

from cloning.api.operations import NOT_FOUND, TOO_LARGE, json_of, operation, path_parameter, read
from cloning.api.serializers import UUID, Schema, schema_named
from cloning.api.webhook_serializers import DELIVERY, MADE_WEBHOOK, SUMMARY, WEBHOOK, WEBHOOKS
from cloning.jobs.webhooks.changes import MAX_WEBHOOKS
from cloning.jobs.webhooks.outgoing import TOTAL_SECONDS
from cloning.models import WebhookEvent
from cloning.models.webhook import MAX_URL_CHARS

SWITCHED_OFF = json_of("Error", "There is no such webhook of yours, or the server tells nobody (`WEBHOOKS`)")


def paths() -> dict[str, Any]:
    return {
        "/api/v1/webhooks": {
            **read(operation("Your webhooks", {"200": json_of("Webhooks"), "404": SWITCHED_OFF})),
            "post": creation(),
        },
        "/api/v1/webhooks/{id}": {
            "parameters": [path_parameter("id", UUID)],
            **read(
                operation(
                    "One webhook, and what it was told", {"200": json_of("Webhook"), "404": SWITCHED_OFF}
                )
            ),
            "delete": operation(
                "Delete a webhook, with what was still to be told to it",
                {"204": {"description": "Gone"}, "404": SWITCHED_OFF},
            ),
        },
        "/api/v1/webhooks/{id}/ping": {
            "parameters": [path_parameter("id", UUID)],
            "post": operation(
                "Send it an event `ping`, to try it out",
                {"202": json_of("Delivery", "It is sent at once"), "404": SWITCHED_OFF},
            ),
        },
    }


def creation() -> dict[str, Any]:
    return operation(
        "Have an address told when generations end",
        {
            "201": json_of("MadeWebhook", "Made; the secret is told only now"),
            "404": NOT_FOUND,
            "409": json_of("Error", f"There are {MAX_WEBHOOKS} webhooks already"),
            "413": TOO_LARGE,
            "422": json_of("Error", "A member is wrong"),
        },
        description="Each event is a POST with `{type, timestamp, data}`, signed as Standard Webhooks has it "
        "(`webhook-id`, `webhook-timestamp`, `webhook-signature`). What is not answered with 2xx within "
        f"{TOTAL_SECONDS:g} seconds is sent again after growing pauses, for more than a day. It may come twice: "
        "`webhook-id` tells. Redirects are not followed; `410` ends it.",
        requestBody={
            "required": True,
            "content": {
                "application/json": {
                    "schema": schema_named("WebhookRequest"),
                    "example": {"url": "https://example.org/told", "events": ["generation.completed"]},
                }
            },
        },
    )


def schemas() -> dict[str, Schema]:
    return {
        "Webhook": WEBHOOK.schema(),
        "WebhookSummary": SUMMARY.schema(),
        "Webhooks": WEBHOOKS.schema(),
        "MadeWebhook": MADE_WEBHOOK.schema(),
        "Delivery": DELIVERY.schema(),
        "WebhookRequest": {
            "type": "object",
            "required": ["url", "events"],
            "properties": {
                "url": {"type": "string", "format": "uri", "minLength": 1, "maxLength": MAX_URL_CHARS},
                "events": {"type": "array", "minItems": 1, "items": {"enum": list(WebhookEvent)}},
            },
        },
    }
