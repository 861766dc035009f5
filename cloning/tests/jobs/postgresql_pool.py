"""Connections to PostgreSQL are kept. Called by `cloning/tests/test_postgresql.py`."""

import psycopg
import pytest
from django.db import connection

from cloning.jobs.notifications.postgresql import connection_parameters

pytestmark = pytest.mark.django_db(transaction=True)


def ask_process_id() -> int:
    """Of the server's process that answers, as a request asks: with a connection that it gives back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (found,) = cursor.fetchone()
    connection.close()
    return found


def test_connections_are_used_again(settings) -> None:
    # In turn: there are as many as were needed at one time by now, and no more than DATABASE_POOL.
    assert len({ask_process_id() for _ in range(60)}) <= settings.DATABASE_POOL


def test_one_that_the_server_ended_is_replaced_unnoticed() -> None:
    ended = ask_process_id()
    with psycopg.connect(**connection_parameters()) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [ended])
    assert ask_process_id() != ended
