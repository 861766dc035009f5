"""In which language a page speaks, and what does not follow it."""

import re

import pytest
from django.utils import translation

from cloning.errors import ErrorCode
from cloning.jobs import takes
from cloning.models import Generation
from cloning.tests.pages import HTMX
from cloning.tests.speaking import claim_take

pytestmark = pytest.mark.django_db
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.fixture(autouse=True)
def own_language():
    """What a request speaks stays the language of its thread."""
    yield
    translation.deactivate()


@pytest.mark.parametrize(
    ("asked", "language", "says"),
    [
        ("", "en", ">Generate <"),
        ("fr-CA, en;q=0.5", "fr", ">Générer <"),
        ("de", "de", ">Erzeugen <"),
        ("es-MX", "es", ">Generar <"),
        ("ja, en;q=0.5", "en", ">Generate <"),
        ("*;;;, \u2028", "en", ">Generate <"),
    ],
)
def test_page_speaks_what_the_browser_asks_for(asked, language, says, browser):
    response = browser.get("/", headers={"Accept-Language": asked.encode().decode("latin-1")})
    body = response.content.decode()
    assert f'<html lang="{language}">' in body and says.strip("><") in body
    assert response["Content-Language"] == language
    assert {"Accept-Language", "Cookie"} <= set(re.split(", *", response["Vary"]))


def test_switch_outlives_what_the_browser_asks_for(browser):
    response = browser.post(
        "/language/", {"language": "es"}, headers={"Referer": "http://testserver/voices/"}
    )
    assert (response.status_code, response["Location"]) == (302, "http://testserver/voices/")
    cookie = response.cookies["language"]
    assert (cookie["samesite"], cookie["httponly"]) == ("Lax", True)
    assert '<html lang="es">' in browser.get("/voices/", headers=GERMAN).content.decode()
    browser.post("/language/", {"language": "tlh"})
    assert '<html lang="es">' in browser.get("/").content.decode()


def test_switch_leads_to_no_other_site_and_to_no_page_that_is_only_sent_to(browser, spoken):
    response = browser.post(
        "/language/", {"language": "fr"}, headers={"Referer": "https://elsewhere.example/"}
    )
    assert response["Location"] == "/"
    sent = browser.post(f"{spoken.get_absolute_url()}voice/", {"name": ""}).content.decode()
    form = sent[sent.index('action="/language/"') :].split("</form>")[0]
    assert '<input type="hidden" name="next" value="/">' in form


def test_switch_names_each_language_in_itself(browser):
    body = browser.get("/", headers=GERMAN).content.decode()
    for code, name in {"en": "English", "de": "Deutsch", "es": "Español", "fr": "Français"}.items():
        current = ' aria-current="true"' if code == "de" else ""
        assert f'name="language" value="{code}" lang="{code}"{current}>{name}</button>' in body


@pytest.mark.parametrize("path", ["/api/v1/generations?page=0", "/api/v1/nothing", "/api"])
def test_api_speaks_english(path, browser):
    in_english = browser.get(path)
    response = browser.get(path, headers=GERMAN)
    assert response.content == in_english.content and response.status_code >= 400
    assert "Accept-Language" not in response.get("Vary", "") and "Content-Language" not in response


def test_api_refuses_fields_in_english(browser, api):
    browser.get("/", headers=GERMAN)  # which leaves its language to this thread
    response = browser.post("/api/v1/voice-clone/generate", {"text": "Hi.", "speed": "9"}, headers=GERMAN)
    assert response.json()["error"]["message"] == "This has to be between 0.5 and 2."


def test_admin_speaks_english(admin_client):
    response = admin_client.get("/admin/", headers=GERMAN)
    assert "Site administration" in response.content.decode() or "Log out" in response.content.decode()


def test_page_about_the_api_is_a_page(browser):
    body = browser.get("/api/", headers=GERMAN).content.decode()
    assert '<html lang="de">' in body and "Auf dieser Seite" in body


def test_numbers_for_machines_are_those_of_html(browser, submit):
    body = browser.get("/", headers=GERMAN).content.decode()
    (speed,) = re.findall(r'<input type="number" name="speed"[^>]*>', body)
    assert {'value="1.0"', 'min="0.5"', 'max="2.0"', 'step="0.05"'} <= set(speed.strip("<>").split())
    submit(speed="1.2", headers=GERMAN)
    found = Generation.objects.get()
    assert found.speed == 1.2
    page = browser.get(found.get_absolute_url(), headers=GERMAN).content.decode()
    assert "Tempo 1,2" in page and "Lebhaftigkeit 0,75" in page
    assert not re.search(r'(?:value|min|max|step|data-[\w-]+)="[0-9]+,[0-9]+"', page)


def test_waveform_and_progress_are_drawn_with_points(browser, spoken, make_generation):
    waiting = make_generation()
    takes_of = claim_take(waiting)
    Generation.objects.filter(pk=waiting.pk).update(segments_total=3, segments_done=1, status="running")
    body = browser.get("/history/", headers=GERMAN).content.decode()
    assert takes_of and re.search(r'<progress [^>]*value="0\.\d+"', body)
    assert re.search(r' d="M0 \d+v\d+M1 ', body)
    assert re.search(r'datetime="\d{4}-\d\d-\d\dT', body)


def test_message_beside_a_field(submit):
    body = submit(speed="9", headers=GERMAN).content.decode()
    assert "Das muss zwischen 0,5 und 2 liegen." in body


def test_what_a_worker_said_in_english(browser, make_generation):
    found = make_generation()
    takes.fail(claim_take(found), ErrorCode.SPEECH_SILENT, "The engine returned no sound for this text.")
    body = browser.get(found.get_absolute_url(), headers=GERMAN).content.decode()
    assert "Die Engine lieferte für diesen Text keinen Ton." in body and "Fehlgeschlagen" in body
    polled = browser.get(found.get_absolute_url(), headers=GERMAN | HTMX)
    assert "Die Engine lieferte" in polled.content.decode() and polled["Content-Language"] == "de"
    told = browser.get(f"/api/v1/generations/{found.pk}", headers=GERMAN).json()
    assert told["error"]["message"] == "The engine returned no sound for this text."


def test_pages_of_errors(browser, settings):
    settings.MAX_REFERENCE_MB = 1
    browser.get("/")
    missing = browser.get("/nothing", headers=GERMAN)
    assert (missing.status_code, "Nicht gefunden" in missing.content.decode()) == (404, True)
    large = browser.post("/", {"text": "Hi."}, headers=GERMAN, CONTENT_LENGTH=str(9_000_000_000))
    assert (large.status_code, "Nicht angenommen" in large.content.decode()) == (413, True)
    assert "Die Anfrage ist größer als" in large.content.decode()
    unsafe = type(browser)(enforce_csrf_checks=True).post("/", {"text": "Hi."}, headers=GERMAN)
    assert (unsafe.status_code, "Nicht gesendet" in unsafe.content.decode()) == (403, True)


def test_a_page_after_another_speaks_its_own_language(browser):
    assert "Verlauf" in browser.get("/history/", headers=GERMAN).content.decode()
    body = browser.get("/history/").content.decode()
    assert "Verlauf" not in body and "History" in body
