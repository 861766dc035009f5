"""Hints through the database itself: LISTEN on a connection of its own, NOTIFY on the thread's.

LISTEN needs a session: behind a pooler that lends a connection for a transaction only, nobody is woken.
"""

import os
from typing import Any

import psycopg
from django.db import connection

CHANNEL = "voiceclone"
CONNECT_SECONDS = 3
KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""A router that forgot a connection on which hardly anything is said would never tell."""


def send(topic: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, topic])


def connection_parameters() -> dict[str, Any]:
    """Django's, without what is Django's own."""
    parameters = {"connect_timeout": CONNECT_SECONDS, **KEEPALIVE, **connection.get_connection_params()}
    return {name: value for name, value in parameters.items() if name not in ("cursor_factory", "context")}


class PostgresqlSource:
    """A connection that listens. Raises OSError when there is no database, after CONNECT_SECONDS at the latest."""

    def __init__(self) -> None:
        try:
            self._connection = psycopg.connect(**connection_parameters(), autocommit=True)
        except psycopg.Error as error:
            raise ConnectionError(str(error)) from error
        try:
            self._connection.execute(f"LISTEN {CHANNEL}")
        except psycopg.Error as error:
            self._connection.close()
            raise ConnectionError(str(error)) from error

    def fileno(self) -> int:
        return self._connection.fileno()

    def read(self) -> set[str]:
        topics = set()
        try:
            self._connection.pgconn.consume_input()
            while notification := self._connection.pgconn.notifies():
                topics.add(notification.extra.decode(errors="replace"))
        except psycopg.Error as error:
            raise ConnectionError(str(error)) from error
        return topics

    def is_reachable(self) -> bool:
        return not self._connection.closed

    def close(self) -> None:
        self._connection.close()

    def abandon(self) -> None:
        """Closed, it would say goodbye on the parent's socket; left open, it would outlive the parent."""
        if not self._connection.closed:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, self._connection.fileno(), inheritable=False)
            os.close(nowhere)
