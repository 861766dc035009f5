"""Manifests in files, read as other programs read them."""

import dataclasses
import json
import subprocess
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from cloning import audio
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.provenance import SIGNED_SUFFIXES, Credentials, Origin, VoiceKind, sign
from cloning.provenance.origin import DIGITAL_SOURCE_TYPE, VERSION
from cloning.tests.clips import MALE_CLIP
from cloning.tests.provenance.reading import assertion, read_manifest
from cloning.tests.small_disk import fill
from cloning.tests.transcoding import read_mono

ORIGIN = Origin(
    engine="XTTS v2",
    terms="Licence: non-commercial use only",
    made_at=datetime(2026, 11, 30, 12, tzinfo=UTC),
    identifier="urn:uuid:0190d7de-3a5c-4a3f-8a8c-7a3f1a4d5e6f",
    voices=(VoiceKind.CLONE, VoiceKind.STOCK),
)
PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("unsigned")
    for audio_format in AudioFormat:
        audio.encode(MALE_CLIP, folder / f"a{audio_format.suffix}", audio_format, tags=ORIGIN.tags())
    audio.append_encoded(MALE_CLIP, folder / "a.aac", timeout_seconds=20)
    marks = [audio.Mark("One", 0.0, 3.0)]
    audio.bind(folder / "a.aac", marks, folder / "a.m4b", tags=ORIGIN.tags(), cover=None, timeout_seconds=20)
    return {path.suffix: path for path in folder.iterdir()}


def tags_of(file: Path) -> dict[str, str]:
    """By ffprobe, of the container or, in Ogg, of the stream."""
    command = ["ffprobe", "-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "json", str(file)]
    shown = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    found = {**shown["format"].get("tags", {}), **shown["streams"][0].get("tags", {})}
    return {name.lower(): value for name, value in found.items()}


@pytest.mark.parametrize("suffix", sorted(SIGNED_SUFFIXES))
def test_what_is_signed_plays_as_before_and_says_who_made_it_how(suffix, unsigned, credentials, tmp_path):
    signed = tmp_path / f"b{suffix}"
    sign(unsigned[suffix], signed, ORIGIN, credentials)
    assert np.array_equal(read_mono(signed, 24_000), read_mono(unsigned[suffix], 24_000))
    assert tags_of(signed) == tags_of(unsigned[suffix])
    assert signed.stat().st_size - unsigned[suffix].stat().st_size < 8_000

    state, manifest = read_manifest(signed, credentials.certificates)
    assert state == "Trusted"
    assert manifest["claim_generator_info"][0]["name"] == "Voice cloning"
    assert manifest["claim_generator_info"][0]["version"] == VERSION
    assert manifest["title"] == "Speech by XTTS v2"
    [created] = assertion(manifest, "c2pa.actions")["actions"]
    assert created["action"] == "c2pa.created"
    assert created["digitalSourceType"] == DIGITAL_SOURCE_TYPE
    assert created["softwareAgent"]["name"] == "XTTS v2"
    assert created["when"] == "2026-11-30T12:00:00Z"
    assert created["parameters"] == {"voice": "clone and stock"}
    metadata = assertion(manifest, "cawg.metadata")
    assert metadata["dc:identifier"] == ORIGIN.identifier
    assert metadata["dc:rights"] == ORIGIN.terms
    assert metadata["Iptc4xmpExt:DigitalSourceType"] == DIGITAL_SOURCE_TYPE
    assert read_manifest(signed)[0] == "Valid"  # for who does not know this server


@pytest.mark.parametrize("suffix", [*sorted(SIGNED_SUFFIXES), ".opus"])
def test_players_show_what_it_is(suffix, unsigned):
    tags = tags_of(unsigned[suffix])
    assert tags["title"] == "Speech by XTTS v2"
    assert tags["comment"] == "Synthetic speech, made by XTTS v2 (Licence: non-commercial use only)"
    assert tags["date"] == "2026-11-30"
    assert tags["copyright"] == "Licence: non-commercial use only"
    if suffix != ".m4b":  # it has no place for what follows
        assert tags["encoded_by"] == f"Voice cloning {VERSION}"
    if suffix not in (".m4b", ".wav"):
        assert tags["digitalsourcetype"] == DIGITAL_SOURCE_TYPE


def test_without_a_key_or_a_certificate_nothing_is_written(unsigned, credentials, tmp_path):
    for wrong in (dataclasses.replace(credentials, private_key=b""), Credentials(b"x", b"x")):
        with pytest.raises(GenerationError) as caught:
            sign(unsigned[".mp3"], tmp_path / "b.mp3", ORIGIN, wrong)
        assert caught.value.code == ErrorCode.ENCODING_FAILED
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_nothing(unsigned, credentials, small_disk):
    source = small_disk / "a.wav"
    source.write_bytes(unsigned[".wav"].read_bytes())
    fill(small_disk)
    with pytest.raises(GenerationError) as caught:
        sign(source, small_disk / "b.wav", ORIGIN, credentials)
    assert caught.value.code == ErrorCode.STORAGE_FULL
    assert sorted(path.name for path in small_disk.iterdir()) == ["a.wav", "filler"]


def test_the_version_is_the_projects():
    assert tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"] == VERSION
