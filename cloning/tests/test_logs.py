"""What of requests comes into the log of the server."""

import io
import logging
from collections.abc import Callable

import pytest
from django.test import Client

from cloning import logs
from cloning.models.api_key import PREFIX_CHARS, make_secret
from cloning.throttling import Throttle


@pytest.fixture
def log(monkeypatch) -> Callable[[], list[str]]:
    """The lines that the server's handler writes for what Django logs.

    Alone: the handler of this process counts what all tests before had logged, and shortens the same record.
    """
    handler = logging.StreamHandler(stream := io.StringIO())
    handler.addFilter(logs.Brief())
    monkeypatch.setattr(logging.getLogger("django"), "handlers", [handler])
    return lambda: stream.getvalue().splitlines()


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False)


def test_a_refused_host_is_one_line(browser, log, db) -> None:
    assert browser.get("/", headers={"host": "elsewhere.example"}).status_code == 400
    (line,) = log()
    assert line.startswith("Invalid HTTP_HOST header: 'elsewhere.example'.")


def test_a_long_host_is_a_short_line(browser, log, db) -> None:
    browser.get("/", headers={"host": "x" * 5000})
    assert [len(line) for line in log()] == [logs.MAX_CHARS + 1]


@pytest.mark.parametrize("host", ["elsewhere.example", "testserver"])
def test_many_requests_do_not_fill_the_disk(host, browser, monkeypatch, db) -> None:
    throttle = Throttle(3, 3600)
    monkeypatch.setattr(logs, "Throttle", lambda *_: throttle)
    handler = logging.StreamHandler(stream := io.StringIO())
    handler.addFilter(logs.Brief())
    monkeypatch.setattr(logging.getLogger("django"), "handlers", [handler])
    for _ in range(50):
        browser.get("/nothing", headers={"host": host})
    assert len(stream.getvalue().splitlines()) == 3
    throttle._due.clear()
    browser.get("/nothing", headers={"host": host})
    assert stream.getvalue().splitlines()[-1].endswith(" (47 more were not logged)")


@pytest.mark.parametrize("path", ["/{}/speakers", "/v1/{}", "/xtts/speakers/{}"])
def test_key_in_an_address_that_is_mistyped_is_cut_short(path, browser, monkeypatch, settings, db) -> None:
    names = settings.LOGGING["handlers"]["console"]["filters"]
    assert settings.LOGGING["filters"][names[0]] == {"()": "cloning.logs.WithoutKeys"}
    handler = logging.StreamHandler(stream := io.StringIO())
    handler.addFilter(logs.WithoutKeys())
    monkeypatch.setattr(logging.getLogger("django"), "handlers", [handler])
    secret = make_secret()
    assert browser.get(path.format(secret)).status_code == 404
    assert secret[PREFIX_CHARS:] not in stream.getvalue()
    assert f"{secret[:PREFIX_CHARS]}…" in stream.getvalue()


def test_a_busy_database_is_one_line_with_the_reason(browser, log, lock_database, make_generation) -> None:
    generation = make_generation()
    lock_database()
    assert browser.post(f"{generation.get_absolute_url()}delete/").status_code == 503
    (line,) = log()
    assert line == f"Service Unavailable: {generation.get_absolute_url()}delete/ (database is locked)"


def test_an_error_of_the_program_keeps_its_trace(browser, log, monkeypatch, db) -> None:
    monkeypatch.delattr("cloning.views.studio.RECENT")
    assert browser.get("/").status_code == 500
    assert "Traceback (most recent call last):" in log()
    assert "NameError" in log()[-1]


def test_the_site_logs_through_this_filter(settings) -> None:
    assert settings.LOGGING["handlers"]["console"]["filters"][:2] == ["without_keys", "brief"]
    assert settings.LOGGING["filters"]["brief"]["()"] == "cloning.logs.Brief"
