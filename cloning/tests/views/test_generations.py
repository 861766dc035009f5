"""A generation: how it is going, cancel, continue, delete."""

import re
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from cloning.errors import ErrorCode
from cloning.jobs import state, takes
from cloning.jobs.takes import Progress
from cloning.models import Generation, Stage, StoredConditioning
from cloning.tests.pages import HTMX, Page
from cloning.tests.performing import perform, work_once
from cloning.tests.speaking import THREE, claim_take, made_sound
from cloning.tests.wrong_requests import UNKNOWN_ID


def test_poll(browser, make_generation) -> None:
    generation = make_generation(text=THREE)
    take = claim_take(generation)
    takes.report(take, Progress(Stage.SPEAKING, 0.99))
    url = generation.get_absolute_url()
    progress = browser.get(url, headers=HTMX)
    body = progress.content.decode()
    assert "0 of 3 sentences" in body
    assert 'value="0.33"' in body
    seen = re.findall(r'name="seen" value="([^"]+)"', body)[0]
    nothing_new = browser.get(url, {"seen": seen}, headers=HTMX)
    assert (nothing_new.status_code, nothing_new.content) == (204, b"")
    takes.accept(take, ContentFile(b"RIFF"), made_sound())
    assert "1 of 3 sentences" in browser.get(url, {"seen": seen}, headers=HTMX).content.decode()


def test_place_in_line_is_told_and_told_anew(browser, make_generation) -> None:
    first, second = make_generation(), make_generation(text="Another text.")
    url = second.get_absolute_url()
    body = browser.get(url, headers=HTMX).content.decode()
    assert "Number 2 in line" in body
    seen = re.findall(r'name="seen" value="([^"]+)"', body)[0]
    assert browser.get(url, {"seen": seen}, headers=HTMX).status_code == 204
    state.cancel(first)
    assert "Next in line" in browser.get(url, {"seen": seen}, headers=HTMX).content.decode()


def test_bar_of_a_voice_that_is_learnt_moves(browser, make_generation) -> None:
    generation = make_generation()
    claim_take(generation)
    url = generation.get_absolute_url()
    assert 'class="learning"' not in browser.get(url, headers=HTMX).content.decode(), (
        "nothing tells how long it takes"
    )
    StoredConditioning.objects.create(set_id="x", engine_key="y", learning_seconds=100.0)
    for elapsed_seconds, value in ((40, "0.40"), (3600, "0.95")):
        started_at = timezone.now() - timedelta(seconds=elapsed_seconds)
        Generation.objects.filter(pk=generation.pk).update(started_at=started_at)
        for headers in (HTMX, {}):
            body = browser.get(url, headers=headers).content.decode()
            assert f'<progress class="learning" aria-label="Learning the voice" value="{value}">' in body


@pytest.mark.parametrize("end", ["succeed", "fail", "cancel"])
def test_poll_of_what_ended_brings_the_whole_card(end: str, browser, make_generation, request) -> None:
    if end == "succeed":
        generation = request.getfixturevalue("spoken")
    else:
        generation = make_generation()
        take = claim_take(generation)
        if end == "fail":
            takes.fail(take, ErrorCode.SYNTHESIS_FAILED, "It did not work.")
        else:
            state.cancel(generation)
    response = browser.get(generation.get_absolute_url(), headers=HTMX)
    assert response["HX-Retarget"] == f"#generation-{generation.pk}"
    assert response["HX-Reswap"] == "outerHTML"
    body = response.content.decode()
    assert "every 1s" not in body, "polling ends"
    announced = {
        "succeed": re.compile("Finished: [1-9] seconds? of speech."),
        "fail": re.compile("It did not work."),
        "cancel": re.compile("Cancelled"),
    }
    assert announced[end].search(Page(response).texts["announcer"])


def stop_after_one(generation: Generation, end: str) -> None:
    work_once(generation.pk)
    if end == "cancelled":
        state.cancel(generation)
    else:
        takes.fail(claim_take(generation), ErrorCode.SYNTHESIS_FAILED, "It did not work.")


