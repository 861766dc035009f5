"""A generation: how it is going, cancel, delete."""

import re

import pytest

from cloning.jobs import state
from cloning.jobs.state import Progress
from cloning.models import Generation, Stage
from cloning.tests.pages import HTMX, Page
from cloning.tests.wrong_requests import UNKNOWN_ID


def test_poll(browser, make_generation) -> None:
    generation = make_generation()
    state.claim(generation)
    state.report(generation, Progress(Stage.SPEAKING, 1, 3, 0.33))
    url = generation.get_absolute_url()
    progress = browser.get(url, headers=HTMX)
    body = progress.content.decode()
    assert "1 of 3 segments" in body
    assert 'value="0.33"' in body
    seen = re.findall(r'name="seen" value="([^"]+)"', body)[0]
    nothing_new = browser.get(url, {"seen": seen}, headers=HTMX)
    assert (nothing_new.status_code, nothing_new.content) == (204, b"")
    state.report(generation, Progress(Stage.SPEAKING, 2, 3, 0.67))
    assert "2 of 3 segments" in browser.get(url, {"seen": seen}, headers=HTMX).content.decode()


@pytest.mark.parametrize("end", ["succeed", "fail", "cancel"])
def test_poll_of_what_ended_brings_the_whole_card(end: str, browser, make_generation, request) -> None:
    if end == "succeed":
        generation = request.getfixturevalue("spoken")
    else:
        generation = make_generation()
        state.claim(generation)
        state.fail(generation, "synthesis_failed", "It did not work.") if end == "fail" else state.cancel(
            generation
        )
    response = browser.get(generation.get_absolute_url(), headers=HTMX)
    assert response["HX-Retarget"] == f"#generation-{generation.pk}"
    assert response["HX-Reswap"] == "outerHTML"
    body = response.content.decode()
    assert "every 1s" not in body, "polling ends"
    announced = {
        "succeed": "Finished: 3 seconds of speech.",
        "fail": "It did not work.",
        "cancel": "Cancelled",
    }
    assert announced[end] in Page(response).texts["announcer"]


def test_poll_of_what_was_deleted_ends(browser, db) -> None:
    assert browser.get(f"/generations/{UNKNOWN_ID}/", headers=HTMX).status_code == 286


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_cancel(headers: dict[str, str], browser, make_generation) -> None:
    generation = make_generation()
    response = browser.post(f"{generation.get_absolute_url()}cancel/", headers=headers)
    generation.refresh_from_db()
    assert generation.status == "cancelled"
    assert response.status_code == (200 if headers else 302)
    if headers:
        assert response["HX-Retarget"] == f"#generation-{generation.pk}"


def test_cancel_of_what_is_finished_changes_nothing(browser, spoken) -> None:
    browser.post(f"{spoken.get_absolute_url()}cancel/")
    spoken.refresh_from_db()
    assert spoken.status == "succeeded"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("headers", [HTMX, {}])
def test_delete(headers: dict[str, str], browser, spoken, stored_files) -> None:
    response = browser.post(f"{spoken.get_absolute_url()}delete/", headers=headers)
    assert response.status_code == (200 if headers else 302)
    assert not Generation.objects.exists()
    assert stored_files() == []


def test_delete_from_its_own_page_leads_home(browser, spoken) -> None:
    headers = {**HTMX, "HX-Current-URL": f"http://testserver{spoken.get_absolute_url()}"}
    assert browser.post(f"{spoken.get_absolute_url()}delete/", headers=headers)["HX-Redirect"] == "/"


@pytest.mark.parametrize("action", ["cancel", "delete", "voice"])
def test_actions_take_posts_of_existing_generations_only(action: str, browser, make_generation) -> None:
    url = f"{make_generation().get_absolute_url()}{action}/"
    for method in ("GET", "HEAD", "PUT"):
        assert browser.generic(method, url).status_code == 405
    assert browser.post(f"/generations/{UNKNOWN_ID}/{action}/").status_code == 404
    assert Generation.objects.get().status == "queued"
