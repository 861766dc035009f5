"""What an upload holds, by decoding it, within a request."""

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cloning.audio.decoding import decode
from cloning.audio.levels import LevelMeter, find_sounding_part, format_seconds, to_decibels
from cloning.errors import ErrorCode, GenerationError

REFERENCE_SAMPLE_RATE_HZ = 16_000
DURATION_TOLERANCE_SECONDS = 0.02  # encoders pad, and resampling drops a sample or two
LENGTH_TOLERANCE_SECONDS = 0.5


@dataclass(frozen=True)
class Clip:
    duration_seconds: float  # what decodes, whatever the header claims
    format_name: str  # the container as FFmpeg names it, e.g. "mov,mp4,m4a,3gp,3g2,mj2"
    codec: str
    sample_rate_hz: int
    channels: int  # 0 when FFmpeg does not say
    peak_dbfs: float


class ProbeSlots:
    """How many clips this process decodes at once; who waits longer than `wait_seconds` for a slot is refused.

    Every web process has its own, so a machine decodes `count` times its web processes at once.
    """

    def __init__(self, count: int, wait_seconds: float) -> None:
        self.wait_seconds = wait_seconds
        self._free = threading.BoundedSemaphore(count)

    @contextlib.contextmanager
    def take(self) -> Iterator[None]:
        """Raises GenerationError (PROBING_BUSY)."""
        if not self._free.acquire(timeout=self.wait_seconds):
            raise GenerationError(
                ErrorCode.PROBING_BUSY, "The server is busy with other clips. Try again in a few seconds."
            )
        try:
            yield
        finally:
            self._free.release()


slots = ProbeSlots(count=max(1, (os.cpu_count() or 1) - 1), wait_seconds=5)


def probe(source: Path, *, min_seconds: float, max_seconds: float, timeout_seconds: float = 15) -> Clip:
    """Decodes the clip, whatever its header claims, and says what is in it.

    A truncated file counts as what of it decodes; decoding stops a little after `max_seconds`.
    Raises GenerationError: REFERENCE_UNREADABLE, REFERENCE_TOO_SHORT (also when too little of it is sound),
    REFERENCE_TOO_LONG, REFERENCE_SILENT, PROBING_BUSY.
    """
    meter = LevelMeter(REFERENCE_SAMPLE_RATE_HZ)
    with slots.take():
        found = decode(source, REFERENCE_SAMPLE_RATE_HZ, max_seconds + 1, timeout_seconds, meter.update)
    levels = meter.measure()
    duration_seconds = levels.sample_count / REFERENCE_SAMPLE_RATE_HZ
    if duration_seconds > max_seconds + LENGTH_TOLERANCE_SECONDS:
        raise GenerationError(
            ErrorCode.REFERENCE_TOO_LONG, explain_too_long(found.declared_seconds, max_seconds)
        )
    if duration_seconds < min_seconds - DURATION_TOLERANCE_SECONDS:
        raise GenerationError(
            ErrorCode.REFERENCE_TOO_SHORT,
            f"The clip is {format_seconds(duration_seconds)} long; "
            f"at least {format_seconds(min_seconds)} is needed.",
        )
    start, end = find_sounding_part(levels)
    sounding_seconds = (end - start) / REFERENCE_SAMPLE_RATE_HZ
    if sounding_seconds < min_seconds - DURATION_TOLERANCE_SECONDS:
        raise GenerationError(
            ErrorCode.REFERENCE_TOO_SHORT,
            f"Only {format_seconds(sounding_seconds)} of the clip is sound, the rest is silence; "
            f"at least {format_seconds(min_seconds)} is needed.",
        )
    return Clip(
        duration_seconds=duration_seconds,
        format_name=found.format_name,
        codec=found.codec,
        sample_rate_hz=found.sample_rate_hz,
        channels=found.channels,
        peak_dbfs=to_decibels(levels.peak),
    )


def explain_too_long(declared_seconds: int | None, max_seconds: float) -> str:
    if declared_seconds is None or declared_seconds <= max_seconds:
        return f"The clip is longer than the {format_seconds(max_seconds)} that are allowed."
    return (
        f"The clip is {format_seconds(declared_seconds)} long; "
        f"at most {format_seconds(max_seconds)} are allowed."
    )