@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_stopped_one_offers_what_is_there_and_to_go_on(end: str, browser, make_generation) -> None:
    generation = make_generation(text=THREE)
    stop_after_one(generation, end)
    url, file_url = generation.get_absolute_url(), f"/api/v1/files/{generation.pk}.wav"
    for page in (url, "/"):
        body = browser.get(page).content.decode()
        assert "Stopped at 1 of 3 sentences" in body
        assert f'action="{url}resume/"' in body
        assert f'src="{file_url}"' not in body, "it is still to be joined"
        assert ("It did not work." in body) == (end == "failed")
    card = browser.get(url, headers=HTMX).content.decode()
    assert "every 1s" in card, "until it is joined"
    seen = re.findall(r'name="seen" value="([^"]+)"', card)[0]
    assert browser.get(url, {"seen": seen}, headers=HTMX).status_code == 204
    perform(generation)
    card = browser.get(url, {"seen": seen}, headers=HTMX).content.decode()
    assert f'src="{file_url}"' in card and f'href="{file_url}?download"' in card
    assert "every 1s" not in card


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_continue(headers: dict[str, str], browser, make_generation) -> None:
    generation = make_generation(text=THREE)
    state.cancel(generation)
    response = browser.post(f"{generation.get_absolute_url()}resume/", headers=headers)
    generation.refresh_from_db()
    assert generation.status == "queued"
    if headers:
        assert response["HX-Retarget"] == f"#generation-{generation.pk}"
        assert "every 1s" in response.content.decode()
    else:
        assert (response.status_code, response["Location"]) == (302, generation.get_absolute_url())


def test_continue_from_its_own_page_shows_the_page_anew(browser, make_generation) -> None:
    generation = make_generation()
    state.cancel(generation)
    url = generation.get_absolute_url()
    headers = {**HTMX, "HX-Current-URL": f"http://testserver{url}"}
    assert browser.post(f"{url}resume/", headers=headers)["HX-Refresh"] == "true"


@pytest.mark.parametrize("path, is_awaited", [("/", False), (None, True)])
def test_who_looks_at_its_own_page_waits_for_it(path, is_awaited, browser, make_generation) -> None:
    generation = make_generation()
    url = generation.get_absolute_url()
    browser.get(url, headers={**HTMX, "HX-Current-URL": f"http://testserver{path or url}"})
    generation.refresh_from_db()
    assert generation.is_awaited == is_awaited


def test_continue_of_what_was_not_stopped_changes_nothing(browser, spoken) -> None:
    browser.post(f"{spoken.get_absolute_url()}resume/")
    spoken.refresh_from_db()
    assert spoken.status == "succeeded"


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_full_queue_says_so_and_leaves_it_stopped(headers, browser, make_generation, settings) -> None:
    generation = make_generation()
    state.cancel(generation)
    settings.MAX_QUEUED = 0
    response = browser.post(f"{generation.get_absolute_url()}resume/", headers=headers)
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert "Too many generations are waiting" in response.content.decode()
    generation.refresh_from_db()
    assert generation.status == "cancelled"


def test_another_try_is_offered_where_it_may_help(browser, make_generation) -> None:
    for code, is_offered in ((ErrorCode.TEXT_UNSPEAKABLE, False), (ErrorCode.WORKER_LOST, True)):
        generation = make_generation()
        takes.fail(claim_take(generation), code, "It did not work.")
        body = browser.get(generation.get_absolute_url()).content.decode()
        assert (f'action="{generation.get_absolute_url()}resume/"' in body) == is_offered


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


@pytest.mark.parametrize("action", ["cancel", "resume", "delete", "voice"])
def test_actions_take_posts_of_existing_generations_only(action: str, browser, make_generation) -> None:
    url = f"{make_generation().get_absolute_url()}{action}/"
    for method in ("GET", "HEAD", "PUT"):
        assert browser.generic(method, url).status_code == 405
    assert browser.post(f"/generations/{UNKNOWN_ID}/{action}/").status_code == 404
    assert Generation.objects.get().status == "queued"
