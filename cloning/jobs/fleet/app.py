"""The Celery application: how messages travel. What they are for is in `messages.py`, who gets them in `worker.py`."""

from typing import Any
from urllib.parse import urlsplit

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings
from kombu import Exchange, Queue

from cloning.engines import registry
from cloning.jobs.scheduling import Kind

PUBLISH_SECONDS = 1.0  # for a connection, and for a message
WORKER_SECONDS = 3.0  # for an answer that nobody waits for
PUBLISH_RETRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
"""Once, at once: a connection that was kept may be one of before the broker's restart."""


def queue_of(engine: str, kind: Kind) -> Queue:
    """By the default exchange, which routes by the queue's name: nothing to be bound, nothing to be lost."""
    name = f"speak.{engine}.{kind}"
    return Queue(name, Exchange("", type="direct"), routing_key=name)


def transport_options(broker_url: str, answer_seconds: float = PUBLISH_SECONDS) -> dict[str, Any]:
    if urlsplit(broker_url).scheme.startswith("amqp"):
        return {"write_timeout": answer_seconds}
    return {
        # A message that was not acknowledged for so long is given to another. No take is spoken for longer.
        "visibility_timeout": settings.DEADLINE_SECONDS + 60,
        "socket_connect_timeout": PUBLISH_SECONDS,
        "socket_timeout": answer_seconds,
    }


def make_app() -> Celery:
    app = Celery("voiceclone", broker=settings.CELERY_BROKER_URL)
    engine = registry.selected()
    app.conf.update(
        broker_connection_timeout=PUBLISH_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=transport_options(settings.CELERY_BROKER_URL),
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_default_delivery_mode="transient",  # what a restart of the broker loses is sent again
        task_queues=[queue_of(engine.name, kind) for kind in Kind],
        task_default_queue=queue_of(engine.name, Kind.BATCH).name,
        worker_pool="threads",  # they share one model, and nothing is forked after it is loaded
        worker_concurrency=engine.takes_at_once,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,  # the claim stands in the row
        worker_send_task_events=True,  # for Flower
        worker_hijack_root_logger=False,
        timezone=settings.TIME_ZONE,
    )
    return app


@setup_logging.connect
def keep_logging(**_: object) -> None:
    """Who listens to this signal has set up the logging: Django has, by the settings."""


app = make_app()
