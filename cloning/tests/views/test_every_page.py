"""What has to hold for every page."""

import re

import pytest
from django.test import Client

from cloning.errors import ErrorCode
from cloning.jobs import state, takes
from cloning.jobs.voices import create_from
from cloning.models import Generation, Voice
from cloning.tests.pages import ATTACK, HTMX, Page
from cloning.tests.speaking import claim_take
from cloning.views import context


@pytest.mark.parametrize("status", ["queued", "running", "failed", "cancelled", "succeeded"])
def test_every_control_has_a_name_and_every_id_is_unique(
    status: str, browser, make_generation, spoken
) -> None:
    create_from(spoken, "Ada")
    found = spoken if status == "succeeded" else make_generation()
    if status in ("running", "failed"):
        take = claim_take(found)
    if status == "failed":
        takes.fail(take, ErrorCode.SYNTHESIS_FAILED, "It did not work.")
    if status == "cancelled":
        state.cancel(found)
    for path in ("/", "/history/", found.get_absolute_url()):
        page = Page(browser.get(path))
        for control in page.controls:
            named = control.get("aria-label") or control.get("id") in page.label_targets
            assert named or "data-reference-player" in control, control
        assert len(page.ids) == len(set(page.ids)), path
    names = {control.get("name") for control in Page(browser.get("/")).controls}
    assert {"reference", "voice", "text", "language", "speed", "temperature", "seed", "format"} <= names


def test_descriptions_that_controls_point_to_exist(browser, submit, db) -> None:
    for response in (browser.get("/"), submit((), text="")):
        page = Page(response)
        pointed = " ".join(control.get("aria-describedby") or "" for control in page.controls).split()
        assert pointed
        assert set(pointed) <= set(page.ids)


@pytest.mark.parametrize("engine, says", [("preview", "this is not a clone"), ("xtts_v2", "XTTS v2")])
def test_every_page_says_which_engine_speaks(
    engine: str, says: str, browser, settings, make_generation
) -> None:
    settings.ENGINE = engine
    for path in ("/", "/history/", make_generation().get_absolute_url(), "/nothing"):
        body = browser.get(path).content.decode()
        assert says in body
        assert ("not a clone" in body) == (engine == "preview")


def test_nothing_that_was_typed_becomes_markup(browser, submit, make_generation, db) -> None:
    submit(text=f'{ATTACK} "onload=alert(1)', name=f"{ATTACK}.wav")
    generation = Generation.objects.get()
    takes.fail(claim_take(generation), ErrorCode.SYNTHESIS_FAILED, f"No sound for “{ATTACK}”.")
    voice = create_from(generation, ATTACK)
    pages = [
        browser.get("/"),
        browser.get("/history/"),
        browser.get(generation.get_absolute_url()),
        browser.get(generation.get_absolute_url(), headers=HTMX),
        submit(text=ATTACK, speed="99"),
        submit(language=ATTACK),
        submit((), voice=ATTACK),
        browser.post(f"{generation.get_absolute_url()}voice/", {"name": ATTACK}, follow=True),
        browser.get(f"/{ATTACK}"),
    ]
    assert voice.name in "".join(Page(pages[0]).texts.values()), "shown, as text"
    for response in pages:
        assert ATTACK not in response.content.decode()
        assert '"onload' not in response.content.decode()


@pytest.mark.parametrize("path", ["", "cancel/", "resume/", "delete/", "star/", "voice/"])
def test_posts_of_other_sites_are_refused(path: str, make_generation, clips) -> None:
    generation = make_generation()
    strict = Client(enforce_csrf_checks=True)
    url = generation.get_absolute_url() + path if path else "/"
    data = {"text": "Good morning.", "name": "Ada"}
    refused = strict.post(url, data)
    assert refused.status_code == 403
    assert "expired" in refused.content.decode(), "a page that says what to do"
    generation.refresh_from_db()
    assert (Generation.objects.count(), Voice.objects.count(), generation.status) == (1, 0, "queued")
    home = strict.get("/").content.decode()
    tokens = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', home)
    assert len(tokens) == home.count('method="post"')
    token = tokens[0]
    assert strict.post(url, {**data, "csrfmiddlewaretoken": token}).status_code != 403
    assert strict.post("/", data, headers={**HTMX, "X-CSRFToken": token}).status_code != 403


def test_nothing_is_loaded_from_elsewhere(browser, spoken) -> None:
    for path in ("/", "/history/", spoken.get_absolute_url()):
        body = browser.get(path).content.decode()
        assert not re.search(r'(src|href|action)="(https?:)?//', body)
        assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>|\son\w+=", body), (
            "the policy allows no inline script"
        )


@pytest.mark.parametrize(
    "path, found", [("/voices/", "voices"), ("/", "studio"), ("a:1", ""), ("", "studio")]
)
def test_place_of_any_path(path: str, found: str, rf) -> None:
    request = rf.get("/")
    request.path = path  # CONNECT has one without a slash
    assert context.place(request) == {"place": found}
