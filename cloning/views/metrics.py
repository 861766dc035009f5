"""GET /metrics, for Prometheus and whoever has METRICS_TOKEN."""

import hmac
from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from cloning.jobs.backlog import read_backlog


class BacklogCollector(Collector):
    """Gauges that are the same on every web server: of one of them they are enough."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        backlog = read_backlog()
        generations = GaugeMetricFamily("voiceclone_generations", "That wait or run", labels=["status"])
        for status, count in backlog.generations.items():
            generations.add_metric([status], count)
        workers = GaugeMetricFamily("voiceclone_workers", "That were seen lately", labels=["engine"])
        for engine, count in backlog.workers.items():
            workers.add_metric([engine], count)
        return (
            generations,
            workers,
            GaugeMetricFamily(
                "voiceclone_sentences_waiting", "To be spoken, in nobody's hand", backlog.sentences_waiting
            ),
            GaugeMetricFamily(
                "voiceclone_unspoken_characters", "Of all that waits or runs", backlog.unspoken_chars
            ),
            GaugeMetricFamily(
                "voiceclone_longest_wait_seconds",
                "Of a generation of which nothing was begun",
                backlog.longest_wait_seconds,
            ),
        )


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """404 without METRICS_TOKEN, and for whoever does not send it."""
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not hmac.compare_digest(sent.encode(), settings.METRICS_TOKEN.encode()):
        raise Http404
    registry = CollectorRegistry(auto_describe=False)
    registry.register(BacklogCollector())
    return HttpResponse(
        generate_latest(REGISTRY) + generate_latest(registry), content_type=CONTENT_TYPE_LATEST
    )
