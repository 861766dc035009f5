import pytest
from django.test import Client

from cloning.jobs import estimates
from cloning.jobs.voices import create_from
from cloning.models import Generation


@pytest.fixture
def paces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "read_pace", lambda key: estimates.Pace(0.0, 0.1))
    monkeypatch.setattr(estimates, "_paces", {})


def look(client: Client, **asked: object) -> str:
    response = client.get("/outlook/", {"chars": 500, "language": "en", **asked})
    assert response.status_code == 200
    return response.content.decode().strip()


def test_time_until_a_text_would_be_ready(client: Client, spoken: Generation, paces: None) -> None:
    voice = create_from(spoken, "Ada")
    assert look(client, voice=voice.pk) == "Ready in about 50 seconds"
    assert look(client, voice=voice.pk, chars=50, listen="on") == "Ready in a few seconds"
    assert look(client, dialogue="on") == "Ready in about 50 seconds"


@pytest.mark.parametrize(
    "asked",
    [
        {"chars": 0},
        {"chars": "x"},
        {"chars": "9" * 30},
        {"language": "xx"},
        {"voice": "nobody"},
        {"voice": "stock:x"},
    ],
)
def test_nothing_is_said_of_what_can_not_be_sent(
    client: Client, db: None, paces: None, asked: dict[str, str]
) -> None:
    assert look(client, **asked) == ""


def test_nothing_is_said_without_a_past(client: Client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "_paces", {})
    assert look(client) == ""
