"""What files say of how they were made: tags that players show, and, where one fits in, a signed manifest."""

import functools
import logging
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.conf import settings
from django.utils import timezone

from cloning import audio
from cloning.audio import PlacedFile
from cloning.audio.wav import write_wav
from cloning.engines import registry
from cloning.formats import AudioFormat
from cloning.models import Generation
from cloning.provenance import SIGNED_SUFFIXES, Credentials, Origin, SigningError, VoiceKind, sign
from cloning.provenance.findings import ManifestState
from cloning.provenance.inspecting import read as read_manifest

logger = logging.getLogger(__name__)

RENEW_DAYS = 90
NO_CREDENTIALS = (
    "Files can't be signed with C2PA_CERTIFICATE and C2PA_PRIVATE_KEY. Needed are, as PEM, a certificate for "
    "signatures by ES256 (P-256) with those that signed it after it, and its key. Without both settings the "
    "server makes its own."
)


def read_credentials() -> Credentials:
    """Those that the settings name. Raises OSError."""
    certificates, key = (
        Path(each).read_bytes() for each in (settings.C2PA_CERTIFICATE, settings.C2PA_PRIVATE_KEY)
    )
    return Credentials.parse(certificates, key)


@dataclass(frozen=True)
class Identity:
    """By what this server's manifests are known."""

    authorities: bytes = b""  # PEM, of those that signed the certificate
    serial_number: str = ""  # of the certificate


def read_identity() -> Identity:
    """Also where nothing is signed any more; an empty one where there never was a certificate."""
    try:
        return identify(read_credentials().certificates)
    except FileNotFoundError:
        return Identity()


@functools.lru_cache(maxsize=4)
def identify(certificates: bytes) -> Identity:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    own, *authorities = x509.load_pem_x509_certificates(certificates)
    return Identity(b"".join(each.public_bytes(Encoding.PEM) for each in authorities), str(own.serial_number))


def check_signing() -> None:
    """Signs a moment of silence and reads it again, if files are to be signed. Raises SigningError, in a sentence."""
    if not settings.C2PA:
        return
    folder = Path(tempfile.mkdtemp(prefix="signing-"))
    try:
        credentials = read_credentials()
        identity = identify(credentials.certificates)
        silence, signed = folder / "silence.wav", folder / "signed.wav"
        write_wav(np.zeros(240, np.float32), 24_000, silence)
        sign(silence, signed, Origin("nobody"), credentials)
        state, _ = read_manifest(signed, identity.authorities.decode(), identity.serial_number)
    except OSError as error:
        raise SigningError(f"Files can't be signed: {error}. Mend that, or set C2PA=false.") from error
    except (ImportError, RuntimeError, AttributeError) as error:
        raise SigningError(
            f"Files can't be signed: the library c2pa can't be loaded ({error}). Install it, or set C2PA=false."
        ) from error
    except (SigningError, ValueError) as error:
        raise SigningError(explain_refusal(credentials)) from error
    finally:
        shutil.rmtree(folder)
    if state != ManifestState.TRUSTED:
        raise SigningError(NO_CREDENTIALS)


def explain_refusal(credentials: Credentials) -> str:
    try:
        is_over = days_left(credentials) < 0
    except (ValueError, IndexError):
        is_over = False
    expired = (
        f"Files can't be signed: the certificate in {settings.C2PA_CERTIFICATE} has expired. Replace it."
    )
    return expired if is_over else NO_CREDENTIALS


def days_left(credentials: Credentials) -> int:
    """Until the certificate expires."""
    from cryptography import x509

    expires_at = x509.load_pem_x509_certificates(credentials.certificates)[0].not_valid_after_utc
    return (expires_at - timezone.now()).days


def is_signable(suffix: str) -> bool:
    return settings.C2PA and suffix in SIGNED_SUFFIXES


def encode(
    generation: Generation,
    source: PlacedFile,
    target: Path,
    audio_format: AudioFormat,
    *,
    earlier: PlacedFile | None = None,
    timeout_seconds: float = 300,
) -> bool:
    """Writes the file that people get, with tags and manifest. Whether it is signed. `earlier` as in `encode_joined`.

    Raises GenerationError: ENCODING_FAILED, STORAGE_FULL. None is given out without the manifest that it should have.
    """
    origin, must_sign = origin_of(generation), is_signable(target.suffix)
    unsigned = target.with_name(f"unsigned{target.suffix}") if must_sign else target
    audio.encode_joined(
        source,
        unsigned,
        audio_format,
        tags=origin.tags(),
        earlier=earlier,
        timeout_seconds=timeout_seconds,
    )
    if must_sign:
        sign_file(unsigned, target, origin)
    return must_sign


def sign_file(unsigned: Path, target: Path, origin: Origin) -> None:
    """`unsigned` is gone then. Raises SigningError, and GenerationError (STORAGE_FULL)."""
    try:
        credentials = read_credentials()
    except OSError as error:
        logger.error("A file could not be signed: %s", error)
        raise SigningError from error
    sign(unsigned, target, origin, credentials)
    unsigned.unlink()


def origin_of(generation: Generation) -> Origin:
    known = registry.origin_of(generation.engine)
    return Origin(
        engine=known.engine,
        terms=known.terms,
        made_at=generation.finished_at or timezone.now(),
        identifier=generation.pk.urn,
        voices=voices_of(generation),
    )


def voices_of(generation: Generation) -> tuple[VoiceKind, ...]:
    """Each kind once."""
    stock = list(generation.cast.values_list("stock_voice", flat=True)) or [generation.stock_voice]
    entry = registry.ENGINES.get(generation.engine)
    cloned = VoiceKind.CLONE if entry and entry.is_clone else VoiceKind.PREVIEW
    return tuple(sorted({VoiceKind.STOCK if each else cloned for each in stock}))
