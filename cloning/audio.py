"""Audio in and out through FFmpeg: probe, normalise, encode, peaks, and the joining of spoken segments.

Uploads are hostile, so FFmpeg gets nothing to choose from: only the `file` protocol, only the containers and
audio codecs listed here (no playlists, which name other files and hosts; no video decoder is ever opened), no
standard input, an empty environment, and bounds on time, output and memory. It decodes to plain samples; what
is then done to them (trimming, downmix, gain) is arithmetic on an array.

Levels follow EBU R 128: programme loudness in LUFS and true peak in dBTP as ITU-R BS.1770 defines them,
measured by FFmpeg's `ebur128` filter.
"""

import contextlib
import errno
import logging
import math
import os
import re
import shutil
import signal
import struct
import subprocess
import threading
import uuid
import warnings
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pydub looks for an ffmpeg on PATH when imported; ours may be elsewhere
    from pydub import AudioSegment
    from pydub.silence import detect_leading_silence

logger = logging.getLogger(__name__)

REFERENCE_SAMPLE_RATE_HZ = 16_000
REFERENCE_LOUDNESS_LUFS = -23.0
SPEECH_LOUDNESS_LUFS = -19.0
TRUE_PEAK_DBTP = -1.0
# Speech has peaks 13 to 18 dB above its level, the harshest of the preview's voices 25.
MOST_LIMITING_DB = 8.0
SILENCE_PEAK_DBFS = -60.0

_CONTAINERS = "wav,w64,mp3,mov,ogg,flac,matroska,aiff,amr,amrnb,amrwb,aac,caf,au,asf"
_CODECS = (
    "mp3,mp3float,mp2,mp2float,mp1,mp1float,aac,aac_latm,alac,flac,opus,libopus,vorbis,libvorbis,speex,libspeex,"
    "amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,ac3,eac3,wmav1,wmav2,wmapro,wmavoice,wmalossless,"
    "gsm,gsm_ms,libgsm,libgsm_ms,adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,pcm_alaw,pcm_mulaw,pcm_u8,pcm_s8,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be"
)
_KNOWN_FORMATS = "WAV, MP3, M4A, Ogg, Opus, FLAC, WebM, MP4, AIFF and AMR are understood"
_LARGEST_ALLOCATION_BYTES = 256 * 1024**2
_LOG_BYTES = 64 * 1024
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DURATION_TOLERANCE_SECONDS = 0.02  # encoders pad, and resampling drops a sample or two
_LENGTH_TOLERANCE_SECONDS = 0.5

Samples = NDArray[np.float32]


class AudioError(Exception):
    """The audio can't be used or written; `code` is for programs, the message for the person who asked.

    Codes: reference_unreadable, reference_too_short, reference_too_long, reference_silent, speech_silent,
    encoding_failed, storage_full, ffmpeg_missing.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Clip:
    duration_seconds: float  # what decodes, whatever the header claims
    format_name: str  # the container as FFmpeg names it, e.g. "mov,mp4,m4a,3gp,3g2,mj2"
    codec: str
    sample_rate_hz: int
    channels: int  # 0 when FFmpeg does not say
    peak_dbfs: float


@dataclass(frozen=True)
class NormalisedClip:
    duration_seconds: float
    loudness_lufs: float  # of the written file
    gain_db: float


@dataclass(frozen=True)
class AudioFormat:
    content_type: str
    suffix: str
    encoder: tuple[str, ...]


FORMATS: dict[str, AudioFormat] = {
    "wav": AudioFormat("audio/wav", ".wav", ("-c:a", "pcm_s16le", "-f", "wav")),
    "mp3": AudioFormat(
        "audio/mpeg",
        ".mp3",
        ("-c:a", "libmp3lame", "-b:a", "80k", "-id3v2_version", "3", "-write_id3v1", "1", "-f", "mp3"),
    ),
    "opus": AudioFormat("audio/ogg", ".opus", ("-c:a", "libopus", "-b:a", "48k", "-f", "opus")),
    "flac": AudioFormat("audio/flac", ".flac", ("-c:a", "flac", "-sample_fmt", "s16", "-f", "flac")),
}


def ffmpeg_path() -> str:
    """FFmpeg on PATH, else the binary that imageio-ffmpeg carries. Raises AudioError (ffmpeg_missing)."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise AudioError("ffmpeg_missing", "FFmpeg is not installed on the server.") from error


