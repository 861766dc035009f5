"""Has a clip measured by a process of its own.

A few at once, beside those that decode what is sent for good: none waits for the other.
"""

import logging
import os
from dataclasses import replace
from pathlib import Path

from cloning.audio.probing import ProbeSlots
from cloning.coach.measures import ClipReport, Part
from cloning.confinement import Bounds, UnansweredError, run_module
from cloning.errors import ErrorCode, GenerationError

logger = logging.getLogger(__name__)

slots = ProbeSlots(count=max(1, (os.cpu_count() or 1) // 2), wait_seconds=5)
BOUNDS = Bounds(timeout_seconds=60.0, cpu_seconds=40, max_data_bytes=1024**3)  # five minutes take 250 MB


def check_clip(
    source: Path, *, max_seconds: float, part: Part | None = None, niceness: int = 0
) -> ClipReport:
    """With a niceness it yields to other work. Raises GenerationError: REFERENCE_UNREADABLE, PROBING_BUSY …"""
    asked = [f"{part.start_seconds:.3f}", f"{part.end_seconds:.3f}"] if part else []
    arguments = (str(source), f"{max_seconds:.3f}", *asked)
    with slots.take():
        try:
            answer = run_module(
                "cloning.coach.process", *arguments, bounds=replace(BOUNDS, niceness=niceness)
            )
        except UnansweredError as error:
            logger.warning("A clip could not be measured: %s", error)
            raise GenerationError(
                ErrorCode.SERVER_BUSY, "The clip can't be checked now. It can be used all the same."
            ) from error
    return ClipReport.load(answer)
