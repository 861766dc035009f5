"""Calls that wait for their result."""

import re
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from cloning.api import waiting
from cloning.errors import ErrorCode
from cloning.jobs import state, takes
from cloning.models import Generation
from cloning.tests.performing import perform
from cloning.tests.speaking import claim_take

RFC3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_waiting_call_answers_with_the_result(post, api, worker) -> None:
    response = post(headers={})
    body = response.json()
    assert response.status_code == 201
    assert response["Location"] == body["status_url"] == f"/api/v1/generations/{body['id']}"
    assert (body["status"], body["progress"], body["error"]) == ("succeeded", 1.0, None)
    assert (body["engine"], body["synthetic"], body["sample_rate_hz"]) == ("preview", True, 24_000)
    assert body["download_url"] == f"/api/v1/files/{body['id']}.wav"
    assert body["absolute_download_url"] == f"http://testserver{body['download_url']}"
    assert 0.3 < body["duration_seconds"] < 5
    assert all(RFC3339_UTC.fullmatch(body[f"{name}_at"]) for name in ("created", "started", "finished"))
    assert body["created_at"] <= body["started_at"] <= body["finished_at"]
    assert api.get(body["status_url"]).json() == body


def test_wait_runs_out_and_the_work_goes_on(post, api, settings, transactional_db) -> None:
    settings.API_WAIT_SECONDS = 0.3
    response = post(headers={})
    assert response.status_code == 202
    perform(Generation.objects.get())
    assert api.get(response["Location"]).json()["status"] == "succeeded"


@pytest.fixture
def while_it_waits(monkeypatch) -> Callable[[Callable[[], object]], None]:
    """Has something done when a waiting call looks again."""

    def arrange(act: Callable[[], object]) -> None:
        clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _seconds: act())
        monkeypatch.setattr(waiting, "time", clock)

    return arrange


def test_deleted_while_a_call_waits(post, while_it_waits, db) -> None:
    while_it_waits(lambda: Generation.objects.all().delete())
    assert post(headers={}).status_code == 404


def test_cancelled_while_a_call_waits(post, while_it_waits, db) -> None:
    while_it_waits(lambda: state.cancel(Generation.objects.get()))
    response = post(headers={})
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "cancelled"


@pytest.mark.parametrize(
    "code, status, field",
    [("reference_unusable", 422, "reference"), ("text_unspeakable", 422, "text"), ("worker_lost", 500, None)],
)
def test_failed_generation(code: str, status: int, field: str | None, post, api, while_it_waits, db) -> None:
    """The waiting call says by its status whose fault it was; the status URL has done its own job well."""

    def fail() -> None:
        takes.fail(claim_take(Generation.objects.get()), ErrorCode(code), "It did not work.")

    while_it_waits(fail)
    waited = post(headers={})
    assert waited.status_code == status
    asked = api.get(waited["Location"])
    assert asked.status_code == 200
    assert asked.json() == waited.json()
    assert asked.json()["status"] == "failed"
    assert asked.json()["error"] == {"code": code, "message": "It did not work.", "field": field}
