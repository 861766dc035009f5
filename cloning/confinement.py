"""Runs a module of ours as a process of its own, which can take neither the site's memory nor its time.

It gets no environment but what Python needs, and is killed at the time limit. FFmpeg, where it starts that, has its own
bounds and ends when nobody reads.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloning.errors import ErrorCode, GenerationError

PROJECT = Path(__file__).parents[1]
LAUNCHER = """
{ ulimit -c 0; ulimit -t "$1"; ulimit -d "$2"; ulimit -f 0; } 2>/dev/null
shift 2
exec nice -n "$@"
"""


@dataclass(frozen=True)
class Bounds:
    timeout_seconds: float
    cpu_seconds: int
    max_data_bytes: int
    niceness: int = 0  # with more of it, it yields to other work


class UnansweredError(Exception):
    """It came to no answer; the message is for the log."""


class OutOfTimeError(UnansweredError):
    """By the clock: the machine may be too busy. What computes too long is killed as UnansweredError."""


def run_module(module: str, *arguments: str, bounds: Bounds, piped: bytes = b"") -> dict[str, Any]:
    """What it writes to standard output, as JSON. `piped` is its standard input.

    Raises UnansweredError; GenerationError where it answers `{"error": {"code", "message"}}`.
    """
    limits = (str(bounds.cpu_seconds), str(bounds.max_data_bytes // 1024), str(bounds.niceness))
    command = ["/bin/sh", "-c", LAUNCHER, "sh", *limits, sys.executable, "-m", module, *arguments]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        result = subprocess.run(
            command,
            cwd=PROJECT,
            env=environment,
            input=piped,
            capture_output=True,
            timeout=bounds.timeout_seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise OutOfTimeError("it took too long") from error
    try:
        answer: dict[str, Any] = json.loads(result.stdout)
    except ValueError as error:
        raise UnansweredError(f"exit {result.returncode}, {result.stderr[-2000:]!r}") from error
    if "error" in answer:
        raise GenerationError(ErrorCode(answer["error"]["code"]), answer["error"]["message"])
    return answer
