"""Messages to a fleet. Each says no more than that there is something to do, of one sentence's size.

Whoever gets one asks the rows what that is. So a message may be lost, or come twice: of those that are missing new ones
are sent (`replenish`), and who finds nothing to do forgets the message.
"""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db.models import Count, QuerySet
from kombu import Producer, Queue
from kombu.exceptions import KombuError

from cloning.engines import registry
from cloning.jobs import joins
from cloning.jobs.fleet.app import PUBLISH_RETRY, PUBLISH_SECONDS, app, queue_of
from cloning.jobs.scheduling import KIND_FIELDS, NOT_SPEAKING_YET, Kind, for_this_engine, kind_of, waiting
from cloning.jobs.speaking import find_engine
from cloning.models import Generation, Status, Take, Worker

logger = logging.getLogger(__name__)

SPEAK = "speak"
AWAY_SECONDS = 5.0
"""For which a broker that did not answer is not asked again, so that not every request waits for it."""
MAX_AT_ONCE = 200

_ask_again_at = 0.0


def send_for(generations: QuerySet[Generation]) -> None:
    """One message for each."""

    def send_each(producer: Producer) -> None:
        alive = set(Worker.alive().order_by().values_list("engine", flat=True).distinct())
        for generation in generations.only("engine", *KIND_FIELDS):
            engine = generation.engine if generation.engine in alive else find_engine().name
            send(producer, queue_of(engine, kind_of(generation)), generation.pk)

    with_broker(send_each)


def replenish() -> None:
    """Sends what is missing for this process's engine, as after a broker lost its messages."""

    def send_missing(producer: Producer) -> None:
        for kind, count in needed.items():
            queue = queue_of(registry.selected().name, kind)
            for _ in range(min(MAX_AT_ONCE, count - count_messages(producer, queue))):
                send(producer, queue)

    if needed := count_needed():
        with_broker(send_missing)


def count_needed() -> Counter[Kind]:
    """How many messages would each find something to do here. Of a voice that is to be learnt one sentence counts."""
    waits = dict(waiting().order_by().values_list("segment__generation").annotate(Count("pk")))
    in_hand = set(Take.objects.filter(status=Status.RUNNING).values_list("segment__generation", flat=True))
    needed = Counter[Kind]()
    for generation in for_this_engine(waits).only("status", "stage", *KIND_FIELDS):
        is_first = generation.status == Status.QUEUED or generation.stage in NOT_SPEAKING_YET
        needed[kind_of(generation)] += (
            waits[generation.pk] if not is_first else 0 if generation.pk in in_hand else 1
        )
    for generation in joins.due().only(*KIND_FIELDS):
        needed[kind_of(generation)] += 1
    return +needed


def count_messages(producer: Producer, queue: Queue) -> int:
    """That nobody has got yet. The queue is made where it is not there."""

    def declare(channel: Any) -> int:
        return int(queue.bind(channel).queue_declare().message_count)

    count, _its_channel = producer.connection.autoretry(declare, **PUBLISH_RETRY)()
    return int(count)


def send(producer: Producer, queue: Queue, generation_id: uuid.UUID | None = None) -> None:
    """The generation is for people who look on; it binds nobody."""
    app.send_task(
        SPEAK,
        [str(generation_id)] if generation_id else [],
        producer=producer,
        queue=queue,
        retry=True,
        retry_policy=PUBLISH_RETRY,
        timeout=PUBLISH_SECONDS,
        ignore_result=True,
    )


def find_obstacle() -> str | None:
    """Why the broker can't be used. It is asked as often as this is called."""
    try:
        with app.connection_for_write() as broker:
            broker.ensure_connection(**PUBLISH_RETRY)
    except (KombuError, OSError) as error:
        return f"{error}."
    return None


def with_broker(act: Callable[[Producer], None]) -> None:
    """What can't be sent now is sent later, by the workers' `replenish`."""
    global _ask_again_at
    if time.monotonic() < _ask_again_at:
        return
    try:
        with app.producer_pool.acquire(block=True, timeout=PUBLISH_SECONDS) as producer:
            act(producer)
    except (KombuError, OSError) as error:
        _ask_again_at = time.monotonic() + AWAY_SECONDS
        logger.warning("The broker does not answer: %s. What is queued waits until it does.", error)
