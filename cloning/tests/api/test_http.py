"""How calls of the API fail, whichever they are, and who may call."""

from typing import Any

import pytest
from django.test import Client

from cloning.models import Generation
from cloning.tests.api_client import GENERATE, DocumentedClient
from cloning.tests.wrong_requests import UNKNOWN_ID


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


ENDPOINTS = {
    GENERATE: {"POST"},
    "/api/v1/generations": {"GET", "HEAD"},
    f"/api/v1/generations/{UNKNOWN_ID}": {"GET", "HEAD", "PATCH", "DELETE"},
    f"/api/v1/generations/{UNKNOWN_ID}/restore": {"POST"},
    f"/api/v1/generations/{UNKNOWN_ID}/cancel": {"POST"},
    f"/api/v1/generations/{UNKNOWN_ID}/resume": {"POST"},
    f"/api/v1/generations/{UNKNOWN_ID}/segments/0": {"PATCH"},
    f"/api/v1/generations/{UNKNOWN_ID}/segments/0/takes": {"POST"},
    f"/api/v1/generations/{UNKNOWN_ID}/segments/0.wav": {"GET", "HEAD"},
    f"/api/v1/generations/{UNKNOWN_ID}/segments/0.mp3": {"GET", "HEAD"},
    f"/api/v1/generations/{UNKNOWN_ID}/stream.wav": {"GET", "HEAD"},
    f"/api/v1/files/{UNKNOWN_ID}.wav": {"GET", "HEAD"},
    f"/api/v1/files/{UNKNOWN_ID}.srt": {"GET", "HEAD"},
    "/api/v1/languages": {"GET", "HEAD"},
    "/api/v1/health": {"GET", "HEAD"},
    "/api/v1/openapi.json": {"GET", "HEAD"},
}


@pytest.mark.parametrize("path, allowed", ENDPOINTS.items())
def test_wrong_method(path: str, allowed: set[str], api, db) -> None:
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} - allowed:
        response = api.generic(method, path)
        assert response.status_code == 405
        assert set(response["Allow"].split(", ")) == allowed
        if method != "HEAD":
            assert response.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v2/generations",
        "/api/v1/generations/",
        "/api/v1/generations/not-a-uuid",
        f"/api/v1/files/{UNKNOWN_ID}.exe",
        f"/api/v1/generations/{UNKNOWN_ID}/segments/x.wav",
        f"/api/v1/generations/{UNKNOWN_ID}/segments/-1",
        f"/api/v1/generations/{UNKNOWN_ID}/segments/0/takes/1",
        "/api/v1/files/../../secret_key",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_unknown_address(path: str, method: str, api, db) -> None:
    response = api.generic(method, path)
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:5174", "http://testserver.evil.example"]
)
def test_pages_of_foreign_origin_may_change_nothing(origin: str, post, api, spoken) -> None:
    assert post(headers={"Origin": origin}).json()["error"]["code"] == "origin_not_allowed"
    response = api.delete(f"/api/v1/generations/{spoken.pk}", headers={"Origin": origin})
    assert response.status_code == 403
    assert Generation.objects.count() == 1


@pytest.mark.parametrize("origin", ["http://testserver", "http://localhost:5173"])
def test_own_and_listed_origins_may(origin: str, post, db) -> None:
    assert post(headers={"Origin": origin, "Prefer": "respond-async"}).status_code == 202


def test_unexpected_exception_is_an_answer_without_a_trace(api, monkeypatch, db, caplog) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a secret of the server")

    monkeypatch.setattr("cloning.api.v1.generations.read_page", broken)
    response = api.get("/api/v1/generations")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal_error"
    assert b"secret" not in response.content and b"Traceback" not in response.content
    assert "a secret of the server" in caplog.text


def test_cors_preflight_of_a_listed_origin(api, db) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "prefer"}
    response = api.options(GENERATE, headers={"Origin": "http://localhost:5173", **asked})
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == "http://localhost:5173"
    assert "POST" in response["Access-Control-Allow-Methods"]
    assert "prefer" in response["Access-Control-Allow-Headers"]


def test_cors_headers(api, db) -> None:
    listed = api.get("/api/v1/languages", headers={"Origin": "http://localhost:5173"})
    assert listed["Access-Control-Allow-Origin"] == "http://localhost:5173"
    assert "Location" in listed["Access-Control-Expose-Headers"]
    assert "origin" in listed["Vary"].lower()
    for path, origin in (("/api/v1/languages", "https://evil.example"), ("/", "http://localhost:5173")):
        assert "Access-Control-Allow-Origin" not in api.get(path, headers={"Origin": origin})
