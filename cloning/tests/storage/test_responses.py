"""The audio of generations over HTTP: ranges, validators, formats."""

import re
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import RequestFactory

from cloning.audio import JoinedSpeech, Layout
from cloning.jobs import joins
from cloning.storage.responses import CHUNK_BYTES, audio_response
from cloning.tests.performing import perform
from cloning.tests.speaking import accept_sounds


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content)


@pytest.fixture
def audio(spoken) -> bytes:
    with default_storage.open(spoken.audio.name) as stored:
        return stored.read()


@pytest.fixture
def url(spoken) -> str:
    return f"/api/v1/files/{spoken.pk}.wav"


def test_whole_file(api, url, audio) -> None:
    response = api.get(url)
    assert response.status_code == 200
    assert response["Content-Type"] == "audio/wav"
    assert response["Content-Length"] == str(len(audio))
    assert response["Accept-Ranges"] == "bytes"
    assert "Content-Disposition" not in response
    assert content(response) == audio
    assert audio[:4] == b"RIFF"


@pytest.mark.parametrize(
    "range_header, first, last",
    [
        ("bytes=0-99", 0, 99),
        ("bytes=0-0", 0, 0),
        ("bytes=1000-2999", 1000, 2999),
        ("bytes=1000-", 1000, -1),
        ("bytes=0-", 0, -1),
        ("bytes=-500", -500, -1),
        ("bytes=-99999999", 0, -1),
        ("bytes=1000-99999999", 1000, -1),
    ],
)
def test_range(range_header: str, first: int, last: int, api, url, audio) -> None:
    response = api.get(url, headers={"Range": range_header})
    first, last = first % len(audio), last % len(audio)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/{len(audio)}"
    assert response["Content-Length"] == str(last - first + 1)
    assert content(response) == audio[first : last + 1]


@pytest.mark.parametrize("range_header", ["bytes=99999999-", "bytes=99999999-100000000", "bytes=-0"])
def test_range_beyond_the_end(range_header: str, api, url, audio) -> None:
    response = api.get(url, headers={"Range": range_header})
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(audio)}"


@pytest.mark.parametrize(
    "range_header",
    [
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "seconds=0-1",
        "0-99",
        "bytes=0-1,5-9",
        "bytes=--5",
        f"bytes={'9' * 5000}-",
    ],
)
def test_range_that_is_malformed_or_several_is_ignored(range_header: str, api, url, audio) -> None:
    response = api.get(url, headers={"Range": range_header})
    assert response.status_code == 200
    assert content(response) == audio


def test_etag(api, url, make_generation) -> None:
    etag = api.get(url)["ETag"]
    assert re.fullmatch(r'"[^"]+"', etag)
    for known in (etag, f'"other", {etag}', f'"other",{etag}', f"W/{etag}"):
        response = api.get(url, headers={"If-None-Match": known})
        assert (response.status_code, response["ETag"]) == (304, etag)
    assert api.get(url, headers={"If-None-Match": '"other"'}).status_code == 200
    other = accept_sounds(make_generation())
    assert joins.claim(other)
    assert joins.accept(
        other, ContentFile(b"RIFF"), JoinedSpeech(1.0, [0.5], Layout(0.0, 24_000, ())), is_signed=False
    )
    assert api.get(f"/api/v1/files/{other.pk}.wav")["ETag"] != etag


def test_if_range(api, url, audio) -> None:
    """A player that resumes gets the rest of the same file, or the whole of another."""
    etag = api.get(url)["ETag"]
    assert api.get(url, headers={"Range": "bytes=5-9", "If-Range": etag}).status_code == 206
    response = api.get(url, headers={"Range": "bytes=5-9", "If-Range": '"other"'})
    assert response.status_code == 200
    assert content(response) == audio


def test_head_of_a_file(api, url, audio) -> None:
    response = api.head(url)
    assert response.status_code == 200
    assert response["Content-Length"] == str(len(audio))
    assert response["Accept-Ranges"] == "bytes"


def test_download(api, url, spoken) -> None:
    disposition = api.get(f"{url}?download")["Content-Disposition"]
    assert disposition == 'attachment; filename="good-morning.wav"'


@pytest.mark.parametrize(
    "audio_format, content_type, magic",
    [("mp3", "audio/mpeg", b"ID3"), ("opus", "audio/ogg", b"OggS"), ("flac", "audio/flac", b"ID3")],
)
def test_formats(audio_format: str, content_type: str, magic: bytes, api, make_generation) -> None:
    generation = perform(make_generation(audio_format=audio_format))
    response = api.get(f"/api/v1/files/{generation.pk}.{audio_format}")
    assert response["Content-Type"] == content_type
    assert content(response).startswith(magic)
    assert api.get(f"/api/v1/files/{generation.pk}.wav").status_code == 200, "encoded now"


def test_file_that_does_not_exist_yet(api, make_generation) -> None:
    response = api.get(f"/api/v1/files/{make_generation().pk}.wav")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "file_unknown"


def test_file_that_the_storage_lost(api, url, spoken) -> None:
    default_storage.delete(spoken.audio.name)
    assert api.get(url).status_code == 404


def test_large_file_comes_in_pieces(spoken) -> None:
    spoken.audio.save("", ContentFile(bytes(range(256)) * 1024))  # 256 KB
    response: Any = audio_response(RequestFactory().get("/"), spoken.audio, "audio/wav")
    pieces = list(response.streaming_content)
    assert {len(piece) for piece in pieces} == {CHUNK_BYTES}
    assert b"".join(pieces) == bytes(range(256)) * 1024


def test_file_is_closed_with_the_response(spoken) -> None:
    audio_response(RequestFactory().get("/"), spoken.audio, "audio/wav").close()
    assert spoken.audio.closed


def test_upload_and_its_normalised_clip_are_told_apart(make_generation) -> None:
    """Both are named by the same SHA-256, and a player that resumes one must not get the rest of the other."""
    reference = perform(make_generation()).references.get()
    etags = {
        audio_response(RequestFactory().get("/"), file, "")["ETag"]
        for file in (reference.file, reference.normalized)
    }
    assert len(etags) == 2
