"""How calls of the API fail, whichever they are."""

import pytest
from django.test import Client

from cloning.models import Generation
from cloning.tests.api_client import DocumentedClient


def delete(api: DocumentedClient, generation: Generation):
    return api.delete(f"/api/v1/generations/{generation.pk}")


def test_full_database_is_no_error_of_the_server(fill_database, make_generation, api) -> None:
    generation = make_generation()
    fill_database("DELETE", "cloning_generation")
    response = delete(api, generation)
    assert (response.status_code, response["Retry-After"]) == (503, "300")
    assert response.json()["error"] == {
        "code": "storage_full",
        "message": "The server's disk is full.",
        "field": None,
    }
    assert Generation.objects.count() == 1


def test_locked_database_is_no_error_of_the_server(lock_database, make_generation, api, caplog) -> None:
    generation = make_generation()
    lock_database()
    response = delete(api, generation)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json()["error"]["code"] == "database_busy"
    assert "database_busy: database is locked" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/generations/not-a-uuid",
        "/api/v1/languages/",
        "/api/v1/generations/../../..",
        "/api/%00",
        "/api/v1/%0A",
        "/api/v1/%FF",
        "/api//",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "TRACE", "BREW"])
@pytest.mark.parametrize("debug", [True, False])
def test_unknown_address_is_json_whatever_the_path(path: str, method: str, debug: bool, settings, db) -> None:
    settings.DEBUG = debug
    response = Client(enforce_csrf_checks=True).generic(method, path)
    assert response.status_code == 404
    assert response["Content-Type"] == "application/json"
    if method != "HEAD":
        assert response.json()["error"]["code"] == "not_found"
