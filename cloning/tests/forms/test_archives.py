"""Exported voices come back as they were; crafted archives do no harm."""

import io
import json
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cloning.models import Generation, Reference, Voice
from cloning.storage.temporary import temporary_root
from cloning.storage.voice_archives import DESCRIPTION

IMPORT = "/api/v1/voices/import"

pytestmark = pytest.mark.django_db


@pytest.fixture
def send(api, clips) -> Callable[..., object]:
    return lambda content: api.post(IMPORT, {"archive": SimpleUploadedFile("voice.zip", content)})


@pytest.fixture
def made(api, clips) -> dict[str, Any]:
    files = [
        SimpleUploadedFile("kitchen/../ä.wav", clips["speech"]),
        SimpleUploadedFile("b.mp3", clips["mp3"]),
    ]
    fields = {"name": "Grandma / 1", "language": "de", "notes": "Two\nlines.", "reference": files}
    return api.post("/api/v1/voices", fields).json()


def archive(
    entries: dict[str, bytes], description: object = None, compression: int = zipfile.ZIP_STORED
) -> bytes:
    if description is None:
        listed = [{"file": name, "name": name} for name in entries]
        description = {"format": "cloned-voice", "version": 1, "name": "Ada", "clips": listed}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as target:
        target.writestr(
            DESCRIPTION, description if isinstance(description, bytes) else json.dumps(description)
        )
        for name, content in entries.items():
            target.writestr(name, content)
    return packed.getvalue()


def exported(api, voice: dict[str, Any]) -> bytes:
    response = api.get(f"/api/v1/voices/{voice['id']}/export")
    assert response["Content-Disposition"] == 'attachment; filename="Grandma _ 1.zip"'
    return b"".join(response)


def test_voice_comes_back_as_it_was(api, made, send, clips) -> None:
    content = exported(api, made)
    api.delete(f"/api/v1/voices/{made['id']}")
    assert not Reference.objects.exists()
    back = send(content).json()
    for name in ("name", "language", "notes"):
        assert back[name] == made[name]
    assert {each["sha256"] for each in back["references"]} == {each["sha256"] for each in made["references"]}
    assert {each["name"] for each in back["references"]} == {"ä.wav", "b.mp3"}
    assert Generation.objects.get().sample_of_id == Voice.objects.get().pk


def test_the_parts_of_clips_travel_with_them(api, made, send, clips) -> None:
    [first, _] = made["references"]
    address = f"/api/v1/voices/{made['id']}/references/{first['id']}"
    api.patch(address, json.dumps({"start_seconds": 0.5, "end_seconds": 2}), content_type="application/json")
    back = send(exported(api, made)).json()
    parts = {each["sha256"]: (each["start_seconds"], each["end_seconds"]) for each in back["references"]}
    assert parts.pop(first["sha256"]) == (0.5, 2.0)
    assert [*parts.values()] == [(None, None)]
    assert Reference.objects.count() == 2, "the same parts"


@pytest.mark.parametrize("start", ["1", True, -1, 3, 10**400])
def test_a_part_that_the_clip_does_not_have(send, clips, start) -> None:
    clip = {"file": "a.wav", "name": "a", "start_seconds": start}
    description = {"format": "cloned-voice", "version": 1, "name": "Ada", "clips": [clip]}
    assert send(archive({"a.wav": clips["speech"]}, description)).status_code == 422
    assert not Voice.objects.exists()


def test_import_beside_the_original_gets_a_number(api, made, send) -> None:
    back = send(exported(api, made)).json()
    assert back["name"] == "Grandma / 1 2"
    assert Reference.objects.count() == 2, "the same clips"


def test_archive_that_was_packed_again_by_another_program(send, clips) -> None:
    content = archive({"a/../../b.wav": clips["speech"]}, compression=zipfile.ZIP_DEFLATED)
    body = send(content).json()
    assert [each["name"] for each in body["references"]] == ["b.wav"]


