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


LISTED, ELSEWHERE = "http://localhost:5173", "https://evil.example"


@pytest.mark.parametrize(
    "headers, allowed",
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": LISTED, "Sec-Fetch-Site": "cross-site"}, True),
        ({"Origin": ELSEWHERE, "Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": "null"}, False),
    ],
)
def test_posts_of_other_sites(headers: dict[str, str], allowed: bool, api, db) -> None:
    response = api.post("/api/v1/voice-clone/generate", {"text": "Good morning."}, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (
        (422, "reference_missing") if allowed else (403, "origin_not_allowed")
    )


@pytest.mark.parametrize("trusted", [True, False])
def test_only_an_origin_that_was_named_may_list_and_delete(
    trusted: bool, api, make_generation, settings
) -> None:
    settings.TRUSTED_ORIGINS = [LISTED] if trusted else []
    url = f"/api/v1/generations/{make_generation().pk}"
    headers = {"Origin": LISTED}
    assert api.get(url, headers=headers).status_code == 200
    listing = api.get("/api/v1/generations", headers=headers)
    assert listing.status_code == (200 if trusted else 403)
    assert listing["Access-Control-Allow-Origin"] == LISTED, "the page can read why"
    assert api.delete(url, headers=headers).status_code == (204 if trusted else 403)


@pytest.mark.parametrize("origin", [None, "http://testserver"])
def test_pages_of_the_site_and_scripts_may_list_and_delete(origin, api, make_generation) -> None:
    headers = {"Origin": origin} if origin else {}
    assert api.get("/api/v1/generations", headers=headers).status_code == 200
    assert api.delete(f"/api/v1/generations/{make_generation().pk}", headers=headers).status_code == 204


def test_other_sites_may_not_list(api, db) -> None:
    response = api.get("/api/v1/generations", headers={"Origin": ELSEWHERE})
    assert response.json()["error"]["code"] == "origin_not_allowed"
    assert not response.has_header("Access-Control-Allow-Origin")
