from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from cloning.models import Webhook, WebhookEvent
from cloning.tests.jobs.webhooks.addresses import resolve_to
from cloning.tests.jobs.webhooks.targets import Target, listening


@pytest.fixture
def target(settings, monkeypatch) -> Iterator[Target]:
    """At told.example, which resolves to this machine; that is allowed."""
    settings.WEBHOOKS = True
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    resolve_to(monkeypatch, "127.0.0.1")
    with listening() as found:
        yield found


@pytest.fixture
def webhook(target, db) -> Webhook:
    return Webhook.objects.create(url=target.url, events=list(WebhookEvent))
