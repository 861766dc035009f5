"""What can be done from the history: star, delete and undo, try again, use text and settings."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cloning.errors import ErrorCode
from cloning.jobs import discarding, state, takes
from cloning.jobs.voices import create_from
from cloning.models import Generation
from cloning.tests.pages import HTMX, Page
from cloning.tests.speaking import claim_take
from cloning.tests.wrong_requests import UNKNOWN_ID

RESULTS = {**HTMX, "HX-Target": "results"}
LOOKED_AT = "/history/?q=good&language=en"


def follow(browser: Client, response, headers=None):
    """What a browser shows in the end, with HTMX's headers too, which go with a redirection."""
    assert response.status_code == 302
    return browser.get(response["Location"], headers=headers or {})


def undo_form(body: str) -> dict[str, str]:
    """The hidden fields of the form that undoes a deletion."""
    (form,) = re.findall(r'<form[^>]*action="/history/restore/".*?</form>', body, re.DOTALL)
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', form)
    return {name: value.replace("&amp;", "&") for name, value in fields if name != "csrfmiddlewaretoken"}


@pytest.mark.parametrize("headers", [RESULTS, {}])
def test_what_is_selected_is_deleted_and_had_back(headers, browser, make_generation) -> None:
    first, second, other = (make_generation(text=f"Good day, number {number}.") for number in range(3))
    posted = {"id": [first.pk, second.pk], "next": LOOKED_AT}
    response = browser.post("/history/delete/", posted, headers=headers)
    assert response["Location"].startswith(LOOKED_AT), "the filters stay"
    body = follow(browser, response, headers).content.decode()
    assert "2 generations deleted." in body
    assert str(other.pk) in body and str(first.pk) not in body
    assert ("<html" in body) == (not headers)
    back = follow(browser, browser.post("/history/restore/", undo_form(body), headers=headers), headers)
    assert str(first.pk) in back.content.decode()
    assert not re.search(r"generations? deleted", back.content.decode())


def test_deleted_is_deleted_for_everybody(browser, api, spoken) -> None:
    segment = spoken.segments.get()
    url = spoken.get_absolute_url()
    browser.post(f"{url}delete/")
    for path in (url, f"{url}sentences/"):
        assert browser.get(path).status_code == (286 if "sentences" in path else 404)
    for path in (
        "cancel/",
        "resume/",
        "delete/",
        "star/",
        "voice/",
        "sentences/0/takes/",
        "sentences/0/choice/",
    ):
        assert browser.post(url + path, {"name": "Ada", "take": 1}).status_code == 404, path
    assert browser.get(url, headers=HTMX).status_code == 286, "a poll ends"
    for path in ("/", "/history/"):
        assert str(spoken.pk) not in browser.get(path).content.decode()
    assert "not there any more" in browser.get(f"/?use=text&of={spoken.pk}").content.decode()
    of_api = f"/api/v1/generations/{spoken.pk}"
    assert api.get("/api/v1/generations").json()["results"] == []
    for path in (of_api, f"{of_api}/segments/0.wav", f"/api/v1/files/{spoken.pk}.wav"):
        assert api.get(path).status_code == 404, path
    for path in (f"{of_api}/cancel", f"{of_api}/resume", f"{of_api}/segments/0/takes"):
        assert api.post(path).status_code == 404, path
    assert api.delete(of_api).status_code == 404
    segment.refresh_from_db()  # it can still be had back


@pytest.mark.parametrize("headers", [RESULTS, {}])
def test_one_from_its_row(headers, browser, spoken) -> None:
    response = browser.post(
        f"{spoken.get_absolute_url()}delete/", {"next": "/history/?q=good"}, headers=headers
    )
    body = follow(browser, response, headers).content.decode()
    assert "1 generation deleted." in body and "Nothing like this" in body


def test_one_from_its_card_leaves_a_way_back(browser, spoken) -> None:
    headers = {**HTMX, "HX-Target": f"generation-{spoken.pk}"}
    body = browser.post(f"{spoken.get_absolute_url()}delete/", headers=headers).content.decode()
    assert "Good morning." not in body
    card = browser.post("/history/restore/", undo_form(body), headers=headers).content.decode()
    assert "Good morning." in card and "<html" not in card


def test_from_its_own_page_leads_to_the_history(browser, spoken) -> None:
    headers = {**HTMX, "HX-Current-URL": f"http://testserver{spoken.get_absolute_url()}"}
    response = browser.post(f"{spoken.get_absolute_url()}delete/", headers=headers)
    address = json.loads(response["HX-Location"])["path"]
    page = browser.get(address, headers={**HTMX, "HX-Target": "page"}).content.decode()
    assert "1 generation deleted." in page and '<div id="page"' in page


def test_undoing_too_late_says_so(browser, spoken) -> None:
    moment = discarding.discard([spoken.pk], None)
    fields = {"deleted": str(int(moment.timestamp()) * 10**6 + moment.microsecond)}
    assert "1 generation deleted." in browser.get(f"/history/?deleted={fields['deleted']}").content.decode()
    Generation.objects.update(deleted_at=moment - timedelta(minutes=6))
    assert not re.search(
        r"generations? deleted", browser.get(f"/history/?deleted={fields['deleted']}").content.decode()
    )
    response = browser.post("/history/restore/", fields)
    assert "too late" in follow(browser, response).content.decode()


