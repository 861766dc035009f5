"""What a browser is shown when something is not there, or the server can't do it now."""

from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from cloning.models import Generation
from cloning.tests.pages import HTMX
from cloning.tests.wrong_requests import UNKNOWN_ID


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_deleting_with_a_fill_database(headers, fill_database, make_generation, browser) -> None:
    generation = make_generation()
    fill_database("UPDATE", "cloning_generation")
    response = browser.post(f"{generation.get_absolute_url()}delete/", headers=headers)
    assert (response.status_code, response["Retry-After"]) == (503, "300")
    said = "The server&#x27;s disk is full. Nothing is lost: try again later."
    assert (said.replace("&#x27;", "'") if headers else said) in response.content.decode()
    assert response["Content-Type"].startswith("text/plain" if headers else "text/html")
    assert Generation.objects.count() == 1


@pytest.mark.parametrize("action", ["cancel", "delete", "voice"])
def test_acting_with_a_locked_database(action, lock_database, make_generation, browser) -> None:
    generation = make_generation()
    lock_database()
    response = browser.post(f"{generation.get_absolute_url()}{action}/", {"name": "Ada"})
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "The server&#x27;s database is busy." in response.content.decode()


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_generating_with_a_locked_database_keeps_the_text(headers, lock_database, browser, upload) -> None:
    lock_database()
    data = {"text": "Keep me.", "language": "en", "reference": upload()}
    response = browser.post("/", data, headers=headers)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    body = response.content.decode()
    assert "The server&#x27;s database is busy. Nothing is lost: try again later." in body
    assert "Keep me.</textarea>" in body
    assert ("<html" in body) != bool(headers)


def test_signing_in_with_a_locked_database(lock_database, admin_user, browser) -> None:
    lock_database()
    response = browser.post("/admin/login/", {"username": "admin", "password": "password"})
    assert (response.status_code, response["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("path", ["/admin/", "/api/v1/languages"])
def test_session_that_can_not_be_written(path, lock_database, admin_client, settings) -> None:
    """The middleware writes it after the view, where only the handlers of errors see what went wrong."""
    settings.SESSION_SAVE_EVERY_REQUEST = True
    lock_database()
    admin_client.raise_request_exception = False
    response = admin_client.get(path)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    if path.startswith("/api/"):
        assert response.json()["error"]["code"] == "database_busy"


@pytest.mark.parametrize(
    "path", ["/nothing", f"/generations/{UNKNOWN_ID}/", "/generations/x/", "/%00", "/static/nothing.css"]
)
def test_page_not_found(path: str, browser, db) -> None:
    response = browser.get(path)
    assert response.status_code == 404
    assert "Traceback" not in response.content.decode()
    if not path.startswith("/static"):
        assert "There is nothing at this address" in response.content.decode()


def test_an_address_that_the_server_does_not_know_is_explained(browser, db) -> None:
    response = browser.get("/", headers={"host": "elsewhere.example"})
    assert response.status_code == 400
    assert "set ALLOWED_HOSTS" in response.content.decode()
    assert "elsewhere.example" not in response.content.decode()
    response = browser.get("/api/v1/languages", headers={"host": "elsewhere.example"})
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "bad_request"


def test_server_error_is_a_page_without_a_trace(browser, monkeypatch, db) -> None:
    def broken(*_: Any) -> None:
        raise DatabaseError("a secret of the server")

    monkeypatch.setattr("cloning.views.studio.RECENT", broken)
    response = browser.get("/")
    assert response.status_code == 500
    assert "Something went wrong on the server" in response.content.decode()
    assert "secret" not in response.content.decode()


def test_posting_to_the_page_of_the_api_is_answered_as_the_api_does(db) -> None:
    response = Client(enforce_csrf_checks=True).put("/api/", headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "origin_not_allowed"
