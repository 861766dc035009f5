"""Results that say how they were made: the file, what is encoded of it later, and what is said of it."""

from pathlib import Path

import pytest

from cloning.formats import AudioFormat
from cloning.jobs import encodings, signing
from cloning.models import Generation, Status
from cloning.provenance import VoiceKind
from cloning.tests.performing import perform
from cloning.tests.provenance.reading import assertion, read_manifest

pytestmark = pytest.mark.django_db(transaction=True)


def copy_of(stored, folder: Path) -> Path:
    path = folder / Path(stored.name).name
    with stored.open("rb") as file:
        path.write_bytes(file.read())
    return path


def test_a_result_is_signed_and_so_is_what_is_encoded_of_it(spoken, tmp_path):
    assert spoken.is_signed is True
    anchors = signing.read_credentials().certificates
    for audio_format in (AudioFormat.MP3, AudioFormat.FLAC):
        encodings.encode(spoken, audio_format)
    files = [spoken.audio, *(encodings.find(spoken, each) for each in (AudioFormat.MP3, AudioFormat.FLAC))]
    for file in files:
        path = copy_of(file, tmp_path)
        state, manifest = read_manifest(path, anchors)
        assert state == "Trusted"
        [created] = assertion(manifest, "c2pa.actions")["actions"]
        assert created["softwareAgent"]["name"] == "Preview (not a clone)"
        assert created["parameters"] == {"voice": "preview"}
        assert assertion(manifest, "cawg.metadata")["dc:identifier"] == f"urn:uuid:{spoken.pk}"
        content = path.read_bytes()
        for secret in (spoken.text, spoken.voice and spoken.voice.name):
            assert not secret or secret.encode() not in content


def test_what_no_manifest_fits_in_says_so(make_generation):
    generation = perform(make_generation(audio_format="opus"))
    assert (generation.status, generation.is_signed) == (Status.SUCCEEDED, False)


def test_where_none_is_wanted_there_is_none(make_generation, settings, tmp_path):
    settings.C2PA = False
    generation = perform(make_generation())
    assert generation.is_signed is False
    assert b"c2pa" not in copy_of(generation.audio, tmp_path).read_bytes()


def test_without_its_certificate_nothing_is_given_out_unsigned(make_generation, settings, tmp_path, caplog):
    settings.C2PA_CERTIFICATE = str(tmp_path / "gone.pem")
    generation = perform(make_generation())
    assert (generation.status, generation.audio.name) == (Status.FAILED, "")
    assert "could not be signed" in generation.error_message
    assert caplog.text.count("gone.pem'\n") == 3  # tries


@pytest.mark.parametrize(("engine", "kind"), [("xtts_v2", VoiceKind.CLONE), ("preview", VoiceKind.PREVIEW)])
def test_a_clone_is_called_one_and_a_preview_never(engine, kind, db):
    assert signing.voices_of(Generation(engine=engine)) == (kind,)
    assert signing.voices_of(Generation(engine=engine, stock_voice="ana")) == (VoiceKind.STOCK,)