@pytest.mark.parametrize("value", ["", "x", "-1", "9" * 17, "9" * 16, "0", "1e3", "٣"])
def test_wild_moments_undo_nothing(value: str, browser, spoken) -> None:
    discarding.discard([spoken.pk], None)
    assert browser.post("/history/restore/", {"deleted": value}).status_code == 302
    assert browser.get("/history/", {"deleted": value}).status_code == 200
    assert not Generation.objects.kept().exists()


def test_wild_selections(browser, spoken) -> None:
    nothing = follow(browser, browser.post("/history/delete/", {"next": "/history/"}))
    assert "Nothing was deleted" in nothing.content.decode()
    assert browser.post("/history/delete/", {"id": ["x"]}).status_code == 400
    assert browser.post("/history/delete/", {"id": [UNKNOWN_ID] * 101}).status_code == 400
    assert browser.post("/history/delete/", {"id": UNKNOWN_ID}).status_code == 302
    assert Generation.objects.kept().exists()
    for path in ("delete", "restore"):
        assert browser.get(f"/history/{path}/").status_code == 405


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example/history/",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "history/",
    ],
)
def test_forms_lead_to_no_other_site(address: str, browser, spoken) -> None:
    url = spoken.get_absolute_url()
    assert browser.post(f"{url}star/", {"next": address, "starred": "1"})["Location"] == url
    assert browser.post(f"{url}delete/", {"next": address})["Location"].startswith("/history/?deleted=")


@pytest.mark.parametrize("javascript", [True, False])
def test_star(javascript: bool, browser, spoken) -> None:
    url = f"{spoken.get_absolute_url()}star/"
    headers = {**HTMX, "HX-Target": f"generation-{spoken.pk}"} if javascript else {}
    for starred in ("1", "1", "0"):
        response = browser.post(url, {"starred": starred, "next": LOOKED_AT}, headers=headers)
        spoken.refresh_from_db()
        assert spoken.is_starred == (starred == "1"), "pressed twice, it is what was seen"
        if javascript:
            pressed = 'aria-pressed="true"' in response.content.decode()
            assert pressed == (starred == "1") and response.content.decode().lstrip().startswith("<article")
        else:
            assert response["Location"] == LOOKED_AT


def test_another_try(browser, make_generation) -> None:
    generation = make_generation()
    takes.fail(claim_take(generation), ErrorCode.WORKER_LOST, "It did not work.")
    assert "Try again" in browser.get("/history/").content.decode()
    headers = {**HTMX, "HX-Target": f"generation-{generation.pk}"}
    row = browser.post(f"{generation.get_absolute_url()}resume/", headers=headers).content.decode()
    assert "Queued" in row and row.lstrip().startswith("<article")
    state.cancel(generation)
    response = browser.post(f"{generation.get_absolute_url()}resume/", {"next": LOOKED_AT})
    assert response["Location"] == LOOKED_AT
    generation.refresh_from_db()
    assert generation.status == "queued"


def test_no_other_try_where_it_can_not_help(browser, make_generation) -> None:
    takes.fail(claim_take(make_generation()), ErrorCode.TEXT_UNSPEAKABLE, "It can't be spoken.")
    body = browser.get("/history/").content.decode()
    assert "Try again" not in body and "Use text" in body


def field_values(response) -> dict[str, Any]:
    page = Page(response)
    values: dict[str, Any] = {
        str(each["name"]): each.get("value") for each in page.controls if each.get("name")
    }
    chosen = re.findall(r'<option value="([^"]*)" selected>', response.content.decode())
    chosen += [each.get("value") for each in page.controls if "checked" in each]
    return values | {"text": page.texts["id_text"].lstrip("\n"), "chosen": chosen}


def test_use_text(browser, make_generation) -> None:
    generation = make_generation(text="Guten <Tag>.", language="de", speed=1.5)
    state.cancel(generation)
    assert f'href="/?use=text&amp;of={generation.pk}"' in browser.get("/history/").content.decode()
    values = field_values(browser.get(f"/?use=text&of={generation.pk}"))
    assert values["text"] == "Guten <Tag>."
    assert "de" in values["chosen"]
    assert values["speed"] == "1.0"


def test_use_settings(browser, make_generation) -> None:
    generation = make_generation(
        text="Guten Tag.", language="de", speed=1.5, temperature=0.5, seed=42, audio_format="mp3"
    )
    response = browser.get(f"/?use=settings&of={generation.pk}")
    values = field_values(response)
    assert (values["text"], values["speed"], values["temperature"], values["seed"]) == (
        "",
        "1.5",
        "0.5",
        "42",
    )
    assert {"de", "mp3"} <= set(values["chosen"])
    assert "was not saved" in response.content.decode()
    voice = create_from(generation, "Ada")
    Generation.objects.update(voice=voice)
    assert str(voice.pk) in field_values(browser.get(f"/?use=settings&of={generation.pk}"))["chosen"]


@pytest.mark.parametrize(
    "query", ["use=text", "use=text&of=x", f"use=settings&of={UNKNOWN_ID}", "use=text&of=%00"]
)
def test_what_is_not_there_fills_in_nothing(query: str, browser, db) -> None:
    response = browser.get(f"/?{query}")
    assert response.status_code == 200
    assert "not there any more" in response.content.decode()


def test_wild_uses_are_nothing(browser, spoken) -> None:
    assert field_values(browser.get(f"/?use=everything&of={spoken.pk}"))["text"] == ""
