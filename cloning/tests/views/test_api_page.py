"""The page of the API."""

import html
import re

from cloning.api import openapi
from cloning.errors import ErrorCode
from cloning.tests.pages import Page


def test_it_says_what_the_document_says(browser, db) -> None:
    response = browser.get("/api/")
    body = html.unescape(response.content.decode())
    assert (response.status_code, response["Content-Type"]) == (200, "text/html; charset=utf-8")
    for path in openapi.document()["paths"]:
        assert path in body
    for code in ErrorCode:
        assert f"<code>{code}</code>" in body
    assert 'href="/api/v1/openapi.json"' in body
    assert "http://testserver/api/v1/generations/GENERATION_ID" in body


def test_every_link_within_it_leads_somewhere(browser, db) -> None:
    response = browser.get("/api/")
    targets = set(re.findall(r'href="#([^"]+)"', response.content.decode()))
    assert targets <= set(Page(response).ids)


def test_its_examples_have_the_public_address(browser, settings, db) -> None:
    settings.BASE_URL = "https://voice.example"
    assert "https://voice.example/api/v1/health" in browser.get("/api/").content.decode()


def test_it_leads_there_from_every_page(browser, db) -> None:
    assert 'href="/api/"' in browser.get("/").content.decode()


def test_only_looking_and_addresses_of_the_api_stay_as_they_are(browser, db) -> None:
    assert browser.post("/api/").status_code == 405
    for path in ("/api", "/api/nothing", "/api/v1/"):
        assert browser.get(path).json()["error"]["code"] == "not_found"
