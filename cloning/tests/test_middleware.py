import pytest
from django.test import Client

from cloning.middleware import POLICY

BEYOND = str(5 * 25 * 1024**2 + 2 * 1024**2)


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1/languages", "/admin/login/"])
def test_content_security_policy_on_every_answer(path: str, client, db) -> None:
    policy = client.get(path)["Content-Security-Policy"]
    assert dict(each.split(" ", 1) for each in policy.split("; ")) == POLICY
    assert "script-src" not in policy, "default-src 'self' allows no inline script"
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1/languages", "/admin/login/"])
def test_headers_that_keep_browsers_strict(path: str, client, db) -> None:
    response = client.get(path)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"


def test_too_large_a_body_is_json_for_programs(client, db) -> None:
    response = client.generic("POST", "/api/v1/voice-clone/generate", b"", CONTENT_LENGTH=BEYOND)
    assert response.status_code == 413
    assert response.json()["error"] == {
        "code": "request_too_large",
        "message": "The request is larger than 126 MB.",
        "field": None,
    }


def test_too_large_a_body_is_a_page_for_people(client, db) -> None:
    response = client.generic("POST", "/", b"", CONTENT_LENGTH=BEYOND)
    assert response.status_code == 413
    assert "larger than 126 MB" in response.content.decode()
    assert response["Content-Type"].startswith("text/html")


def test_limit_follows_the_settings(client, db, settings) -> None:
    settings.MAX_REFERENCE_MB = 1
    response = client.generic("POST", "/api/v1/voice-clone/generate", b"", CONTENT_LENGTH=str(7 * 1024**2))
    assert response.status_code == 413


@pytest.mark.parametrize("length", ["", "abc", "-5", "1e3", "²"])
def test_content_length_that_is_no_number(length: str, db) -> None:
    response = Client(raise_request_exception=False).generic(
        "POST", "/api/v1/languages", b"", CONTENT_LENGTH=length
    )
    assert response.status_code == 405


def test_pages_of_another_site_can_not_read_too_large_answers(client, db) -> None:
    """The refusal carries CORS headers for listed origins alone, as every other answer."""
    for origin, allowed in (("http://localhost:5173", True), ("https://evil.example", False)):
        response = client.generic(
            "POST", "/api/v1/voice-clone/generate", b"", CONTENT_LENGTH=BEYOND, headers={"Origin": origin}
        )
        assert response.has_header("Access-Control-Allow-Origin") == allowed


def test_pages_are_compressed_and_nothing_else_is(client, spoken) -> None:
    headers = {"accept-encoding": "gzip"}
    assert client.get("/", headers=headers)["Content-Encoding"] == "gzip"
    for path in ("/api/v1/languages", "/api/v1/openapi.json", f"/api/v1/files/{spoken.pk}.wav"):
        assert "Content-Encoding" not in client.get(path, headers=headers), path


@pytest.mark.parametrize(
    ("sent", "is_taken"),
    [("from-the-proxy.1", True), ("", False), ("two words", False), ("x" * 65, False), ("ü", False)],
)
def test_a_request_has_a_name(sent: str, is_taken: bool, client, db) -> None:
    named = client.get("/api/v1/languages", headers={"X-Request-ID": sent})["X-Request-ID"]
    assert (named == sent) == is_taken
    assert is_taken or len(named) == 32
