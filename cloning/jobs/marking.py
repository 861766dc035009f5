"""The mark that is in everything which this server speaks, and whether it is in something."""

import logging
import os
from pathlib import Path

from django.conf import settings
from django.utils.crypto import salted_hmac

from cloning.audio.fingerprint import Question
from cloning.audio.probing import ProbeSlots
from cloning.audio.searching import read_question
from cloning.audio.watermark import Finding
from cloning.confinement import Bounds, UnansweredError, run_module
from cloning.errors import ErrorCode, GenerationError

logger = logging.getLogger(__name__)

MAX_SEARCHED_SECONDS = 300
slots = ProbeSlots(count=max(1, (os.cpu_count() or 1) // 2), wait_seconds=5)
BOUNDS = Bounds(timeout_seconds=30.0, cpu_seconds=20, max_data_bytes=1024**3)


def derive_key() -> bytes:
    """Of all processes of this server, today and next year: nothing is found any more when it changes."""
    if settings.WATERMARK_KEY:
        return settings.WATERMARK_KEY.encode()
    return salted_hmac("cloning.watermark", "1", algorithm="sha256").digest()


def key_of_new_speech() -> bytes | None:
    """None where an operator wants no mark."""
    return derive_key() if settings.WATERMARK else None


def search(source: Path) -> tuple[Finding, Question]:
    """Looks for this server's mark in a file that anybody may have sent, and takes what to ask fingerprints for.

    Raises GenerationError: REFERENCE_UNREADABLE, PROBING_BUSY, SERVER_BUSY. What comes after
    MAX_SEARCHED_SECONDS is not read.
    """
    with slots.take():
        try:
            answer = run_module(
                "cloning.audio.searching",
                str(source),
                str(MAX_SEARCHED_SECONDS),
                bounds=BOUNDS,
                piped=derive_key().hex().encode(),
            )
        except UnansweredError as error:
            logger.warning("A file could not be searched for the mark: %s", error)
            raise GenerationError(
                ErrorCode.SERVER_BUSY, "The file can't be searched now. Try again later."
            ) from error
    return Finding(**answer["mark"]), read_question(answer["question"])
