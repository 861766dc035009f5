"""What the pages say of clips, and the part of them that is used."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cloning.accounts import checks
from cloning.jobs.measuring import measure_next
from cloning.models import Generation, Reference, Voice
from cloning.tests.clips import MALE_CLIP
from cloning.throttling import Throttle

pytestmark = pytest.mark.django_db


def check(client, content: bytes = b"", **fields: str):
    files = {"reference": SimpleUploadedFile("clip.flac", content or MALE_CLIP.read_bytes())}
    return client.post("/clips/check/", {**files, **fields})


@pytest.fixture
def ada(browser, clips) -> Voice:
    clip = SimpleUploadedFile("<b>kitchen.flac", MALE_CLIP.read_bytes())
    browser.post("/voices/", {"name": "Ada", "reference": [clip]})
    return Voice.objects.get()


def test_a_chosen_clip_is_told_about_and_not_kept(browser) -> None:
    body = check(browser).content.decode()
    assert "That is little speech" in body
    assert "No music heard" in body and "One voice" in body
    assert body.count('<li class="ok">') == 8 and body.count('<li class="warn">') == 1
    assert re.search(r'name="end_seconds"[^>]* value="7.06"', body)
    assert not Reference.objects.exists()


def test_the_part_that_is_asked_for(browser) -> None:
    body = check(browser, start_seconds="1.5", end_seconds="3.5").content.decode()
    assert re.search(r'name="start_seconds"[^>]* value="1.5"', body)
    assert check(browser, start_seconds="9").status_code == 422


def test_what_is_no_clip(browser, clips) -> None:
    response = check(browser, clips["text"])
    assert response.status_code == 422
    assert 'class="coach-advice refuse"' in response.content.decode()


def test_a_clip_that_is_too_long_or_missing(browser, settings) -> None:
    settings.MAX_REFERENCE_SECONDS = 5
    assert "longer than the 5 s" in check(browser).content.decode()
    assert "Choose a clip" in browser.post("/clips/check/").content.decode()


def test_who_checks_all_the_time_has_to_wait(browser, monkeypatch) -> None:
    monkeypatch.setattr(checks, "checks", Throttle(1, 3600.0))
    assert browser.post("/clips/check/").status_code == 422
    response = browser.post("/clips/check/")
    assert (response.status_code, response["Retry-After"]) == (429, "5")
    assert "Try again in" in response.content.decode()


def test_other_sites_have_nothing_checked() -> None:
    assert check(Client(enforce_csrf_checks=True)).status_code == 403


def test_the_form_sends_the_part(browser, clips) -> None:
    clip = SimpleUploadedFile("clip.flac", MALE_CLIP.read_bytes())
    fields = {"text": "Hello.", "language": "en", "reference": clip}
    assert browser.post("/", {**fields, "start_seconds": "1", "end_seconds": "4.5"}).status_code == 302
    assert Generation.objects.get().references.get().ends == (1.0, 4.5)
    clip.seek(0)
    response = browser.post("/", {**fields, "end_seconds": "99"})
    assert response.status_code == 422
    assert "This lies outside of the clip." in response.content.decode()


def test_a_voice_shows_what_was_measured(browser, ada) -> None:
    page = f"/voices/{ada.pk}/"
    assert "It is being measured" in browser.get(page).content.decode()
    measure_next()
    body = browser.get(page).content.decode()
    assert "5.8 s of speech" in body and "0.0 to 7.1 s is used" in body
    assert '<span class="quality warn">! short</span>' in browser.get("/voices/").content.decode()
    Reference.objects.update(report={})
    assert "being measured" not in browser.get(page).content.decode()


def test_a_clip_is_trimmed_without_a_script(browser, ada) -> None:
    measure_next()
    address = f"/voices/{ada.pk}/clips/{ada.references.get().pk}/trim/"
    assert f'action="{address}"' in browser.get(f"/voices/{ada.pk}/").content.decode()
    wrong = browser.post(address, {"start_seconds": "3", "end_seconds": "3.2"})
    assert wrong.status_code == 422
    assert "Use at least 1 s of the clip." in wrong.content.decode()
    response = browser.post(address, {"start_seconds": "1", "end_seconds": "4"}, follow=True)
    assert "Trimmed." in response.content.decode()
    assert ada.references.get().ends == (1.0, 4.0)
    assert browser.post(address, {}).status_code == 404
