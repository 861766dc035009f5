"""What is selected in the history as a ZIP file."""

import io
import zipfile

import pytest

from cloning.jobs.discarding import discard
from cloning.jobs.voices import create_from
from cloning.models import Generation
from cloning.tests.performing import perform
from cloning.views import archives


@pytest.fixture
def download(browser):
    def post(*generations: Generation):
        return browser.post(
            "/history/zip/", {"id": [each.pk for each in generations], "next": "/history/?q=a"}
        )

    return post


def test_files_called_by_voice_and_text(download, make_generation, spoken) -> None:
    mp3 = perform(make_generation(text="Über uns.", audio_format="mp3"))
    Generation.objects.filter(pk=spoken.pk).update(voice=create_from(spoken, "Grandmother"))
    response = download(mp3, spoken, make_generation(text="It still waits."))
    assert (response.status_code, response["Content-Type"]) == (200, "application/zip")
    assert response["Content-Disposition"].startswith('attachment; filename="speech-20')
    archive = zipfile.ZipFile(io.BytesIO(response.getvalue()))
    assert archive.namelist() == ["grandmother-good-morning.wav", "über-uns.mp3"]
    assert archive.read("über-uns.mp3") == mp3.audio.read()


def test_nothing_to_download_is_said(download, make_generation, spoken, browser) -> None:
    discard([spoken.pk], None)
    for generations in ([], [make_generation()], [spoken]):
        response = download(*generations)
        assert (response.status_code, response["Location"]) == (302, "/history/?q=a")
    assert "no file to download" in browser.get("/history/").content.decode()


def test_more_than_half_a_day_is_refused(download, spoken, browser) -> None:
    Generation.objects.update(duration_seconds=archives.MAX_SECONDS + 1)
    assert download(spoken).status_code == 302
    assert "more than 12 hours" in browser.get("/history/").content.decode()


def test_some_at_once_and_no_more(download, spoken) -> None:
    on_their_way = [download(spoken) for _ in range(archives.MAX_AT_ONCE)]
    assert [response.status_code for response in on_their_way] == [200] * archives.MAX_AT_ONCE
    refused = download(spoken)
    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    for response in on_their_way:
        assert response.getvalue()
    last = download(spoken)
    assert last.status_code == 200 and last.getvalue()
