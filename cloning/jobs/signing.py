"""What files say of how they were made: tags that players show, and, where one fits in, a signed manifest."""

import functools
import logging
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from cloning import audio
from cloning.engines import registry
from cloning.formats import AudioFormat
from cloning.models import Generation
from cloning.provenance import SIGNED_SUFFIXES, Credentials, Origin, SigningError, VoiceKind, sign

logger = logging.getLogger(__name__)


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


def is_signable(suffix: str) -> bool:
    return settings.C2PA and suffix in SIGNED_SUFFIXES


def encode(
    generation: Generation,
    source_wav: Path,
    target: Path,
    audio_format: AudioFormat,
    *,
    timeout_seconds: float = 300,
) -> bool:
    """Writes the file that people get, with tags and manifest. Whether it is signed.

    Raises GenerationError: ENCODING_FAILED, STORAGE_FULL. None is given out without the manifest that it should have.
    """
    origin = origin_of(generation)
    if not is_signable(target.suffix):
        audio.encode(source_wav, target, audio_format, tags=origin.tags(), timeout_seconds=timeout_seconds)
        return False
    unsigned = target.with_name(f"unsigned{target.suffix}")
    audio.encode(source_wav, unsigned, audio_format, tags=origin.tags(), timeout_seconds=timeout_seconds)
    sign_file(unsigned, target, origin)
    return True


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
