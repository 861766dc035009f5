"""Has a clip measured by a process of its own, which can take neither the site's memory nor its time.

A few at once, beside those that decode what is sent for good: none waits for the other. It gets no environment but what
Python needs, and is killed at the time limit. FFmpeg, which it starts, has its own bounds and ends when nobody reads.
"""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from cloning.audio.probing import ProbeSlots
from cloning.coach.measures import ClipReport, Part
from cloning.errors import ErrorCode, GenerationError

logger = logging.getLogger(__name__)

PROJECT = Path(__file__).parents[2]
slots = ProbeSlots(count=max(1, (os.cpu_count() or 1) // 2), wait_seconds=5)
TIMEOUT_SECONDS = 60.0
CPU_SECONDS = 40
MAX_DATA_BYTES = 1024**3  # five minutes take 250 MB
LAUNCHER = """
{ ulimit -c 0; ulimit -t "$1"; ulimit -d "$2"; ulimit -f 0; } 2>/dev/null
shift 2
exec nice -n "$@"
"""


def check_clip(
    source: Path, *, max_seconds: float, part: Part | None = None, niceness: int = 0
) -> ClipReport:
    """With a niceness it yields to other work. Raises GenerationError: REFERENCE_UNREADABLE, PROBING_BUSY …"""
    with slots.take():
        answer = run(source, max_seconds, part, niceness)
    if "error" in answer:
        raise GenerationError(ErrorCode(answer["error"]["code"]), answer["error"]["message"])
    return ClipReport.load(answer)


def run(source: Path, max_seconds: float, part: Part | None, niceness: int) -> dict[str, Any]:
    asked = [f"{part.start_seconds:.3f}", f"{part.end_seconds:.3f}"] if part else []
    limits = (str(CPU_SECONDS), str(MAX_DATA_BYTES // 1024), str(niceness))
    command = ["/bin/sh", "-c", LAUNCHER, "sh", *limits, sys.executable, "-m", "cloning.coach.process"]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        result = subprocess.run(
            [*command, str(source), f"{max_seconds:.3f}", *asked],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise unmeasured("it took too long") from error
    try:
        answer: dict[str, Any] = json.loads(result.stdout)
    except ValueError as error:
        raise unmeasured(f"exit {result.returncode}, {result.stderr[-2000:]!r}") from error
    return answer


def unmeasured(reason: str) -> GenerationError:
    logger.warning("A clip could not be measured: %s", reason)
    return GenerationError(
        ErrorCode.SERVER_BUSY, "The clip can't be checked now. It can be used all the same."
    )
