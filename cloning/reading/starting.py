"""Has a book read by a process of its own, two at a time."""

import logging
import threading
from pathlib import Path

from cloning.confinement import Bounds, UnansweredError, run_module
from cloning.errors import ErrorCode, GenerationError
from cloning.reading.document import Document

logger = logging.getLogger(__name__)

SUFFIXES = {".txt": ".txt", ".md": ".md", ".markdown": ".md", ".epub": ".epub", ".srt": ".srt"}
"""What a name may end with, and what it is read as."""
BOUNDS = Bounds(timeout_seconds=30.0, cpu_seconds=20, max_data_bytes=512 * 1024**2, niceness=5)
WAIT_SECONDS = 10.0
places = threading.BoundedSemaphore(2)


def read_document(source: Path, suffix: str, max_chars: int) -> Document:
    """Raises GenerationError: BOOK_UNREADABLE, BOOK_TOO_LONG, BOOK_PROTECTED, SERVER_BUSY."""
    if not places.acquire(timeout=WAIT_SECONDS):
        raise GenerationError(ErrorCode.SERVER_BUSY, "Other books are being read.")
    try:
        answer = run_module("cloning.reading.process", str(source), suffix, str(max_chars), bounds=BOUNDS)
    except UnansweredError as error:
        logger.warning("A book could not be read: %s", error)
        raise GenerationError(
            ErrorCode.BOOK_UNREADABLE, "The file can't be read: it is damaged, or too much work."
        ) from error
    finally:
        places.release()
    return Document.load(answer)
