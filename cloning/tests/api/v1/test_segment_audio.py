"""/api/v1/generations/{id}/segments/{n}.{wav,mp3}"""

import io

import pytest
import soundfile
from django.core.files.storage import default_storage

from cloning.models import Take
from cloning.tests.api.v1.segments import code_of, respeak, segment_url
from cloning.tests.performing import work_once
from cloning.tests.speaking import THREE
from cloning.tests.wrong_requests import UNKNOWN_ID


def test_sound_of_a_sentence(api, three) -> None:
    response = api.get(f"{segment_url(three, 1)}.wav")
    take = Take.objects.get(segment__index=1)
    assert (response.status_code, response["Content-Type"]) == (200, "audio/wav")
    assert soundfile.info(io.BytesIO(response.getvalue())).duration == pytest.approx(take.duration_seconds)


def test_sound_of_a_sentence_in_ranges(api, three) -> None:
    url = f"{segment_url(three)}.wav"
    whole = api.get(url)
    part = api.get(url, headers={"Range": "bytes=100-199"})
    content = whole.getvalue()
    assert part.status_code == 206
    assert part["Content-Range"] == f"bytes 100-199/{len(content)}"
    assert part.getvalue() == content[100:200]
    assert api.get(url, headers={"If-None-Match": whole["ETag"]}).status_code == 304
    assert api.get(url, headers={"Range": "bytes=999999999-"}).status_code == 416
    assert api.head(url)["Content-Length"] == str(len(content))


def test_sound_of_a_sentence_as_mp3(api, three) -> None:
    url = f"{segment_url(three)}.mp3"
    response = api.get(url)
    content = response.getvalue()
    assert (response.status_code, response["Content-Type"]) == (200, "audio/mpeg")
    sound = soundfile.info(io.BytesIO(content))
    assert sound.format == "MP3"
    duration_seconds = Take.objects.get(segment__index=0).duration_seconds
    assert sound.duration == pytest.approx(duration_seconds, abs=0.1)
    part = api.get(url, headers={"Range": "bytes=10-19", "If-Range": response["ETag"]})
    assert (part.status_code, part.getvalue()) == (206, content[10:20])


def test_sound_of_a_take_that_is_not_chosen(api, three) -> None:
    respeak(api, three, body={"text": "Something else entirely is said here."})
    work_once(three.pk)
    url = f"{segment_url(three)}.wav"
    first, second = (api.get(f"{url}?take={number}") for number in (1, 2))
    assert first["ETag"] != second["ETag"] == api.get(f"{url}?take=2")["ETag"]
    assert api.get(url)["ETag"] == first["ETag"]
    assert first.getvalue() != second.getvalue()


@pytest.mark.parametrize("suffix", ["wav", "mp3"])
def test_sound_that_is_not_there(suffix: str, api, make_generation) -> None:
    generation = make_generation(text=THREE)
    assert code_of(api.get(f"{segment_url(generation)}.{suffix}")) == (404, "take_unknown")
    assert code_of(api.get(f"{segment_url(generation, 3)}.{suffix}")) == (404, "segment_unknown")
    assert code_of(api.get(f"{segment_url(generation, 999_999)}.{suffix}")) == (404, "segment_unknown")
    assert code_of(api.get(f"{segment_url(generation, 10**20)}.{suffix}")) == (404, "not_found")
    unknown = f"/api/v1/generations/{UNKNOWN_ID}/segments/0.{suffix}"
    assert code_of(api.get(unknown)) == (404, "generation_unknown")


@pytest.mark.parametrize("number", ["0", "2", "-1", "x", "1.0", "", "9" * 5000, "١", "null", "%00"])
def test_take_that_is_not_there(number: str, api, said) -> None:
    assert code_of(api.get(f"{segment_url(said)}.wav?take={number}")) == (404, "take_unknown")


@pytest.mark.parametrize("suffix", ["wav", "mp3"])
def test_sound_that_the_storage_has_lost(suffix: str, api, said) -> None:
    default_storage.delete(Take.objects.get().audio.name)
    assert code_of(api.get(f"{segment_url(said)}.{suffix}")) == (404, "not_found")


def test_segment_in_a_format_that_there_is_not(api, said) -> None:
    assert code_of(api.get(f"{segment_url(said)}.exe")) == (404, "not_found")
