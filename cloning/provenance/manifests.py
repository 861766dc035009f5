"""C2PA manifests, written and read by c2pa-python, whose library of 23 MB is loaded when it is needed."""

import errno
import logging
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from cloning.errors import ErrorCode, GenerationError
from cloning.provenance.origin import DIGITAL_SOURCE_TYPE, SOFTWARE, VERSION, Origin

logger = logging.getLogger(__name__)

CONTENT_TYPES = {".wav": "audio/wav", ".mp3": "audio/mpeg", ".flac": "audio/flac", ".m4b": "audio/mp4"}
SIGNED_SUFFIXES = frozenset(CONTENT_TYPES)
"""Of the files that a manifest fits in; Ogg is none."""
CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\s*", re.DOTALL)
PRIVATE_KEY = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----\s*", re.DOTALL
)
OFFLINE = {"remote_manifest_fetch": False, "ocsp_fetch": False}


@dataclass(frozen=True)
class Credentials:
    """PEM: the certificate first, then those that signed it; its key, of P-256."""

    certificates: bytes
    private_key: bytes

    @classmethod
    def parse(cls, certificates: bytes, private_key: bytes) -> "Credentials":
        """Of files of PEM, which may be one: other blocks than each of these are left out."""
        return cls(b"".join(CERTIFICATE.findall(certificates)), b"".join(PRIVATE_KEY.findall(private_key)))


class SigningError(GenerationError):
    """Said as ENCODING_FAILED. What is wrong may be mended by an operator: it is worth another try."""

    def __init__(self, message: str = "The file could not be signed.") -> None:
        super().__init__(ErrorCode.ENCODING_FAILED, message)


def sign(source: Path, target: Path, origin: Origin, credentials: Credentials) -> None:
    """Writes `source`, whose suffix is one of SIGNED_SUFFIXES, with a manifest in it. Asks no other host.

    Raises SigningError, and GenerationError (STORAGE_FULL).
    """
    import c2pa

    try:
        info = c2pa.C2paSignerInfo(
            alg=b"es256",
            sign_cert=credentials.certificates,
            private_key=credentials.private_key,
            ta_url=None,
        )
        settings = {
            "verify": {"verify_after_sign": False, **OFFLINE},
            "builder": {"thumbnail": {"enabled": False}},
            "core": {"backing_store_memory_threshold_in_mb": 4},  # else it holds a book twice
        }
        with (
            c2pa.Signer.from_info(info) as signer,
            c2pa.Context.from_dict(settings) as context,
            c2pa.Builder(describe(origin), context=context) as builder,
            source.open("rb") as unsigned,
            target.open("w+b") as signed,
        ):
            builder.sign(signer, CONTENT_TYPES[source.suffix], unsigned, signed)
            signed.flush()
            os.fsync(signed.fileno())
    except (c2pa.C2paError, OSError) as error:
        target.unlink(missing_ok=True)
        logger.error("A file could not be signed: %s", error)
        if os.strerror(errno.ENOSPC) in str(error) or is_too_full_for(source):
            raise GenerationError(
                ErrorCode.STORAGE_FULL, "The server's storage is full; the audio could not be saved."
            ) from error
        raise SigningError from error


def is_too_full_for(file: Path) -> bool:
    """The library may say no more than that it could not write."""
    return shutil.disk_usage(file.parent).free < file.stat().st_size


def describe(origin: Origin) -> dict[str, Any]:
    """What is signed, by the names of C2PA, IPTC and Dublin Core alone."""
    created: dict[str, Any] = {
        "action": "c2pa.created",
        "digitalSourceType": DIGITAL_SOURCE_TYPE,
        "softwareAgent": {"name": origin.engine},
        "description": origin.comment,
    }
    metadata = {
        "@context": {
            "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
            "dc": "http://purl.org/dc/elements/1.1/",
            "xmp": "http://ns.adobe.com/xap/1.0/",
        },
        "Iptc4xmpExt:DigitalSourceType": DIGITAL_SOURCE_TYPE,
        "dc:title": origin.title,
        "xmp:CreatorTool": f"{SOFTWARE} {VERSION}",
    }
    if origin.made_at:
        created["when"] = origin.made_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        metadata["xmp:CreateDate"] = created["when"]
    if origin.voices:
        created["parameters"] = {"voice": " and ".join(origin.voices)}
    if origin.identifier:
        metadata["dc:identifier"] = origin.identifier
    if origin.terms:
        metadata["dc:rights"] = origin.terms
    return {
        "claim_generator_info": [{"name": SOFTWARE, "version": VERSION}],
        "title": origin.title,
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [created]}},
            {"label": "cawg.metadata", "kind": "Json", "data": metadata},
        ],
    }
