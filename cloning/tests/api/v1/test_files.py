"""GET /api/v1/files/{id}.{format}: the joined file, and its subtitles. `storage/test_responses.py` has the ranges."""

import re

import pytest

from cloning.jobs import state
from cloning.tests.performing import perform, work_once
from cloning.tests.speaking import THREE
from cloning.tests.wrong_requests import UNKNOWN_ID

SRT_TIME = r"(\d\d):(\d\d):(\d\d),(\d\d\d)"


def seconds(parts: tuple[str, ...]) -> float:
    hours, minutes, whole, milliseconds = map(int, parts)
    return hours * 3600 + minutes * 60 + whole + milliseconds / 1000


def test_subtitles_have_the_times_of_the_sentences(api, make_generation) -> None:
    generation = perform(make_generation(text=THREE))
    response = api.get(f"/api/v1/files/{generation.pk}.srt")
    assert (response.status_code, response["Content-Type"]) == (200, "application/x-subrip; charset=utf-8")
    shown = response.content.decode()
    segments = api.get(f"/api/v1/generations/{generation.pk}").json()["segments"]
    assert all(segment["text"] in shown for segment in segments)
    times = [
        (seconds(found[:4]), seconds(found[4:])) for found in re.findall(f"{SRT_TIME} --> {SRT_TIME}", shown)
    ]
    expected = [
        (segment["start_seconds"], segment["start_seconds"] + segment["duration_seconds"])
        for segment in segments
    ]
    assert [moment for each in times for moment in each] == pytest.approx(
        [moment for each in expected for moment in each], abs=0.002
    )


def test_subtitles_for_the_web(api, spoken) -> None:
    response = api.get(f"/api/v1/files/{spoken.pk}.vtt")
    assert (response.status_code, response["Content-Type"]) == (200, "text/vtt; charset=utf-8")
    assert response.content.startswith(b"WEBVTT\n")
    assert b"00:00:00.000 --> 00:0" in response.content and b"Good morning." in response.content


@pytest.mark.parametrize("suffix", ["srt", "vtt"])
def test_subtitles_as_an_attachment(suffix: str, api, spoken) -> None:
    name = f"speech-{str(spoken.pk)[:8]}.{suffix}"
    response = api.get(f"/api/v1/files/{spoken.pk}.{suffix}?download")
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'


def test_subtitles_of_a_stopped_generation_end_where_its_sound_does(api, make_generation) -> None:
    generation = make_generation(text=THREE)
    work_once(generation.pk)
    state.cancel(generation)
    perform(generation)
    shown = api.get(f"/api/v1/files/{generation.pk}.srt").content.decode()
    assert shown.count("-->") == 1


@pytest.mark.parametrize("suffix", ["srt", "vtt", "wav"])
def test_nothing_is_there_yet(suffix: str, api, make_generation) -> None:
    response = api.get(f"/api/v1/files/{make_generation().pk}.{suffix}")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "file_unknown")
    response = api.get(f"/api/v1/files/{UNKNOWN_ID}.{suffix}")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "generation_unknown")
