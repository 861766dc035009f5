"""Manifests of strangers' files: forged, broken, somebody else's, and such as are made to cost much."""

import os
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cloning import audio
from cloning.formats import AudioFormat
from cloning.jobs import inspecting
from cloning.jobs.inspecting import find_manifest
from cloning.provenance import Credentials, Origin, manifests, sign
from cloning.provenance.findings import MAX_ISSUER_CHARS, ManifestFinding, clean
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from voiceclone_site import certificates

ORIGIN = Origin("XTTS v2")
SUFFIXES = [".flac", ".mp3", ".wav"]


@pytest.fixture(autouse=True)
def our_certificate(settings, credentials, tmp_path):
    file = tmp_path / "ours.pem"
    file.write_bytes(credentials.private_key + credentials.certificates)
    settings.C2PA_CERTIFICATE = settings.C2PA_PRIVATE_KEY = str(file)


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("unsigned")
    for audio_format in (AudioFormat.WAV, AudioFormat.MP3, AudioFormat.FLAC):
        audio.encode(MALE_CLIP, folder / f"a{audio_format.suffix}", audio_format, tags={})
    return {path.suffix: path for path in folder.iterdir()}


@pytest.fixture
def signed(unsigned, credentials, tmp_path) -> Callable[..., Path]:
    def make(suffix: str = ".wav", by: Credentials = credentials, source: Path | None = None) -> Path:
        target = tmp_path / f"{os.urandom(4).hex()}{suffix}"
        sign(source or unsigned[suffix], target, ORIGIN, by)
        return target

    return make


def state_of(file: Path) -> str:
    return find_manifest(file).state.value


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_ours_is_known_and_broken_by_one_byte(suffix, signed, unsigned) -> None:
    assert state_of(unsigned[suffix]) == "none"
    file = signed(suffix)
    found = find_manifest(file)
    assert (found.state.value, found.issuer.startswith("Voice cloning server ")) == ("trusted", True)
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle] ^= 1
    file.write_bytes(content)
    assert find_manifest(file) == ManifestFinding(inspecting.ManifestState.INVALID)
    content[middle] ^= 1
    content[content.find(b"XTTS v2", content.find(b"c2pa"))] ^= 1  # what it says, instead of the sound
    file.write_bytes(content)
    assert state_of(file) == "invalid"


def test_stripped_there_is_none(signed, tmp_path) -> None:
    for suffix in SUFFIXES:
        copy = tmp_path / f"copy{suffix}"
        command = [
            audio.find_ffmpeg(),
            "-v",
            "error",
            "-i",
            signed(suffix),
            "-map_metadata",
            "-1",
            "-c",
            "copy",
            copy,
        ]
        subprocess.run(command, check=True)
        assert state_of(copy) == "none"


def test_put_onto_other_audio_it_is_invalid(signed, tmp_path) -> None:
    ours = signed(".mp3").read_bytes()
    length = int("".join(f"{each:07b}" for each in ours[6:10]), 2) + 10
    other = tmp_path / "other.mp3"
    audio.encode(FEMALE_CLIP, other, AudioFormat.MP3, tags={})
    other.write_bytes(ours[:length] + other.read_bytes())
    assert state_of(other) == "invalid"


def test_another_server_is_another_whatever_its_name(
    signed, other_credentials, credentials, monkeypatch
) -> None:
    found = find_manifest(signed(by=other_credentials))
    assert (found.state.value, found.issuer.startswith("Voice cloning server ")) == ("valid", True)
    ours = find_manifest(signed()).issuer
    real = certificates.distinguish
    monkeypatch.setattr(certificates, "distinguish", lambda _, role: real(ours, role))
    namesake = certificates.make_credentials()
    found = find_manifest(signed(by=Credentials.parse(namesake, namesake)))
    assert (found.state.value, found.issuer) == ("valid", ours)


