"""The page that says whether audio was made here."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.formats import date_format

from cloning.accounts import checks
from cloning.tests.clips import MALE_CLIP
from cloning.throttling import Throttle


def test_the_page_is_for_everybody(browser, spoken, settings, clips, monkeypatch) -> None:
    settings.REQUIRE_LOGIN = True
    browser.logout()
    with spoken.audio.open("rb") as file:
        result = file.read()
    assert "Find out" in browser.get("/verify/").content.decode()

    def send(content: bytes) -> tuple[int, str]:
        response = browser.post("/verify/", {"audio": SimpleUploadedFile("audio", content)})
        return response.status_code, response.content.decode()

    status, page = send(result)
    assert (status, "Yes: this is synthetic speech made by this server" in page) == (200, True)
    assert "Its mark was found." in page
    assert "Its signed manifest is this server's, and nothing was changed since." in page
    assert f"made on {date_format(spoken.created_at, 'DATE_FORMAT')}." in page
    assert spoken.text not in page
    status, page = send(MALE_CLIP.read_bytes())
    assert (status, "Nothing says that this server made it" in page) == (200, True)
    status, page = send(clips["text"])
    assert (status, "No audio was found" in page) == (422, True)
    response = browser.post("/verify/")
    assert (response.status_code, "Choose an audio file." in response.content.decode()) == (422, True)
    monkeypatch.setattr(checks, "checks", Throttle(1, 3600.0))
    browser.post("/verify/")
    response = browser.post("/verify/")
    assert (response.status_code, "Too many clips at once" in response.content.decode()) == (429, True)
