"""What an upload holds, by decoding it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloning.audio.decoding import REFERENCE_SAMPLE_RATE_HZ, decode
from cloning.audio.levels import find_sounding_part, format_seconds, measure_peak, mix_down, to_decibels
from cloning.errors import ErrorCode, GenerationError

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


def probe(source: Path, *, min_seconds: float, max_seconds: float, timeout_seconds: float = 60) -> Clip:
    """Decodes the clip, whatever its header claims, and says what is in it.

    A truncated file counts as what of it decodes; decoding stops a little after `max_seconds`.
    Raises GenerationError: REFERENCE_UNREADABLE, REFERENCE_TOO_SHORT (also when too little of it is sound),
    REFERENCE_TOO_LONG, REFERENCE_SILENT.
    """
    decoded = decode(source, REFERENCE_SAMPLE_RATE_HZ, max_seconds + 1, timeout_seconds)
    duration_seconds = decoded.samples.shape[1] / REFERENCE_SAMPLE_RATE_HZ
    if duration_seconds > max_seconds + LENGTH_TOLERANCE_SECONDS:
        raise GenerationError(ErrorCode.REFERENCE_TOO_LONG, explain_too_long(decoded.log, max_seconds))
    if duration_seconds < min_seconds - DURATION_TOLERANCE_SECONDS:
        raise GenerationError(
            ErrorCode.REFERENCE_TOO_SHORT,
            f"The clip is {format_seconds(duration_seconds)} long; "
            f"at least {format_seconds(min_seconds)} is needed.",
        )
    start, end = find_sounding_part(mix_down(decoded.samples), REFERENCE_SAMPLE_RATE_HZ)
    sounding_seconds = (end - start) / REFERENCE_SAMPLE_RATE_HZ
    if sounding_seconds < min_seconds - DURATION_TOLERANCE_SECONDS:
        raise GenerationError(
            ErrorCode.REFERENCE_TOO_SHORT,
            f"Only {format_seconds(sounding_seconds)} of the clip is sound, the rest is silence; "
            f"at least {format_seconds(min_seconds)} is needed.",
        )
    return Clip(
        duration_seconds=duration_seconds,
        peak_dbfs=to_decibels(measure_peak(decoded.samples)),
        **describe_stream(decoded.log),
    )


def describe_stream(log: str) -> dict[str, Any]:
    container = re.search(r"^Input #0, (.+), from '", log, re.MULTILINE)
    stream = re.search(r"^ +Stream #0:\d+.*?: Audio: ([\w-]+).*?, (\d{1,7}) Hz, ([^,\n]+)", log, re.MULTILINE)
    return {
        "format_name": container[1] if container else "",
        "codec": stream[1] if stream else "",
        "sample_rate_hz": int(stream[2]) if stream else 0,
        "channels": count_channels(stream[3]) if stream else 0,
    }


def count_channels(layout: str) -> int:
    """FFmpeg's name of a channel layout ("stereo", "5.1(side)", "3 channels") as a count."""
    named = {"mono": 1, "stereo": 2, "downmix": 2, "quad": 4}
    numbers = re.match(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", layout)
    return named.get(layout, sum(int(number or 0) for number in numbers.groups()) if numbers else 0)


def explain_too_long(log: str, max_seconds: float) -> str:
    declared = re.search(r"^  Duration: (\d+):(\d\d):(\d\d)", log, re.MULTILINE)
    if declared:
        hours, minutes, seconds = (int(part) for part in declared.groups())
        declared_seconds = hours * 3600 + minutes * 60 + seconds
        if declared_seconds > max_seconds:
            return (
                f"The clip is {format_seconds(declared_seconds)} long; "
                f"at most {format_seconds(max_seconds)} are allowed."
            )
    return f"The clip is longer than the {format_seconds(max_seconds)} that are allowed."
