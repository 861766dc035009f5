"""Hints between processes that something is new, within milliseconds and at no cost while nothing is.

A topic is a short line: "work" when there is something to be spoken, a generation's UUID when there is something new of
it. What is new stands in rows. A hint may be lost (a full pipe, a database that restarts, a process just starting), so
whoever waits also looks by itself, once a second.

On SQLite all processes are on one machine, and each subscription is a named pipe under STORAGE_ROOT; on PostgreSQL it
is a connection of its own that listens. Elsewhere, and where neither can be had, nobody is woken and looking is all.
"""

import logging
from functools import partial

from django.db import Error as DatabaseError
from django.db import connection

from cloning.jobs.notifications import fifos
from cloning.jobs.notifications.arrivals import Arrivals
from cloning.jobs.notifications.subscription import Subscription

__all__ = ["MAX_TOPIC_BYTES", "WORK", "Arrivals", "Subscription", "notify"]

logger = logging.getLogger(__name__)

WORK = "work"
MAX_TOPIC_BYTES = 200


def notify(topic: str) -> None:
    """Wakes all who wait for the topic; in a transaction, once it is committed. Never raises, never waits for a reader.

    A topic is one line of at most MAX_TOPIC_BYTES. On PostgreSQL it is a statement on the thread's own connection.
    """
    # After the commit on PostgreSQL too: a commit with NOTIFY in it takes a lock that all others with one wait for.
    if connection.in_atomic_block:
        connection.on_commit(partial(send, topic), robust=True)
    else:
        send(topic)


def send(topic: str) -> None:
    try:
        if not 0 < len(topic.encode()) <= MAX_TOPIC_BYTES or not topic.isprintable():
            raise ValueError(f"{topic[:MAX_TOPIC_BYTES]!r} is no topic")
        if connection.vendor == "sqlite":
            fifos.send(topic)
        elif connection.vendor == "postgresql":
            from cloning.jobs.notifications import postgresql  # psycopg takes a third of a second to import

            postgresql.send(topic)
    except (DatabaseError, OSError) as error:
        logger.warning("Nobody was woken for %s: %s", topic, error)
    except Exception:
        logger.exception("Nobody was woken")
