"""GET /api/v1/files/{id}.{format}: the joined file, and its subtitles. `storage/test_responses.py` has the ranges."""

import re

import pytest
from django.core.files.storage import default_storage

from cloning import audio
from cloning.formats import AudioFormat
from cloning.jobs import state
from cloning.models import Encoding, Voice
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
    name = f"good-morning.{suffix}"
    response = api.get(f"/api/v1/files/{spoken.pk}.{suffix}?download")
    assert response["Content-Disposition"] == f'attachment; filename="{name}"'


def test_subtitles_of_a_stopped_generation_end_where_its_sound_does(api, make_generation) -> None:
    generation = make_generation(text=THREE)
    work_once(generation.pk)
    state.cancel(generation)
    perform(generation)
    shown = api.get(f"/api/v1/files/{generation.pk}.srt").content.decode()
    assert shown.count("-->") == 1


def read(response) -> bytes:
    return b"".join(response.streaming_content)


@pytest.mark.parametrize("suffix", ["mp3", "opus", "flac"])
def test_another_format_is_encoded_and_kept(suffix: str, api, spoken, tmp_path) -> None:
    url = f"/api/v1/files/{spoken.pk}.{suffix}"
    response = api.get(url)
    content = read(response)
    assert (response.status_code, response["Content-Type"]) == (200, AudioFormat(suffix).content_type)
    kept = Encoding.objects.get()
    (tmp_path / "file").write_bytes(content)
    clip = audio.probe(tmp_path / "file", min_seconds=0, max_seconds=60)
    assert clip.duration_seconds == pytest.approx(spoken.duration_seconds, abs=0.1)
    assert read(api.get(url)) == content
    assert Encoding.objects.get() == kept, "once"
    part = api.get(url, headers={"Range": "bytes=4-9"})
    assert (part.status_code, read(part)) == (206, content[4:10])
    assert api.get(url, headers={"If-None-Match": response["ETag"]}).status_code == 304


def test_what_can_not_be_encoded_says_so(api, spoken, monkeypatch, settings) -> None:
    settings.MIN_FREE_MB = 10**9
    answer = api.get(f"/api/v1/files/{spoken.pk}.mp3")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "storage_full")
    assert api.get(f"/api/v1/files/{spoken.pk}.wav").status_code == 200
    settings.MIN_FREE_MB = 1
    default_storage.delete(spoken.audio.name)
    answer = api.get(f"/api/v1/files/{spoken.pk}.mp3")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "file_unknown")
    monkeypatch.setattr("cloning.jobs.encodings.fetch_source", lambda *_: 1 / 0)
    answer = api.get(f"/api/v1/files/{spoken.pk}.mp3")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "encoding_failed")


NAMES = {
    ("Grandmother", "Good morning, my dear!"): 'filename="grandmother-good-morning-my-dear.wav"',
    ("Zoë", "Über Straßen"): (
        "filename=\"zoe-uber-strassen.wav\"; filename*=UTF-8''zo%C3%AB-%C3%BCber-stra%C3%9Fen.wav"
    ),
    ("", "おはよう。"): "filename=\"speech.wav\"; filename*=UTF-8''%E3%81%8A%E3%81%AF%E3%82%88%E3%81%86.wav",
    ('a"b\r\nX: 1/../c', 'x"; filename="evil.exe'): 'filename="a-b-x-1-c-x-filename-evil-exe.wav"',
}


@pytest.mark.parametrize(("voice", "text"), NAMES)
def test_downloads_are_called_by_voice_and_text(voice: str, text: str, api, spoken) -> None:
    spoken.voice, spoken.text = Voice.objects.create(name=voice) if voice else None, text
    spoken.save()
    response = api.get(f"/api/v1/files/{spoken.pk}.wav?download")
    assert response["Content-Disposition"] == f"attachment; {NAMES[voice, text]}"


@pytest.mark.parametrize("suffix", ["srt", "vtt", "wav", "mp3"])
def test_nothing_is_there_yet(suffix: str, api, make_generation) -> None:
    response = api.get(f"/api/v1/files/{make_generation().pk}.{suffix}")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "file_unknown")
    response = api.get(f"/api/v1/files/{UNKNOWN_ID}.{suffix}")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "generation_unknown")