def probe(source: Path, *, min_seconds: float, max_seconds: float, timeout_seconds: float = 60) -> Clip:
    """Decodes the clip, whatever its header claims, and says what is in it.

    A truncated file counts as what of it decodes; decoding stops a little after `max_seconds`.
    Raises AudioError: reference_unreadable, reference_too_short (also when too little of it is sound),
    reference_too_long, reference_silent.
    """
    decoded = _decode(source, REFERENCE_SAMPLE_RATE_HZ, max_seconds + 1, timeout_seconds)
    duration_seconds = decoded.samples.shape[1] / REFERENCE_SAMPLE_RATE_HZ
    if duration_seconds > max_seconds + _LENGTH_TOLERANCE_SECONDS:
        raise AudioError("reference_too_long", _too_long(decoded.log, max_seconds))
    if duration_seconds < min_seconds - _DURATION_TOLERANCE_SECONDS:
        raise AudioError(
            "reference_too_short",
            f"The clip is {_seconds(duration_seconds)} long; at least {_seconds(min_seconds)} is needed.",
        )
    mono = _downmix(decoded.samples)
    start, end = _sounding_part(mono, REFERENCE_SAMPLE_RATE_HZ)
    sounding_seconds = (end - start) / REFERENCE_SAMPLE_RATE_HZ
    if sounding_seconds < min_seconds - _DURATION_TOLERANCE_SECONDS:
        raise AudioError(
            "reference_too_short",
            f"Only {_seconds(sounding_seconds)} of the clip is sound, the rest is silence; "
            f"at least {_seconds(min_seconds)} is needed.",
        )
    return Clip(
        duration_seconds=duration_seconds,
        peak_dbfs=_decibels(_peak(decoded.samples)),
        **_described(decoded.log),
    )


def normalise(
    source: Path, target: Path, *, max_seconds: float, timeout_seconds: float = 60
) -> NormalisedClip:
    """Writes `source` as WAV, 16 kHz, mono, 16-bit: silence trimmed at both ends, speech at −23 LUFS.

    Quiet phones and loud microphones so condition alike. The gain is one number for the whole clip, no
    dynamic compression, and is lowered where the true peak would exceed −1 dBTP (EBU R 128).
    Pauses inside the clip stay. At most `max_seconds` are read. `target` appears whole or not at all.
    Raises AudioError: reference_unreadable, reference_silent, storage_full.
    """
    samples = _downmix(_decode(source, REFERENCE_SAMPLE_RATE_HZ, max_seconds, timeout_seconds).samples)
    start, end = _sounding_part(samples, REFERENCE_SAMPLE_RATE_HZ)
    samples = samples[start:end]
    loudness_lufs, true_peak_dbtp = _loudness(samples, REFERENCE_SAMPLE_RATE_HZ)
    gain_db = min(REFERENCE_LOUDNESS_LUFS - loudness_lufs, TRUE_PEAK_DBTP - true_peak_dbtp)
    _write_wav(samples * 10 ** (gain_db / 20), REFERENCE_SAMPLE_RATE_HZ, target)
    return NormalisedClip(samples.size / REFERENCE_SAMPLE_RATE_HZ, loudness_lufs + gain_db, gain_db)


