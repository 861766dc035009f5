"""Results that say how they were made: the file, what is encoded of it later, and what is said of it."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cloning.formats import AudioFormat
from cloning.jobs import encodings, signing
from cloning.management.commands import serve
from cloning.models import Generation, Status
from cloning.provenance import Credentials, SigningError, VoiceKind
from cloning.tests.performing import perform
from cloning.tests.provenance.reading import assertion, read_manifest
from voiceclone_site import certificates
from voiceclone_site.certificates import make_credentials

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


def credentials_file(file: Path, certificates: bytes, key: bytes) -> str:
    parsed = Credentials.parse(certificates, key)
    file.write_bytes(parsed.private_key + parsed.certificates)
    return str(file)


def test_what_can_not_sign_does_not_start(settings, tmp_path):
    signing.check_signing()
    ours, other = make_credentials(), make_credentials()
    mixed = credentials_file(tmp_path / "mixed.pem", ours, other)
    lonely = tmp_path / "lonely.pem"  # without its authority
    lonely.write_bytes(ours.partition(b"-----END CERTIFICATE-----")[0] + b"-----END CERTIFICATE-----\n")
    empty = tmp_path / "empty.pem"
    empty.touch()
    for file in (mixed, lonely, empty, tmp_path / "none.pem"):
        settings.C2PA_CERTIFICATE = settings.C2PA_PRIVATE_KEY = str(file)
        with pytest.raises(CommandError, match="Files can't be signed"):
            call_command("worker")
        with pytest.raises(CommandError, match="Files can't be signed"):
            serve.prepare()
    settings.C2PA = False
    signing.check_signing()


def test_an_expired_certificate_is_said(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(certificates, "VALID_DAYS", 0)
    credentials = make_credentials()
    settings.C2PA_CERTIFICATE = settings.C2PA_PRIVATE_KEY = str(tmp_path / "old.pem")
    (tmp_path / "old.pem").write_bytes(credentials)
    with pytest.raises(SigningError, match="expired"):
        signing.check_signing()
