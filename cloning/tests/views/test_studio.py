"""The page with the form, as a browser with JavaScript (HTMX's headers) and one without sees it."""

import errno
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from cloning.audio import probing
from cloning.engines import registry
from cloning.models import Generation, Reference, Voice
from cloning.storage.local import AtomicFileSystemStorage
from cloning.tests.pages import HTMX, Page
from cloning.tests.performing import perform
from cloning.tests.speaking import claim_take
from cloning.tests.wrong_requests import WRONG


def test_home_without_anything(browser, db) -> None:
    response = browser.get("/")
    assert response.status_code == 200
    assert "Nothing yet" in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_form_without_javascript(browser, submit, db) -> None:
    response = submit()
    generation = Generation.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/generations/{generation.pk}/")
    assert (generation.requested_via, generation.text) == ("page", "Good morning.")
    waiting = browser.get(response["Location"]).content.decode()
    assert '<noscript><meta http-equiv="refresh"' in waiting
    assert "Next in line" in waiting
    perform(generation)
    finished = browser.get(response["Location"]).content.decode()
    assert "http-equiv" not in finished
    assert f'src="/api/v1/files/{generation.pk}.wav"' in finished
    assert f'href="/api/v1/files/{generation.pk}.wav?download"' in finished
    assert 'Preview<span class="visually-hidden"> (not a clone)</span>' in finished


@pytest.mark.parametrize(
    ("listen", "headers", "is_listened_to"), [("true", HTMX, True), ("", HTMX, False), ("true", {}, False)]
)
def test_who_listens_to_what_they_send_gets_it_as_it_is_made(
    listen, headers, is_listened_to, submit, db
) -> None:
    response = submit(listen=listen, headers=headers)
    generation = Generation.objects.get()
    assert (generation.is_streamed, generation.is_awaited) == (is_listened_to, is_listened_to)
    asked = json.loads(response.get("HX-Trigger-After-Settle", "{}"))
    assert asked == ({"listen": {"row": f"generation-{generation.pk}"}} if is_listened_to else {})


@pytest.mark.parametrize(("text", "is_warned"), [("おはようございます。", True), ("Guten Morgen.", False)])
def test_text_of_another_script_is_spoken_with_a_warning(text, is_warned, browser, submit, db) -> None:
    response = submit(text=text)
    shown = browser.get(response["Location"]).content.decode()
    assert ("does not look English" in shown) == is_warned


def test_form_has_what_its_script_goes_by(browser, db) -> None:
    table = json.loads(Page(browser.get("/")).forms["form"]["data-languages"])
    assert table["names"]["ja"] == "Japanese" and set(table["rates"]) == set(table["names"])
    assert table["scripts"]["Hangul"] == ["ko"]


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


def test_a_server_busy_with_other_clips_keeps_the_text(submit, nothing_kept, monkeypatch, db) -> None:
    monkeypatch.setattr(probing, "slots", probing.ProbeSlots(1, wait_seconds=0))
    with probing.slots.take():
        response = submit(text="A text worth keeping.")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "busy with other clips" in response.content.decode()
    assert "A text worth keeping." in Page(response).texts["id_text"]
    assert nothing_kept()


def test_full_disk_keeps_the_text(submit, nothing_kept, monkeypatch, db) -> None:
    def full(self, name: str, content: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(AtomicFileSystemStorage, "_save", full)
    response = submit(text="A text worth keeping.")
    assert (response.status_code, response["Retry-After"]) == (503, "300")
    assert "disk is full" in response.content.decode()
    assert "A text worth keeping." in Page(response).texts["id_text"]
    assert nothing_kept()


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


def test_form_with_htmx(submit, browser, db) -> None:
    response = submit(headers=HTMX)
    generation = Generation.objects.get()
    body = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in body
    assert f'id="generation-{generation.pk}"' in body
    assert 'hx-swap-oob="afterbegin:#generations"' in body
    assert f'hx-get="/generations/{generation.pk}/"' in body


def test_the_newest_few_and_a_link_to_all(browser, make_generation) -> None:
    now = timezone.now()
    for number in range(6):
        make_generation(text=f"Text number {number}.", created_at=now - timedelta(minutes=number))
    body = browser.get("/").content.decode()
    assert [f"Text number {number}." in body for number in range(6)] == [True] * 5 + [False]
    assert 'href="/history/"' in body


def test_home_asks_the_database_a_fixed_number_of_times(
    browser, make_generation, django_assert_max_num_queries
) -> None:
    for _ in range(10):
        claim_take(make_generation())
    with django_assert_max_num_queries(6):
        browser.get("/")


def test_voice_without_references_is_not_offered(browser, db) -> None:
    Voice.objects.create(name="Empty")
    assert b"Empty" not in browser.get("/").content


def test_many_stock_voices_are_looked_up_together(browser, db, settings, monkeypatch) -> None:
    """Once for each of them meant a thousand looks at the disk for a page."""
    settings.PREVIEW_VOICE = "kokoro"
    looks: list[str] = []

    def select_and_count():
        looks.append("")
        return real()

    real = registry.selected
    monkeypatch.setattr(registry, "selected", select_and_count)
    page = browser.get("/").content.decode()
    assert page.count("data-language=") > 20
    assert len(looks) <= 4
