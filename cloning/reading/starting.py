"""Has a book read by a process of its own, which can take neither the site's memory nor its time.

It gets no environment but what Python needs, writes no file, and is killed at the time limit.
"""

import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from cloning.errors import ErrorCode, GenerationError
from cloning.reading.document import Document

logger = logging.getLogger(__name__)

PROJECT = Path(__file__).parents[2]
SUFFIXES = {".txt": ".txt", ".md": ".md", ".markdown": ".md", ".epub": ".epub", ".srt": ".srt"}
"""What a name may end with, and what it is read as."""
TIMEOUT_SECONDS = 30.0
CPU_SECONDS = 20
MAX_DATA_BYTES = 512 * 1024**2
WAIT_SECONDS = 10.0
places = threading.BoundedSemaphore(2)
LAUNCHER = """
{ ulimit -c 0; ulimit -t "$1"; ulimit -d "$2"; ulimit -f 0; } 2>/dev/null
shift 2
exec nice -n 5 "$@"
"""


def read_document(source: Path, suffix: str, max_chars: int) -> Document:
    """Raises GenerationError: BOOK_UNREADABLE, BOOK_TOO_LONG, BOOK_PROTECTED, SERVER_BUSY."""
    if not places.acquire(timeout=WAIT_SECONDS):
        raise GenerationError(ErrorCode.SERVER_BUSY, "Other books are being read.")
    try:
        answer = run(source, suffix, max_chars)
    finally:
        places.release()
    if "error" in answer:
        raise GenerationError(ErrorCode(answer["error"]["code"]), answer["error"]["message"])
    return Document.load(answer)


def run(source: Path, suffix: str, max_chars: int) -> dict[str, Any]:
    limits = (str(CPU_SECONDS), str(MAX_DATA_BYTES // 1024))
    command = ["/bin/sh", "-c", LAUNCHER, "sh", *limits, sys.executable, "-m", "cloning.reading.process"]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        result = subprocess.run(
            [*command, str(source), suffix, str(max_chars)],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
        )
        answer: dict[str, Any] = json.loads(result.stdout)
    except subprocess.TimeoutExpired as error:
        raise unreadable("it took too long") from error
    except ValueError as error:
        raise unreadable(f"exit {result.returncode}, {result.stderr[-2000:]!r}") from error
    return answer


def unreadable(reason: str) -> GenerationError:
    logger.warning("A book could not be read: %s", reason)
    return GenerationError(
        ErrorCode.BOOK_UNREADABLE, "The file can't be read: it is damaged, or too much work."
    )
