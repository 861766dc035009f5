"""Whether whoever speaks in a recorded statement is who speaks in the clips of a voice (ADR 50).

The encoder looks at strangers' files, so it runs in a process of its own, bounded. `benchmarks/consents.py` says what
the threshold lets through and refuses.
"""

import json
import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from cloning.audio.ffmpeg import NICENESS
from cloning.audio.probing import ProbeSlots
from cloning.confinement import Bounds, UnansweredError, run_module
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.clips import ReferenceUpload
from cloning.jobs.consents import Statement
from cloning.models import Reference, VoiceConsent
from cloning.recognition import find_obstacle
from cloning.storage.temporary import temporary_folder
from cloning.storage.uploads import TemporaryUpload
from cloning.text import LANGUAGES
from cloning.text.statements import SCRIPTS

logger = logging.getLogger(__name__)

MIN_SIMILARITY = 0.74
MIN_SPEECH_SECONDS = 2.0
"""Of a statement: of less the encoder knows nobody again."""
slots = ProbeSlots(count=max(1, (os.cpu_count() or 1) // 2), wait_seconds=10)
HEARING_BOUNDS = Bounds(timeout_seconds=180.0, cpu_seconds=120, max_data_bytes=3 * 1024**3, niceness=NICENESS)
MAX_HEARD_SECONDS = 60.0
BOUNDS = Bounds(timeout_seconds=60.0, cpu_seconds=50, max_data_bytes=1024**3)

OTHER_SPEAKER = (
    "The statement is not in the voice of the clips: whoever is heard in all of them has to speak it."
)
HARDLY_SPEECH = "Hardly any speech is heard in the statement: read the whole sentence aloud."


def match(statement: Statement, clips: Sequence[ReferenceUpload | Reference]) -> float:
    """How like the statement the clip is that is least like it, 1 at most.

    Raises GenerationError: CONSENT_SILENT, CONSENT_MISMATCH, SERVER_BUSY, PROBING_BUSY, and REFERENCE_MISSING where a
    file is gone from the storage.
    """
    with temporary_folder() as folder:
        recording = statement.recording or statement.consent
        asked = {
            "max_seconds": float(settings.MAX_REFERENCE_SECONDS),
            "statement": str(fetch(recording, folder / "statement")),
            "clips": [
                [str(fetch(clip, folder / str(number))), *(clip.ends or (None, None))]
                for number, clip in enumerate(clips)
            ],
        }
        speech_seconds, similarities = compare(asked)
    if speech_seconds < MIN_SPEECH_SECONDS:
        raise GenerationError(ErrorCode.CONSENT_SILENT, HARDLY_SPEECH)
    similarity = min(similarities)
    if similarity < MIN_SIMILARITY:
        logger.info("A statement is not said in the voice of the clips: %.3f", similarity)
        raise GenerationError(ErrorCode.CONSENT_MISMATCH, OTHER_SPEAKER)
    return similarity


def find_unheard() -> QuerySet[VoiceConsent]:
    """None where nothing can be recognised here, or is not to be."""
    unheard = VoiceConsent.objects.filter(is_listened_to=False)
    if settings.CHECK_SPEECH == "off" or find_obstacle(settings.MODEL_CACHE):
        return unheard.none()
    return unheard


def listen_next() -> bool:
    """Whether there was a statement whose words were to be compared with the sentence; it takes seconds."""
    consent = find_unheard().first()
    if consent is None:
        return False
    share = None
    language = consent.language.partition("-")[0].lower()
    if language in SCRIPTS and language in LANGUAGES:
        try:
            share = listen(consent, language)
        except (GenerationError, UnansweredError) as error:
            logger.warning("The words of consent %s are not checked: %s", consent.pk, error)
    VoiceConsent.objects.filter(pk=consent.pk).update(words_understood=share, is_listened_to=True)
    return True


def listen(consent: VoiceConsent, language: str) -> float:
    """Raises GenerationError and UnansweredError."""
    with temporary_folder() as folder:
        asked = {
            "recording": str(fetch(consent, folder / "statement")),
            "max_seconds": MAX_HEARD_SECONDS,
            "language": language,
            "sentence": SCRIPTS[language].write(settings.OPERATOR),
            "model_cache": str(settings.MODEL_CACHE),
        }
        piped = json.dumps(asked).encode()
        answer = run_module("cloning.recognition.listening", bounds=HEARING_BOUNDS, piped=piped)
    return float(answer["share"])


def fetch(source: ReferenceUpload | Reference | VoiceConsent, path: Path) -> Path:
    """A file on this machine: that of the upload, or at `path` a copy of what is stored."""
    if isinstance(source, ReferenceUpload):
        assert isinstance(source.upload, TemporaryUpload)  # as all that came by a form
        return source.upload.path
    file = source.recording if isinstance(source, VoiceConsent) else source.file
    try:
        with file.open("rb") as stored, path.open("wb") as target:
            shutil.copyfileobj(stored, target)
    except FileNotFoundError as error:
        raise GenerationError(ErrorCode.REFERENCE_MISSING, "A clip is gone from the storage.") from error
    return path


def compare(asked: dict[str, Any]) -> tuple[float, list[float]]:
    """The seconds of speech in the statement, and for each clip how like it is. Raises GenerationError."""
    with slots.take():
        try:
            piped = json.dumps(asked).encode()
            answer = run_module("cloning.coach.matching", bounds=BOUNDS, piped=piped)
        except UnansweredError as error:
            logger.warning("A statement could not be compared with clips: %s", error)
            raise GenerationError(
                ErrorCode.SERVER_BUSY, "The statement can't be compared with the clips now. Try again later."
            ) from error
    return float(answer["speech_seconds"]), [float(each) for each in answer["similarities"]]
