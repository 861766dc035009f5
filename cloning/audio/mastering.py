"""What is written: normalized references, speech joined, levelled and encoded, and the outline of its waveform."""

import itertools
import logging
import math
import re
import warnings
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cloning.audio import ffmpeg
from cloning.audio.decoding import AUDIO_TRACK, decode, input_arguments
from cloning.audio.levels import (
    SILENCE_PEAK_DBFS,
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

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pydub looks for an ffmpeg on PATH when imported; ours may be elsewhere
    from pydub import AudioSegment
    from pydub.silence import detect_leading_silence

logger = logging.getLogger(__name__)

REFERENCE_LOUDNESS_LUFS = -23.0
SPEECH_LOUDNESS_LUFS = -19.0
TRUE_PEAK_DBTP = -1.0
# Speech has peaks 13 to 18 dB above its level, the harshest of the preview's voices 25.
MAX_LIMITING_DB = 8.0


@dataclass(frozen=True)
class NormalizedClip:
    duration_seconds: float
    loudness_lufs: float  # of the written file
    gain_db: float


def normalize(
    source: Path, target: Path, *, max_seconds: float, timeout_seconds: float = 60
) -> NormalizedClip:
    """Writes `source` as WAV, 16 kHz, mono, 16-bit: silence trimmed at both ends, speech at −23 LUFS.

    Quiet phones and loud microphones so condition alike. The gain is one number for the whole clip, no
    dynamic compression, and is lowered where the true peak would exceed −1 dBTP (EBU R 128).
    Pauses inside the clip stay. At most `max_seconds` are read. `target` appears whole or not at all.
    Raises GenerationError: REFERENCE_UNREADABLE, REFERENCE_SILENT, STORAGE_FULL.
    """
    pieces: list[Samples] = []
    meter = LevelMeter(REFERENCE_SAMPLE_RATE_HZ)

    def receive(channels: Samples) -> None:
        pieces.append(channels)
        meter.update(channels)

    decode(source, REFERENCE_SAMPLE_RATE_HZ, max_seconds, timeout_seconds, receive)
    levels = meter.measure()
    start, end = find_sounding_part(levels)
    samples = np.concatenate([levels.mix_down(channels) for channels in pieces])[start:end]
    loudness_lufs, true_peak_dbtp = measure_loudness(samples, REFERENCE_SAMPLE_RATE_HZ)
    gain_db = min(REFERENCE_LOUDNESS_LUFS - loudness_lufs, TRUE_PEAK_DBTP - true_peak_dbtp)
    write_wav(samples * np.float32(10 ** (gain_db / 20)), REFERENCE_SAMPLE_RATE_HZ, target)
    return NormalizedClip(samples.size / REFERENCE_SAMPLE_RATE_HZ, loudness_lufs + gain_db, gain_db)


def encode(
    source_wav: Path, target: Path, audio_format: AudioFormat, *, comment: str, timeout_seconds: float = 300
) -> None:
    """Writes our own WAV in `audio_format`, with `comment` in the file's metadata.

    `target` appears whole or not at all. Raises GenerationError: ENCODING_FAILED, STORAGE_FULL.
    """
    metadata = ("-metadata", "title=Synthetic speech", "-metadata", f"comment={comment}")
    exact = ("-fflags", "+bitexact", "-flags:a", "+bitexact")  # the same speech gives the same bytes
    with replace_whole(target) as temporary:
        run = ffmpeg.run(
            [
                *input_arguments(source_wav),
                *AUDIO_TRACK,
                *metadata,
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


def compute_peaks(source_wav: Path, count: int) -> list[float]:
    """The loudest sample in each of `count` equal stretches of our own WAV; 1 is the loudest of the clip."""
    with wave.open(str(source_wav), "rb") as source:
        edges = np.linspace(0, source.getnframes(), count + 1).astype(int)
        loudest = [
            measure_stretch(source, start, max(end, start + 1)) for start, end in itertools.pairwise(edges)
        ]
    return [value / max(*loudest, 1) for value in loudest]


def measure_stretch(source: wave.Wave_read, start: int, end: int) -> int:
    source.setpos(min(start, source.getnframes() - 1))
    samples = np.frombuffer(source.readframes(end - start), "<i2").astype(int)
    return int(np.abs(samples).max(initial=0))


def write_speech(pieces: Sequence[tuple[Samples, float]], sample_rate_hz: int, target: Path) -> float:
    """Joins spoken segments into a WAV (mono, 16-bit) at −19 LUFS within −1 dBTP; returns its seconds.

    Peaks that stand in the way are limited, by at most MAX_LIMITING_DB; beyond that the speech stays quieter.
    Each piece is a waveform in [-1, 1] and the seconds of pause after it (the last one's is not spoken).
    The silence around each piece is cut to 30 ms, so that the pause is as long as asked for.
    Values that are no numbers become silence. `target` appears whole or not at all.
    Raises GenerationError: SPEECH_SILENT when no piece holds sound, ENCODING_FAILED, STORAGE_FULL.
    """
    joined: list[bytes] = []
    pause = b""
    for waveform, pause_seconds in pieces:
        spoken = trim_silence(waveform, sample_rate_hz)
        if len(spoken):
            joined += [pause, spoken.raw_data] if joined else [spoken.raw_data]
            pause = b""
        pause += bytes(4 * round(max(0.0, pause_seconds) * sample_rate_hz))
    samples = np.frombuffer(b"".join(joined), "<i4").astype(np.float32) / np.float32(2**31)
    if not samples.size:
        raise GenerationError(ErrorCode.SPEECH_SILENT, "The engine returned no sound for this text.")
    loudness_lufs, true_peak_dbtp = measure_loudness(samples, sample_rate_hz)
    gain_db = min(SPEECH_LOUDNESS_LUFS - loudness_lufs, TRUE_PEAK_DBTP - true_peak_dbtp + MAX_LIMITING_DB)
    levelled = samples * np.float32(10 ** (gain_db / 20))
    if true_peak_dbtp + gain_db > TRUE_PEAK_DBTP:
        levelled = limit_peaks(levelled, sample_rate_hz)
    write_wav(levelled, sample_rate_hz, target)
    return samples.size / sample_rate_hz


def trim_silence(waveform: Samples, sample_rate_hz: int) -> AudioSegment:
    """The piece between its silences, 32-bit so that the later gain costs no resolution; empty if silent."""
    clean = np.clip(np.where(np.isfinite(waveform), waveform, 0), -1, 1).astype(np.float64)
    whole = AudioSegment(
        (clean * (2**31 - 1)).astype("<i4").tobytes(), sample_width=4, frame_rate=sample_rate_hz, channels=1
    )
    if whole.max_dBFS < SILENCE_PEAK_DBFS:
        return whole[:0]
    threshold_dbfs = whole.max_dBFS - 50
    start_ms = detect_leading_silence(whole, threshold_dbfs) - 30
    end_ms = len(whole) - detect_leading_silence(whole.reverse(), threshold_dbfs) + 30
    return whole[max(0, start_ms) : end_ms].fade_in(5).fade_out(5)


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


def limit_peaks(samples: Samples, sample_rate_hz: int) -> Samples:
    """Brings peaks below TRUE_PEAK_DBTP, at four times the rate, as true peaks lie between samples."""
    # A quarter of a dB lower: brought back to its rate, the sound peaks a little higher again.
    limit = 10 ** ((TRUE_PEAK_DBTP - 0.25) / 20)
    limiter = f"alimiter=limit={limit:.4f}:attack=3:release=40:level=false:latency=true"
    filters = f"aresample={4 * sample_rate_hz},{limiter},aresample={sample_rate_hz}"
    failure = GenerationError(ErrorCode.ENCODING_FAILED, "The loudness of the audio could not be set.")
    timeout_seconds = 60 + samples.size / sample_rate_hz
    return filter_samples(samples, sample_rate_hz, filters, timeout_seconds, failure)[: samples.size]


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
