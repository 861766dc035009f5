"""The pages, as a browser with JavaScript (HTMX's headers) and one without sees them."""

import errno
import re
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from cloning.jobs import state
from cloning.jobs.state import Progress
from cloning.jobs.submission import save_voice
from cloning.models import Generation, Reference, Stage, Voice
from cloning.storage.local import AtomicFileSystemStorage
from cloning.tests.api.test_api import WRONG
from cloning.tests.performing import perform

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
HTMX = {"HX-Request": "true"}
ATTACK = "<script>alert(1)</script>"


@pytest.fixture
def browser() -> Client:
    """Never raises what a view raised, and holds CSRF tokens as real browsers do."""
    return Client(raise_request_exception=False)


@pytest.fixture
def submit(browser, clips) -> Callable[..., Any]:
    def send(
        reference: tuple[str, ...] = ("speech",), name: str = "voice.wav", headers=None, **fields: Any
    ) -> Any:
        files = [SimpleUploadedFile(name, clips[clip]) for clip in reference]
        data = {"text": "Good morning.", "language": "en", "reference": files, **fields}
        data = {key: value for key, value in data.items() if value is not None}
        return browser.post("/", data, headers=headers or {})

    return send


class Page(HTMLParser):
    """What of a page a test looks at: controls, labels, and texts by element id."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.controls: list[dict[str, str | None]] = []
        self.label_targets: set[str | None] = set()
        self.ids: list[str] = []
        self.texts: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(response.content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in ("input", "select", "textarea", "audio", "progress") and found.get("type") != "hidden":
            self.controls.append({"tag": tag, **found})
        if tag == "label":
            self.label_targets.add(found["for"])
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag not in ("input", "meta", "link", "img", "path", "use", "br"):
            self._open.append(str(found.get("id", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("path", "use") and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for name in filter(None, self._open):
            self.texts[name] = self.texts.get(name, "") + data


def test_home_without_anything(browser, db) -> None:
    response = browser.get("/")
    assert response.status_code == 200
    assert "Nothing yet" in response.content.decode()
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("status", ["queued", "running", "failed", "cancelled", "succeeded"])
def test_every_control_has_a_name_and_every_id_is_unique(
    status: str, browser, make_generation, spoken
) -> None:
    save_voice(spoken, "Ada")
    found = spoken if status == "succeeded" else make_generation()
    if status in ("running", "failed"):
        state.claim(found)
    if status == "failed":
        state.fail(found, "synthesis_failed", "It did not work.")
    if status == "cancelled":
        state.cancel(found)
    for path in ("/", found.get_absolute_url()):
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
    for path in ("/", make_generation().get_absolute_url(), "/nothing"):
        body = browser.get(path).content.decode()
        assert says in body
        assert ("not a clone" in body) == (engine == "preview")


# Without JavaScript


def test_form_without_javascript(browser, submit, db) -> None:
    response = submit()
    generation = Generation.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/generations/{generation.pk}/")
    assert (generation.requested_via, generation.text) == ("page", "Good morning.")
    waiting = browser.get(response["Location"]).content.decode()
    assert '<noscript><meta http-equiv="refresh"' in waiting
    assert "Queued" in waiting
    perform(generation)
    finished = browser.get(response["Location"]).content.decode()
    assert "http-equiv" not in finished
    assert f'src="/api/v1/files/{generation.pk}.wav"' in finished
    assert f'href="/api/v1/files/{generation.pk}.wav?download"' in finished
    assert "Preview (not a clone)" in finished


PAGE_CASES = [
    "no file", "empty file", "text file named .wav", "video without sound", "26 MB", "empty text", "20 001 characters",
    "unknown language", "speed 99", "voice that does not exist", "second of two clips bad", "HLS playlist",
]  # fmt: skip


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize("case", PAGE_CASES)
def test_wrong_field_is_named_beside_it(case: str, javascript: bool, submit, nothing_kept, db) -> None:
    wrong = WRONG[case]
    voice = Voice.objects.create(name="Ada")  # so that the field is shown
    response = submit(
        wrong.reference, headers=HTMX if javascript else {}, **{"text": "Keep me.", **wrong.fields}
    )
    assert response.status_code == 422
    page = Page(response)
    assert wrong.says in page.texts[f"id_{wrong.field}_error"]
    assert ("<html" in response.content.decode()) != javascript
    if wrong.field != "text":
        assert "Keep me." in page.texts["id_text"]
    voice.delete()
    assert nothing_kept()


def test_full_queue_keeps_the_text(submit, make_generation, settings) -> None:
    settings.MAX_QUEUED = 1
    make_generation()
    response = submit(("other",), text="Keep me.")
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert "Too many generations are waiting" in response.content.decode()
    assert "Keep me." in Page(response).texts["id_text"]
    assert Generation.objects.count() == Reference.objects.count() == 1


@pytest.mark.parametrize(
    "body", [b"garbage", b'--b\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n']
)
@pytest.mark.parametrize(
    "content_type", ["multipart/form-data; boundary=b", "multipart/form-data", "text/plain"]
)
def test_broken_form_post(body: bytes, content_type: str, browser, nothing_kept, db) -> None:
    response = browser.generic("POST", "/", body, content_type=content_type)
    assert response.status_code in (400, 422)
    assert "Traceback" not in response.content.decode()
    assert nothing_kept()


# With HTMX


def test_form_with_htmx(submit, browser, db) -> None:
    response = submit(headers=HTMX)
    generation = Generation.objects.get()
    body = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in body
    assert f'id="generation-{generation.pk}"' in body
    assert 'hx-swap-oob="afterbegin:#generations"' in body
    assert f'hx-get="/generations/{generation.pk}/"' in body


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


# Cancel, delete, save the voice


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


def test_saved_voice_can_be_chosen(browser, submit, spoken) -> None:
    assert 'name="voice"' not in browser.get("/").content.decode(), "nothing to choose from yet"
    response = browser.post(f"{spoken.get_absolute_url()}voice/", {"name": "Ada & Bob"}, follow=True)
    assert "The voice “Ada &amp; Bob” is saved" in response.content.decode()
    voice = Voice.objects.get()
    assert f'<option value="{voice.pk}">Ada &amp; Bob</option>' in response.content.decode()
    assert submit((), voice=str(voice.pk)).status_code == 302
    generation = Generation.objects.latest("created_at")
    assert generation.voice == voice
    assert list(generation.references.all()) == list(spoken.references.all())


@pytest.mark.parametrize("name", ["", "  ", "a" * 81])
def test_voice_without_a_proper_name(name: str, browser, spoken) -> None:
    response = browser.post(f"{spoken.get_absolute_url()}voice/", {"name": name})
    assert response.status_code == 422
    assert Page(response).texts["id_name_error"]
    assert not Voice.objects.exists()


# What must hold for every page


def test_pages_of_the_list(browser, make_generation) -> None:
    now = timezone.now()
    for number in range(11):
        make_generation(text=f"Text number {number}.", created_at=now - timedelta(minutes=number))
    first, second = (browser.get(f"/?page={number}").content.decode() for number in (1, 2))
    assert [f"Text number {number}." in first for number in range(11)] == [True] * 10 + [False]
    assert "Text number 10." in second and "Text number 9." not in second
    assert 'href="?page=2"' in first and 'href="?page=1"' in second
    for wild in ("0", "999", "x", "-1"):
        assert browser.get(f"/?page={wild}").status_code == 200


def test_home_asks_the_database_a_fixed_number_of_times(
    browser, make_generation, django_assert_max_num_queries
) -> None:
    for _ in range(10):
        make_generation()
    with django_assert_max_num_queries(6):
        browser.get("/")


def test_nothing_that_was_typed_becomes_markup(browser, submit, make_generation, db) -> None:
    submit(text=f'{ATTACK} "onload=alert(1)', name=f"{ATTACK}.wav")
    generation = Generation.objects.get()
    state.claim(generation)
    state.fail(generation, "synthesis_failed", f"No sound for “{ATTACK}”.")
    voice = save_voice(generation, ATTACK)
    pages = [
        browser.get("/"),
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


@pytest.mark.parametrize("path", ["", "cancel/", "delete/", "voice/"])
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


@pytest.mark.parametrize(
    "path", ["/nothing", f"/generations/{UNKNOWN_ID}/", "/generations/x/", "/%00", "/static/nothing.css"]
)
def test_page_not_found(path: str, browser, db) -> None:
    response = browser.get(path)
    assert response.status_code == 404
    assert "Traceback" not in response.content.decode()
    if not path.startswith("/static"):
        assert "There is nothing at this address" in response.content.decode()


def test_an_address_that_the_server_does_not_know_is_explained(browser, db) -> None:
    response = browser.get("/", headers={"host": "elsewhere.example"})
    assert response.status_code == 400
    assert "set ALLOWED_HOSTS" in response.content.decode()
    assert "elsewhere.example" not in response.content.decode()
    response = browser.get("/api/v1/languages", headers={"host": "elsewhere.example"})
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "bad_request"


def test_server_error_is_a_page_without_a_trace(browser, monkeypatch, db) -> None:
    def broken(*_: Any) -> None:
        raise DatabaseError("a secret of the server")

    monkeypatch.setattr("cloning.views.studio.Paginator", broken)
    response = browser.get("/")
    assert response.status_code == 500
    assert "Something went wrong on the server" in response.content.decode()
    assert "secret" not in response.content.decode()


def test_nothing_is_loaded_from_elsewhere(browser, spoken) -> None:
    for path in ("/", spoken.get_absolute_url()):
        body = browser.get(path).content.decode()
        assert not re.search(r'(src|href|action)="(https?:)?//', body)
        assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>|\son\w+=", body), (
            "the policy allows no inline script"
        )


def test_full_disk_keeps_the_text(submit, nothing_kept, monkeypatch, db) -> None:
    def full(self, name: str, content: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(AtomicFileSystemStorage, "_save", full)
    response = submit(text="A text worth keeping.")
    assert (response.status_code, response["Retry-After"]) == (503, "300")
    assert "disk is full" in response.content.decode()
    assert "A text worth keeping." in Page(response).texts["id_text"]
    assert nothing_kept()


def test_voice_without_references_is_not_offered(browser, db) -> None:
    Voice.objects.create(name="Empty")
    assert b"Empty" not in browser.get("/").content