def encode(
    source_wav: Path, target: Path, audio_format: str, *, comment: str, timeout_seconds: float = 300
) -> None:
    """Writes our own WAV in one of FORMATS, with `comment` in the file's metadata.

    `target` appears whole or not at all. Raises AudioError: encoding_failed, storage_full.
    """
    metadata = (
        "-map_metadata",
        "-1",
        "-metadata",
        "title=Synthetic speech",
        "-metadata",
        f"comment={comment}",
    )
    exact = ("-fflags", "+bitexact", "-flags:a", "+bitexact")  # the same speech gives the same bytes
    with _written_whole(target) as temporary:
        run = _ffmpeg(
            [*_input(source_wav), *metadata, *exact, *FORMATS[audio_format].encoder, f"file:{temporary}"],
            timeout_seconds,
            "encoding_failed",
        )
        if _ran_out_of_space(run):
            raise _storage_full()
        if run.returncode != 0:
            logger.warning(
                "FFmpeg could not encode to %s (exit %s): %r", audio_format, run.returncode, run.log
            )
            raise AudioError("encoding_failed", f"The speech could not be encoded as {audio_format}.")


def peaks(source: Path, count: int, *, timeout_seconds: float = 60) -> list[float]:
    """The loudest sample in each of `count` equal stretches, for drawing; 1 is the loudest of the clip.

    Looks at the first hour. Raises AudioError (reference_unreadable).
    """
    samples = np.abs(_downmix(_decode(source, 8_000, 3_600, timeout_seconds).samples))
    edges = np.linspace(0, samples.size, count, endpoint=False).astype(int)
    loudest = np.maximum.reduceat(samples, edges)
    return [float(value) for value in loudest / max(float(loudest.max()), 1e-9)]


def write_speech(pieces: Sequence[tuple[Samples, float]], sample_rate_hz: int, target: Path) -> float:
    """Joins spoken segments into a WAV (mono, 16-bit) at −19 LUFS within −1 dBTP; returns its seconds.

    Peaks that stand in the way are limited, by at most MOST_LIMITING_DB; beyond that the speech stays quieter.
    Each piece is a waveform in [-1, 1] and the seconds of pause after it (the last one's is not spoken).
    The silence around each piece is cut to 30 ms, so that the pause is as long as asked for.
    Values that are no numbers become silence. `target` appears whole or not at all.
    Raises AudioError: speech_silent when no piece holds sound, encoding_failed, storage_full.
    """
    joined: list[bytes] = []
    pause = b""
    for waveform, pause_seconds in pieces:
        spoken = _spoken_part(waveform, sample_rate_hz)
        if len(spoken):
            joined += [pause, spoken.raw_data] if joined else [spoken.raw_data]
            pause = b""
        pause += bytes(4 * round(max(0.0, pause_seconds) * sample_rate_hz))
    samples = np.frombuffer(b"".join(joined), "<i4").astype(np.float32) / np.float32(2**31)
    if not samples.size:
        raise AudioError("speech_silent", "The engine returned no sound for this text.")
    loudness_lufs, true_peak_dbtp = _loudness(samples, sample_rate_hz)
    gain_db = min(SPEECH_LOUDNESS_LUFS - loudness_lufs, TRUE_PEAK_DBTP - true_peak_dbtp + MOST_LIMITING_DB)
    levelled = samples * np.float32(10 ** (gain_db / 20))
    if true_peak_dbtp + gain_db > TRUE_PEAK_DBTP:
        levelled = _limited(levelled, sample_rate_hz)
    _write_wav(levelled, sample_rate_hz, target)
    return samples.size / sample_rate_hz


def _spoken_part(waveform: Samples, sample_rate_hz: int) -> AudioSegment:
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


def at_tempo(samples: Samples, speed: float, sample_rate_hz: int, *, timeout_seconds: float = 30) -> Samples:
    """Mono samples spoken `speed` (0.5 to 2) times as fast at their own pitch, by FFmpeg's `atempo` (WSOLA).

    Raises AudioError: synthesis_failed.
    """
    if speed == 1 or not samples.size:
        return samples
    failure = AudioError("synthesis_failed", "The preview voice could not speak at this speed.")
    return _filtered(samples, sample_rate_hz, f"atempo={speed:.4f}", timeout_seconds, failure)


@dataclass(frozen=True)
class _Decoded:
    samples: Samples  # shape (channels, samples), 1 or 2 channels
    log: str


@dataclass(frozen=True)
class _Run:
    returncode: int
    output: bytes
    log: str  # the beginning of what FFmpeg said


