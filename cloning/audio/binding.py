"""Many files as one audiobook: M4B, with a mark where each chapter begins, and a cover. A chunk of it is in memory."""

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cloning.audio import ffmpeg
from cloning.audio.decoding import AUDIO_TRACK, input_arguments
from cloning.audio.wav import replace_whole, storage_full
from cloning.errors import ErrorCode, GenerationError

logger = logging.getLogger(__name__)

SAMPLE_RATE_HZ = 24_000
BIT_RATE = "64k"
FRAME_SAMPLES = 1024
"""Of AAC."""
HEADER_BYTES = 7
ENCODER = ("-ar", str(SAMPLE_RATE_HZ), "-ac", "1", "-c:a", "aac", "-b:a", BIT_RATE, "-threads", "1")
MAX_COVER_PIXELS = 1_000


@dataclass(frozen=True)
class Mark:
    """Where a chapter begins and ends."""

    title: str
    start_seconds: float
    end_seconds: float


def append_encoded(source: Path, target: Path, *, timeout_seconds: float) -> float:
    """Adds a file of ours to `target` as AAC in ADTS frames, which follow each other as they are. Its seconds.

    Raises GenerationError (ENCODING_FAILED, STORAGE_FULL).
    """
    part = target.with_suffix(".part")
    return append([*input_arguments(source), *AUDIO_TRACK], part, target, timeout_seconds)


def append_silence(seconds: float, target: Path, *, timeout_seconds: float) -> float:
    """Adds as much silence to what `append_encoded` writes. Its seconds. Raises as that does."""
    part = target.with_suffix(".part")
    source = ["-f", "lavfi", "-i", f"anullsrc=r={SAMPLE_RATE_HZ}:cl=mono", "-t", f"{seconds:.3f}"]
    return append(source, part, target, timeout_seconds)


def append(source: list[str], part: Path, target: Path, timeout_seconds: float) -> float:
    run([*source, *ENCODER, "-f", "adts", "-y", f"file:{part}"], timeout_seconds)
    with part.open("rb") as encoded, target.open("ab") as output:
        frames = count_frames(encoded)
        encoded.seek(0)
        shutil.copyfileobj(encoded, output)
    part.unlink()
    return frames * FRAME_SAMPLES / SAMPLE_RATE_HZ


def count_frames(file: IO[bytes]) -> int:
    """Of ADTS, each of which says how long it is."""
    frames = 0
    while len(header := file.read(HEADER_BYTES)) == HEADER_BYTES:
        length = (header[3] & 0x03) << 11 | header[4] << 3 | header[5] >> 5
        if length < HEADER_BYTES:
            break
        file.seek(length - HEADER_BYTES, 1)
        frames += 1
    return frames


def bind(
    encoded: Path,
    marks: Sequence[Mark],
    target: Path,
    *,
    tags: Mapping[str, str],
    cover: Path | None,
    timeout_seconds: float,
) -> None:
    """Makes an M4B of what `append_encoded` wrote. `target` appears whole or not at all.

    Raises GenerationError (ENCODING_FAILED, STORAGE_FULL).
    """
    description = encoded.with_suffix(".txt")
    description.write_text(describe(marks, tags), "utf-8")
    arguments = ["-f", "aac", "-i", f"file:{encoded}", "-f", "ffmetadata", "-i", f"file:{description}"]
    if cover:
        arguments += ["-f", "jpeg_pipe", "-i", f"file:{cover}"]
    arguments += ["-map", "0:a", *(("-map", "2:v", "-disposition:v:0", "attached_pic") if cover else ())]
    arguments += ["-map_metadata", "1", "-map_chapters", "1", "-c", "copy", "-bsf:a", "aac_adtstoasc"]
    with replace_whole(target) as temporary:
        run([*arguments, "-movflags", "+faststart", "-f", "ipod", f"file:{temporary}"], timeout_seconds)


def describe(marks: Sequence[Mark], tags: Mapping[str, str]) -> str:
    """In FFmpeg's own format of metadata."""
    lines = [";FFMETADATA1", *(f"{name}={escape(value)}" for name, value in tags.items() if value)]
    for mark in marks:
        start, end = (round(1000 * each) for each in (mark.start_seconds, mark.end_seconds))
        lines += [
            "[CHAPTER]",
            "TIMEBASE=1/1000",
            f"START={start}",
            f"END={end}",
            f"title={escape(mark.title)}",
        ]
    return "\n".join(lines) + "\n"


def escape(value: str) -> str:
    return "".join(f"\\{each}" if each in "=;#\\\n" else each for each in value)


def shrink_cover(source: Path, suffix: str, target: Path, *, timeout_seconds: float = 10) -> None:
    """A picture that anybody may have made, as a JPEG of ours. Raises GenerationError."""
    demuxer = {".jpg": "jpeg_pipe", ".png": "png_pipe"}[suffix]
    scale = f"scale=w='min({MAX_COVER_PIXELS},iw)':h='min({MAX_COVER_PIXELS},ih)':force_original_aspect_ratio=decrease"
    arguments = ["-protocol_whitelist", "file", "-f", demuxer, "-threads", "1", "-i", f"file:{source}"]
    arguments += ["-map", "0:v:0", "-vf", f"{scale},format=yuvj420p", "-frames:v", "1", "-map_metadata", "-1"]
    run(
        [*arguments, "-threads", "1", "-c:v", "mjpeg", "-q:v", "3", "-f", "mjpeg", "-y", f"file:{target}"],
        timeout_seconds,
    )


def run(arguments: list[str], timeout_seconds: float) -> None:
    done = ffmpeg.run(arguments, timeout_seconds, ErrorCode.ENCODING_FAILED)
    if done.is_disk_full:
        raise storage_full()
    if done.returncode != 0:
        logger.warning("FFmpeg could not bind a book (exit %s): %r", done.returncode, done.log[-2000:])
        raise GenerationError(ErrorCode.ENCODING_FAILED, "The book could not be made one file.")