def described(**members: object) -> Callable[[dict[str, Any]], bytes]:
    base = {
        "format": "cloned-voice",
        "version": 1,
        "name": "Ada",
        "clips": [{"file": "a.wav", "name": "a.wav"}],
    }
    return lambda clips: archive({"a.wav": clips["speech"]}, {**base, **members})


def duplicated(clips: dict[str, Any]) -> bytes:
    content = archive({"a.wav": clips["speech"], "b.wav": clips["speech"]})
    return content.replace(b"b.wav", b"a.wav")


def encrypted(clips: dict[str, Any]) -> bytes:
    content = bytearray(archive({"a.wav": clips["speech"]}))
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


def with_end(content: bytes, **changes: int) -> bytes:
    values = list(struct.unpack("<4s4H2LH", content[-22:]))
    for place, value in changes.items():
        values[int(place[1:])] = value
    return content[:-22] + struct.pack("<4s4H2LH", *values)


def zip64(clips: dict[str, Any]) -> bytes:
    content = archive({"a.wav": clips["speech"]})
    return content[:-22] + b"PK\x06\x07" + bytes(16) + content[-22:]


HOSTILE = {
    "no archive": lambda clips: b"RIFF" * 100,
    "nothing": lambda clips: b"PK",
    "an archive in an archive": lambda clips: archive({"a.wav": archive({"b.wav": clips["speech"]})}),
    "half of one": lambda clips: archive({"a.wav": clips["speech"]})[:-2000],
    "a comment": lambda clips: archive({"a.wav": clips["speech"]}) + b"\0",
    "no description": lambda clips: archive({}, b""),
    "a description that is no JSON": lambda clips: archive({"a.wav": clips["speech"]}, b"{" * 50_000),
    "a description that is a list": lambda clips: archive({"a.wav": clips["speech"]}, b"[]"),
    "a large description": lambda clips: archive({}, b" " * 70_000, zipfile.ZIP_DEFLATED),
    "another format": described(format="x"),
    "another version": described(version=2),
    "a name that is a number": described(name=5),
    "no name": described(name="\u202e"),
    "a language that is none": described(language="xx"),
    "clips that are no list": described(clips={"a": 1}),
    "clips that are texts": described(clips=["a.wav"]),
    "no clips": described(clips=[]),
    "a clip that is not there": described(clips=[{"file": "../../../etc/passwd"}]),
    "six clips": described(clips=[{"file": "a.wav"}] * 6),
    "a clip that is no sound": lambda clips: archive({"a.wav": clips["text"]}),
    "a playlist": lambda clips: archive({"a.wav": clips["hls_playlist"]}),
    "two entries of a name": duplicated,
    "encrypted": encrypted,
    "another compression": lambda clips: archive({"a.wav": clips["speech"]}, compression=zipfile.ZIP_LZMA),
    "many entries": lambda clips: archive({f"{number}.wav": b"" for number in range(70)}),
    "a directory elsewhere": lambda clips: with_end(archive({"a.wav": clips["speech"]}), _6=2**31),
    "a large directory": lambda clips: with_end(archive({"a.wav": clips["speech"]}), _5=2**31),
    "zip64": zip64,
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_crafted_archives_are_refused(make, send, clips, nothing_kept) -> None:
    response = send(make(clips))
    assert response.status_code == 422
    assert response.json()["error"]["message"]
    assert nothing_kept() and not Voice.objects.exists()
    assert not list(temporary_root().iterdir()), "nothing is left of what was unpacked"


def test_bomb_is_not_unpacked(send, clips, settings, nothing_kept) -> None:
    settings.MAX_REFERENCE_MB = 1
    bomb = archive({"a.wav": bytes(64 * 1024**2)}, compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    assert send(bomb).status_code == 413
    lying = bytearray(bomb)  # about how large it is
    at = lying.rindex(b"PK\x01\x02")
    struct.pack_into("<L", lying, at + 24, 1000)
    assert send(bytes(lying)).status_code in (413, 422)
    assert nothing_kept()


def test_archive_that_is_missing(api) -> None:
    response = api.post(IMPORT, {"x": "y"})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "archive_unreadable")
    assert response.json()["error"]["field"] == "archive"