def _input(source: Path) -> list[str]:
    return [
        *("-protocol_whitelist", "file", "-format_whitelist", _CONTAINERS, "-codec_whitelist", _CODECS),
        *("-threads", "1", "-i", f"file:{source}", "-map", "0:a:0", "-vn", "-sn", "-dn"),
    ]


def _decode(source: Path, sample_rate_hz: int, max_seconds: float, timeout_seconds: float) -> _Decoded:
    if source.stat().st_size == 0:
        raise AudioError("reference_unreadable", "The file is empty.")
    layout = f"aformat=sample_fmts=flt:sample_rates={sample_rate_hz}:channel_layouts=mono|stereo"
    largest_bytes = int((max_seconds + 1) * sample_rate_hz) * 8
    bounds = ("-t", f"{max_seconds:.3f}", "-fs", str(largest_bytes))
    # The AU header says how many channels follow, and needs no seeking back to be complete.
    run = _ffmpeg(
        [
            *_input(source),
            "-map_metadata",
            "-1",
            "-af",
            layout,
            *bounds,
            "-c:a",
            "pcm_f32be",
            "-f",
            "au",
            "pipe:1",
        ],
        timeout_seconds,
        "reference_unreadable",
    )
    samples = _from_au(run.output)
    if run.returncode != 0 or samples.size == 0:
        logger.info("FFmpeg could not decode %s (exit %s): %r", source.name, run.returncode, run.log[-2000:])
        raise AudioError("reference_unreadable", _why_unreadable(run.log))
    return _Decoded(samples, run.log)


def _from_au(output: bytes) -> Samples:
    if len(output) < 24:
        return np.zeros((1, 0), np.float32)
    _, data_offset, _, _, _, channels = struct.unpack(">4s5I", output[:24])
    frames = (len(output) - data_offset) // (4 * channels)
    interleaved = np.frombuffer(output, ">f4", frames * channels, data_offset).astype(np.float32)
    return np.nan_to_num(interleaved.reshape(-1, channels).T, nan=0, posinf=0, neginf=0).clip(-8, 8)


def _ffmpeg(
    arguments: list[str], timeout_seconds: float, failure_code: str, *, piped: bytes | None = None
) -> _Run:
    command = [ffmpeg_path(), "-nostdin", "-hide_banner", "-nostats", "-loglevel", "info"]
    command += ["-max_alloc", str(_LARGEST_ALLOCATION_BYTES), "-filter_threads", "1", *arguments]
    log = bytearray()
    log_from, log_to = os.pipe()

    def keep_beginning_of_log() -> None:  # a hostile file can make FFmpeg complain without end
        with open(log_from, "rb", buffering=0) as pipe:  # noqa: PTH123
            while said := pipe.read(_LOG_BYTES):
                log.extend(said[: _LOG_BYTES - len(log)])

    reader = threading.Thread(target=keep_beginning_of_log, daemon=True)
    reader.start()
    try:
        with open(log_to, "wb") as pipe:  # noqa: PTH123
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL if piped is None else None,
                input=piped,
                stdout=subprocess.PIPE,
                stderr=pipe,
                timeout=timeout_seconds,
                env={"LC_ALL": "C"},
            )
    except subprocess.TimeoutExpired as error:
        logger.warning("FFmpeg was stopped after %s s", timeout_seconds)
        message = f"The audio took longer than {_seconds(timeout_seconds)} to process."
        raise AudioError(failure_code, message) from error
    except OSError as error:
        raise AudioError("ffmpeg_missing", "FFmpeg could not be started on the server.") from error
    finally:
        reader.join()
    return _Run(done.returncode, done.stdout, log.decode("utf-8", "replace"))


def _why_unreadable(log: str) -> str:
    if re.search(r"^ +Stream #0:\d+.*?: Audio:", log, re.MULTILINE):
        return f"The audio in this file can't be decoded; it may be damaged. {_KNOWN_FORMATS}."
    if re.search(r"^ +Stream #0:\d+.*?: Video:", log, re.MULTILINE):
        return "The file is a video without sound."
    return f"No audio was found in this file. {_KNOWN_FORMATS}."