def test_another_certificate_of_our_authority_is_not_ours(signed, settings, tmp_path) -> None:
    """As of an authority that issues to everybody who pays."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    issuer = certificates.distinguish("A shop", "CA")
    authority = (
        certificates.begin(issuer, issuer, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(certificates.key_usage(signs_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )

    def issue(name: str) -> Credentials:
        key = ec.generate_private_key(ec.SECP256R1())
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
        certificate = (
            certificates.begin(certificates.distinguish(name, "Speech"), issuer, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(certificates.key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([x509.OID_EMAIL_PROTECTION]), critical=False)
            .add_extension(signer, critical=False)
            .sign(authority_key, hashes.SHA256())
        )
        chain = certificate.public_bytes(Encoding.PEM) + authority.public_bytes(Encoding.PEM)
        return Credentials(chain, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    ours, theirs = issue("We"), issue("They")
    (tmp_path / "ours.pem").write_bytes(ours.private_key + ours.certificates)
    assert state_of(signed(by=ours)) == "trusted"
    assert state_of(signed(by=theirs)) == "valid"


def test_signed_by_two_it_is_the_last_ones(signed, credentials, other_credentials) -> None:
    by_both = signed(by=other_credentials, source=signed())
    assert state_of(by_both) == "valid"
    assert state_of(signed(source=by_both)) == "trusted"


def test_without_a_certificate_of_our_own_nothing_is_ours(signed, settings, tmp_path) -> None:
    settings.C2PA_CERTIFICATE = str(tmp_path / "none.pem")
    assert state_of(signed()) == "valid"


def put_chunk(wav: Path, target: Path, content: bytes) -> Path:
    whole = wav.read_bytes() + b"C2PA" + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
    target.write_bytes(whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:])
    return target


def nested_boxes(depth: int) -> bytes:
    label = bytes(16) + b"\x03c2pa\0"
    described = struct.pack(">I4s", 8 + len(label), b"jumd") + label
    total = depth * (8 + len(described))
    boxes = bytearray()
    for level in range(depth):
        boxes += struct.pack(">I4s", total - level * (8 + len(described)), b"jumb") + described
    return bytes(boxes)


BOMBS = {
    "deep": nested_boxes(100_000),
    "long": struct.pack(">I4s", 0xFFFFFFFF, b"jumb") + b"c2pa" + bytes(100),
    "wide": b"".join([nested_boxes(1)] * 200_000),
    "noise": b"c2pa" + os.urandom(1_000_000),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_is_made_to_cost_much_is_answered_in_time(bomb, unsigned, tmp_path) -> None:
    file = put_chunk(unsigned[".wav"], tmp_path / "bomb.wav", BOMBS[bomb])
    started_at = time.monotonic()
    assert state_of(file) in ("invalid", "none")
    assert time.monotonic() - started_at < inspecting.BOUNDS.timeout_seconds


def test_a_huge_manifest_of_somebody_is_read_within_bounds(
    unsigned, other_credentials, tmp_path, monkeypatch
) -> None:
    described = manifests.describe(ORIGIN)
    filler = {f"a{number}": "x" * 1000 for number in range(900)}
    described["assertions"].append({"label": "org.example.filler", "data": filler})
    monkeypatch.setattr(manifests, "describe", lambda origin: described)
    sign(unsigned[".wav"], tmp_path / "huge.wav", ORIGIN, other_credentials)
    assert state_of(tmp_path / "huge.wav") == "valid"


def test_what_uses_up_its_bounds_is_invalid(signed, monkeypatch) -> None:
    monkeypatch.setattr(inspecting, "BOUNDS", inspecting.Bounds(20.0, 5, 8 * 1024**2))
    assert state_of(signed()) == "invalid"


@pytest.mark.parametrize(
    "head", [b"", b"RIFF\0\0\0\0WAVE", b"ID3\4\0\0", b"fLaC", b"\0\0\0\x20ftypM4A ", b"c2pa"]
)
def test_noise_is_answered_at_once(head, tmp_path) -> None:
    file = tmp_path / "noise"
    file.write_bytes(head + os.urandom(25 * 1024**2))
    started_at = time.monotonic()
    assert state_of(file) in ("none", "invalid")
    assert time.monotonic() - started_at < 10


def test_a_file_that_names_another_host_is_not_followed(unsigned, other_credentials, tmp_path) -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/manifest.c2pa"
    try:
        by = other_credentials
        info = c2pa.C2paSignerInfo(b"es256", by.certificates, by.private_key, None)
        builder = c2pa.Builder(manifests.describe(ORIGIN))
        builder.set_no_embed()
        builder.set_remote_url(address)
        remote = tmp_path / "remote.mp3"
        with unsigned[".mp3"].open("rb") as source, remote.open("w+b") as target:
            builder.sign(c2pa.Signer.from_info(info), "audio/mpeg", source, target)
        assert address.encode() in remote.read_bytes()
        assert state_of(remote) == "none"
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []


def test_names_of_strangers_are_short_and_in_plain_letters() -> None:
    assert clean("A\u202eB\n<b>" + "x" * 500).startswith("AB<b>xxx")
    assert len(clean("x" * 500)) == MAX_ISSUER_CHARS
