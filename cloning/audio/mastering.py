"""What is written by FFmpeg: normalized references, and speech encoded."""

import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cloning.audio import ffmpeg
from cloning.audio.decoding import AUDIO_TRACK, decode, input_arguments
from cloning.audio.levels import (
    LevelMeter,
    Samples,
    find_sounding_part,
    measure_peak,
    to_decibels,
)
from cloning.audio.probing import REFERENCE_SAMPLE_RATE_HZ
from cloning.audio.wav import replace_whole, storage_full, write_wav
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat

logger = logging.getLogger(__name__)

REFERENCE_LOUDNESS_LUFS = -23.0
TRUE_PEAK_DBTP = -1.0


@dataclass(frozen=True)
class NormalizedClip:
    duration_seconds: float
    loudness_lufs: float  # of the written file
    gain_db: float


def normalize(
    source: Path,
    target: Path,
    *,
    max_seconds: float,
    ends: tuple[float, float] | None = None,
    timeout_seconds: float = 60,
) -> NormalizedClip:
    """Writes `source` as WAV, 16 kHz, mono, 16-bit: silence trimmed at both ends, speech at −23 LUFS.

    Quiet phones and loud microphones so condition alike. The gain is one number for the whole clip, no
    dynamic compression, and is lowered where the true peak would exceed −1 dBTP (EBU R 128).
    Pauses inside the clip stay. At most `max_seconds` are read; what lies outside of `ends`, in seconds, is left out.
    `target` appears whole or not at all.
    Raises GenerationError: REFERENCE_UNREADABLE, REFERENCE_SILENT, STORAGE_FULL.
    """
    pieces: list[Samples] = []
    meter = LevelMeter(REFERENCE_SAMPLE_RATE_HZ)
    first, last = (round(end * REFERENCE_SAMPLE_RATE_HZ) for end in ends or (0, max_seconds))
    read = 0

    def receive(channels: Samples) -> None:
        nonlocal read
        used = channels[:, max(0, first - read) : max(0, last - read)]
        read += channels.shape[1]
        if used.size:
            pieces.append(used)
            meter.update(used)

    decode(source, REFERENCE_SAMPLE_RATE_HZ, max_seconds, timeout_seconds, receive)
    levels = meter.measure()
    start, end = find_sounding_part(levels)
    samples = np.concatenate([levels.mix_down(channels) for channels in pieces])[start:end]
    loudness_lufs, true_peak_dbtp = measure_loudness(samples, REFERENCE_SAMPLE_RATE_HZ)
    gain_db = min(REFERENCE_LOUDNESS_LUFS - loudness_lufs, TRUE_PEAK_DBTP - true_peak_dbtp)
    write_wav(samples * np.float32(10 ** (gain_db / 20)), REFERENCE_SAMPLE_RATE_HZ, target)
    return NormalizedClip(samples.size / REFERENCE_SAMPLE_RATE_HZ, loudness_lufs + gain_db, gain_db)


def encode(
    source_wav: Path,
    target: Path,
    audio_format: AudioFormat,
    *,
    tags: Mapping[str, str],
    timeout_seconds: float = 300,
) -> None:
    """Writes our own WAV in `audio_format`, with `tags`, by FFmpeg's names, in the file's metadata.

    `target` appears whole or not at all. Raises GenerationError: ENCODING_FAILED, STORAGE_FULL.
    """
    exact = ("-fflags", "+bitexact", "-flags:a", "+bitexact")  # the same speech gives the same bytes
    with replace_whole(target) as temporary:
        run = ffmpeg.run(
            [
                *input_arguments(source_wav),
                *AUDIO_TRACK,
                *metadata_arguments(tags),
                *exact,
                *("-threads", "1"),
                *audio_format.encoder_arguments,
                f"file:{temporary}",
            ],
            timeout_seconds,
            ErrorCode.ENCODING_FAILED,
        )
        if run.is_disk_full:
            raise storage_full()
        if run.returncode != 0:
            logger.warning(
                "FFmpeg could not encode to %s (exit %s): %r", audio_format, run.returncode, run.log
            )
            raise GenerationError(
                ErrorCode.ENCODING_FAILED, f"The speech could not be encoded as {audio_format}."
            )


def metadata_arguments(tags: Mapping[str, str]) -> list[str]:
    return [argument for name, value in tags.items() for argument in ("-metadata", f"{name}={value}")]


def change_tempo(
    samples: Samples, speed: float, sample_rate_hz: int, *, timeout_seconds: float = 30
) -> Samples:
    """Mono samples spoken `speed` (0.5 to 2) times as fast at their own pitch, by FFmpeg's `atempo` (WSOLA).

    Raises GenerationError (SYNTHESIS_FAILED).
    """
    if speed == 1 or not samples.size:
        return samples
    failure = GenerationError(ErrorCode.SYNTHESIS_FAILED, "The preview voice could not speak at this speed.")
    return filter_samples(samples, sample_rate_hz, f"atempo={speed:.4f}", timeout_seconds, failure)


def measure_loudness(samples: Samples, sample_rate_hz: int) -> tuple[float, float]:
    """In LUFS, and the true peak in dBTP. Raises GenerationError (ENCODING_FAILED)."""
    # Measured at full scale, as R 128 ignores what lies below −70 LUFS; and what is shorter than its blocks
    # of 400 ms is measured as if it were repeated.
    raised_db = -to_decibels(measure_peak(samples))
    measured = np.tile(samples, math.ceil(3 * sample_rate_hz / samples.size)) * 10 ** (raised_db / 20)
    source = ("-f", "f32le", "-ar", str(sample_rate_hz), "-ac", "1", "-i", "pipe:0")
    run = ffmpeg.run(
        [*source, "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"],
        60 + samples.size / sample_rate_hz,
        ErrorCode.ENCODING_FAILED,
        piped=measured.astype("<f4").tobytes(),
    )
    loudness = re.search(r"^ +I: +(-?[\d.]+) LUFS", run.log, re.MULTILINE)
    true_peak = re.search(r"^ +Peak: +(-?[\d.]+) dBFS", run.log, re.MULTILINE)
    if not loudness or not true_peak:
        logger.warning("FFmpeg measured no loudness (exit %s): %r", run.returncode, run.log[-2000:])
        raise GenerationError(ErrorCode.ENCODING_FAILED, "The loudness of the audio could not be measured.")
    loudness_lufs = float(loudness[1]) - raised_db
    true_peak_dbtp = float(true_peak[1]) - raised_db + 0.1  # the summary is rounded to tenths
    return loudness_lufs, true_peak_dbtp


def filter_samples(
    samples: Samples, sample_rate_hz: int, filters: str, timeout_seconds: float, failure: GenerationError
) -> Samples:
    """Mono samples through FFmpeg's `filters`. Raises `failure`, or what `ffmpeg.run` does with its code."""
    raw = ["-f", "f32le", "-ar", str(sample_rate_hz), "-ac", "1"]
    run = ffmpeg.run(
        ["-protocol_whitelist", "pipe", *raw, "-i", "pipe:0", "-af", filters, *raw, "pipe:1"],
        timeout_seconds,
        failure.code,
        piped=samples.astype("<f4").tobytes(),
    )
    if run.returncode != 0:
        logger.error("FFmpeg, %s (exit %s): %r", filters, run.returncode, run.log)
        raise failure
    return np.frombuffer(run.output, "<f4").astype(np.float32)