def _described(log: str) -> dict:
    container = re.search(r"^Input #0, (.+), from '", log, re.MULTILINE)
    stream = re.search(r"^ +Stream #0:\d+.*?: Audio: ([\w-]+).*?, (\d{1,7}) Hz, ([^,\n]+)", log, re.MULTILINE)
    return {
        "format_name": container[1] if container else "",
        "codec": stream[1] if stream else "",
        "sample_rate_hz": int(stream[2]) if stream else 0,
        "channels": _channels(stream[3]) if stream else 0,
    }


def _channels(layout: str) -> int:
    """FFmpeg's name of a channel layout ("stereo", "5.1(side)", "3 channels") as a count."""
    named = {"mono": 1, "stereo": 2, "downmix": 2, "quad": 4}
    numbers = re.match(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", layout)
    return named.get(layout, sum(int(number or 0) for number in numbers.groups()) if numbers else 0)


def _too_long(log: str, max_seconds: float) -> str:
    declared = re.search(r"^  Duration: (\d+):(\d\d):(\d\d)", log, re.MULTILINE)
    if declared:
        hours, minutes, seconds = (int(part) for part in declared.groups())
        declared_seconds = hours * 3600 + minutes * 60 + seconds
        if declared_seconds > max_seconds:
            return (
                f"The clip is {_seconds(declared_seconds)} long; at most {_seconds(max_seconds)} are allowed."
            )
    return f"The clip is longer than the {_seconds(max_seconds)} that are allowed."


def _seconds(duration_seconds: float) -> str:
    """Rounded down, so that a clip just too short does not read as long enough."""
    steps = 100 if duration_seconds < 1 else 10
    return f"{math.floor(round(duration_seconds * steps, 6)) / steps:g} s"


def _peak(samples: Samples) -> float:
    return float(np.max(np.abs(samples), initial=0))


def _decibels(amplitude: float) -> float:
    return 20 * math.log10(max(amplitude, 1e-10))


def _downmix(channels: Samples) -> Samples:
    """Mean of the channels, without offset; the louder one where the mean would cancel or halve it."""
    centred = channels - channels.mean(axis=1, keepdims=True)
    mean = centred.mean(axis=0)
    powers = np.square(centred).mean(axis=1)
    if np.square(mean).mean() < 0.36 * powers.max():
        return centred[powers.argmax()]
    return mean


def _sounding_part(samples: Samples, sample_rate_hz: int) -> tuple[int, int]:
    """First and last sample of what stands out from the background, 80 ms before and after included.

    The threshold lies 8 dB above the background (10th percentile of the level in 30 ms) but 12 to 40 dB below
    the speech (the level reached for half a second), so steady noise does not pass for speech and a clip
    without any pause stays whole. What is shorter than 60 ms is a click, not the start of speech.
    Raises AudioError (reference_silent).
    """
    hop = sample_rate_hz // 100
    blocks = samples[: samples.size // hop * hop].reshape(-1, hop)
    power = np.convolve(np.square(blocks, dtype=np.float64).mean(axis=1), np.ones(3) / 3, "same")
    levels_db = 10 * np.log10(power + 1e-10)
    if _decibels(_peak(samples)) < SILENCE_PEAK_DBFS or not levels_db.size:
        raise AudioError("reference_silent", "The clip is silent.")
    speech_db = np.sort(levels_db)[-min(50, levels_db.size)]
    if speech_db < SILENCE_PEAK_DBFS - 10:
        raise AudioError("reference_silent", "The clip is silent but for less than half a second.")
    background_db = np.percentile(levels_db, 10)
    threshold_db = min(max(background_db + 8, speech_db - 40), speech_db - 12)
    sustained = np.flatnonzero(np.convolve(levels_db > threshold_db, np.ones(6), "valid") == 6)
    if not sustained.size:
        return 0, samples.size
    margin = 8
    first, last = int(sustained[0]), int(sustained[-1]) + 6
    return max(0, first - margin) * hop, min(samples.size, (last + margin) * hop)


def _loudness(samples: Samples, sample_rate_hz: int) -> tuple[float, float]:
    """In LUFS, and the true peak in dBTP."""
    # Measured at full scale, as R 128 ignores what lies below −70 LUFS; and what is shorter than its blocks
    # of 400 ms is measured as if it were repeated.
    raised_db = -_decibels(_peak(samples))
    measured = np.tile(samples, math.ceil(3 * sample_rate_hz / samples.size)) * 10 ** (raised_db / 20)
    source = ("-f", "f32le", "-ar", str(sample_rate_hz), "-ac", "1", "-i", "pipe:0")
    run = _ffmpeg(
        [*source, "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"],
        60 + samples.size / sample_rate_hz,
        "encoding_failed",
        piped=measured.astype("<f4").tobytes(),
    )
    loudness = re.search(r"^ +I: +(-?[\d.]+) LUFS", run.log, re.MULTILINE)
    true_peak = re.search(r"^ +Peak: +(-?[\d.]+) dBFS", run.log, re.MULTILINE)
    if not loudness or not true_peak:
        logger.warning("FFmpeg measured no loudness (exit %s): %r", run.returncode, run.log[-2000:])
        raise AudioError("encoding_failed", "The loudness of the audio could not be measured.")
    loudness_lufs = float(loudness[1]) - raised_db
    true_peak_dbtp = float(true_peak[1]) - raised_db + 0.1  # the summary is rounded to tenths
    return loudness_lufs, true_peak_dbtp


def _limited(samples: Samples, sample_rate_hz: int) -> Samples:
    """With peaks brought below TRUE_PEAK_DBTP, at four times the rate, as true peaks lie between samples."""
    # A quarter of a dB lower: brought back to its rate, the sound peaks a little higher again.
    limit = 10 ** ((TRUE_PEAK_DBTP - 0.25) / 20)
    limiter = f"alimiter=limit={limit:.4f}:attack=3:release=40:level=false:latency=true"
    filters = f"aresample={4 * sample_rate_hz},{limiter},aresample={sample_rate_hz}"
    failure = AudioError("encoding_failed", "The loudness of the audio could not be set.")
    timeout_seconds = 60 + samples.size / sample_rate_hz
    return _filtered(samples, sample_rate_hz, filters, timeout_seconds, failure)[: samples.size]


def _filtered(
    samples: Samples, sample_rate_hz: int, filters: str, timeout_seconds: float, failure: AudioError
) -> Samples:
    """Mono samples through FFmpeg's `filters`. Raises `failure`, or what `_ffmpeg` does with its code."""
    raw = ["-f", "f32le", "-ar", str(sample_rate_hz), "-ac", "1"]
    run = _ffmpeg(
        ["-protocol_whitelist", "pipe", *raw, "-i", "pipe:0", "-af", filters, *raw, "pipe:1"],
        timeout_seconds,
        failure.code,
        piped=samples.astype("<f4").tobytes(),
    )
    if run.returncode != 0:
        logger.error("FFmpeg, %s (exit %s): %r", filters, run.returncode, run.log)
        raise failure
    return np.frombuffer(run.output, "<f4").astype(np.float32)


def _write_wav(samples: Samples, sample_rate_hz: int, target: Path) -> None:
    integers = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2")
    with _written_whole(target) as temporary, wave.open(str(temporary), "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(sample_rate_hz)
        output.writeframes(integers.tobytes())


@contextlib.contextmanager
def _written_whole(target: Path) -> Iterator[Path]:
    """A temporary path beside `target` that takes its place once the block has ended well."""
    temporary = target.with_name(f".{uuid.uuid4().hex}{target.suffix}")
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise _storage_full() from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _storage_full() -> AudioError:
    return AudioError("storage_full", "The server's storage is full; the audio could not be saved.")


def _ran_out_of_space(run: _Run) -> bool:
    return run.returncode == -signal.SIGXFSZ or any(os.strerror(code) in run.log for code in _DISK_FULL)
