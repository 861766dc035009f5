"""The connection that listens. `test_postgresql.py` runs it; without PostgreSQL there is nothing here to test."""

import signal
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from cloning.jobs.notifications import WORK, Subscription, notify
from cloning.jobs.notifications.postgresql import connection_parameters
from cloning.tests.jobs.listening import listener, next_topics
from cloning.tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

LISTENING = "FROM pg_stat_activity WHERE query = 'LISTEN voiceclone' AND datname = current_database()"


@pytest.fixture
def outside() -> Iterator["psycopg.Connection[tuple[int]]"]:
    """A connection to another database of the server."""
    with psycopg.connect(**{**connection_parameters(), "dbname": "postgres"}, autocommit=True) as other:
        yield other


def count_listening() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {LISTENING}")
        return cursor.fetchone()[0]


def end_listening() -> None:
    """As a server does that restarts."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_terminate_backend(pid) {LISTENING}")
    wait_until(lambda: not count_listening())


def test_a_connection_that_broke_is_made_again(caplog) -> None:
    with Subscription() as subscription:
        end_listening()
        assert subscription.wait(2.0) == set()
        assert count_listening() == 1
        notify(WORK)
        assert next_topics(subscription) == {WORK}
    assert caplog.text.count("looks for news by itself") == 1
    wait_until(lambda: not count_listening())


def test_a_database_that_is_away_is_tried_again(outside, caplog) -> None:
    name = connection.settings_dict["NAME"]
    with Subscription() as subscription:
        assert count_listening() == 1  # and the test itself has its connection now
        try:
            outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            end_listening()
            assert subscription.wait(2.0) == set()
            with Subscription() as other:  # begun while it is away
                assert other.wait(0.5) == set()
        finally:
            outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        wait_until(lambda: not subscription.wait(0.1) and count_listening())
        notify(WORK)
        assert next_topics(subscription) == {WORK}
    assert caplog.text.count("looks for news by itself") == 2  # once each


def test_the_connection_of_a_killed_subscriber_ends() -> None:
    with listener() as killed:
        assert count_listening() == 1
        killed.process.send_signal(signal.SIGKILL)
        killed.process.wait()
        wait_until(lambda: not count_listening())


def test_a_failing_statement_is_logged_and_not_raised(caplog) -> None:
    connection.ensure_connection()
    connection.connection.close()
    notify(WORK)
    assert "Nobody was woken for work" in caplog.text
    connection.close()
