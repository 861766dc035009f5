"""What a stranger sends, decoded to plain samples.

Uploads are hostile, so FFmpeg gets nothing to choose from: only the `file` protocol, only the containers and
audio codecs listed here (no playlists, which name other files and hosts; no video decoder is ever opened), no
standard input, an empty environment, few tracks. It decodes to plain samples; what is then done to them (trimming,
downmix, gain) is arithmetic on an array.

What is told of the file comes from where its metadata can't reach: codec, rate and channels from the header of
FFmpeg's `framecrc`, a second output. Container and declared duration stand in the log alone, among the tags, whose
names may hold new lines. They count only where exactly one line looks like them: FFmpeg always writes its own.
"""

import logging
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cloning.audio import ffmpeg
from cloning.audio.levels import LevelMeter, Samples
from cloning.errors import ErrorCode, GenerationError

logger = logging.getLogger(__name__)

CONTAINERS = "wav,w64,mp3,mov,ogg,flac,matroska,aiff,amr,amrnb,amrwb,aac,caf,au,asf"
CODECS = (
    "mp3,mp3float,mp2,mp2float,mp1,mp1float,aac,aac_latm,alac,flac,opus,libopus,vorbis,libvorbis,speex,libspeex,"
    "amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,ac3,eac3,wmav1,wmav2,wmapro,wmavoice,wmalossless,"
    "gsm,gsm_ms,libgsm,libgsm_ms,adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,pcm_alaw,pcm_mulaw,pcm_u8,pcm_s8,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be"
)
MAX_TRACKS = 64  # of any kind, pictures and subtitles of a film too
TOO_MANY_TRACKS = "exceeds max_streams"  # with Matroska, FFmpeg 9 goes on, and stops in the midst
KNOWN_FORMATS = "WAV, MP3, M4A, Ogg, Opus, FLAC, WebM, MP4, AIFF and AMR are understood"
MAX_AMPLITUDE = 8.0
PIECE_BYTES = 128 * 1024
AU_HEADER = struct.Struct(">4s5I")


@dataclass(frozen=True)
class Source:
    """What FFmpeg says of a file; a fact that it does not tell is "", 0 or None."""

    format_name: str
    codec: str
    sample_rate_hz: int
    channels: int
    declared_seconds: int | None


class AuParser:
    """Turns FFmpeg's AU output, cut anywhere, into float samples of shape (channels, samples).

    The AU header says how many channels follow, and needs no seeking back to be complete. `receive` gets a second or
    so at once, as each call of NumPy has its price; what no ear or later filter could bear is cleaned away.
    """

    def __init__(self, receive: Callable[[Samples], object]) -> None:
        self.sample_count = 0
        self._receive = receive
        self._buffer = bytearray()
        self._channels = 0

    def feed(self, block: bytes) -> None:
        self._buffer += block
        if len(self._buffer) >= PIECE_BYTES:
            self.flush()

    def flush(self) -> None:
        if not self._channels:
            if len(self._buffer) < AU_HEADER.size:
                return
            _, data_offset, _, _, _, self._channels = AU_HEADER.unpack_from(self._buffer)
            del self._buffer[:data_offset]
        count = len(self._buffer) // (4 * self._channels)
        if not count:
            return
        whole = bytes(self._buffer[: count * 4 * self._channels])
        del self._buffer[: len(whole)]
        samples: Samples = np.ascontiguousarray(
            np.frombuffer(whole, ">f4").reshape(count, self._channels).T, np.float32
        )
        if not (samples.min() >= -MAX_AMPLITUDE and samples.max() <= MAX_AMPLITUDE):  # nor where one is NaN
            samples = np.nan_to_num(samples, nan=0, posinf=0, neginf=0).clip(-MAX_AMPLITUDE, MAX_AMPLITUDE)
        self.sample_count += count
        self._receive(samples)


def decode(
    source: Path,
    sample_rate_hz: int,
    max_seconds: float,
    timeout_seconds: float,
    receive: Callable[[Samples], object],
) -> Source:
    """Gives the first audio track to `receive`, piece by piece: float, shape (1 or 2 channels, samples).

    Raises GenerationError (REFERENCE_UNREADABLE), or what `receive` raises.
    """
    if source.stat().st_size == 0:
        raise GenerationError(ErrorCode.REFERENCE_UNREADABLE, "The file is empty.")
    facts = ("-c:a", "copy", "-frames:a", "1", "-f", "framecrc", ffmpeg.SIDE_OUTPUT)
    layout = f"aformat=sample_fmts=flt:sample_rates={sample_rate_hz}:channel_layouts=mono|stereo"
    max_bytes = int((max_seconds + 1) * sample_rate_hz) * 8
    bounds = ("-t", f"{max_seconds:.3f}", "-fs", str(max_bytes))
    samples = ("-af", layout, *bounds, "-c:a", "pcm_f32be", "-f", "au", "pipe:1")
    arguments = [*input_arguments(source), *AUDIO_TRACK, *facts, *AUDIO_TRACK, *samples]
    parser = AuParser(receive)
    run = ffmpeg.run(arguments, timeout_seconds, ErrorCode.REFERENCE_UNREADABLE, receive=parser.feed)
    parser.flush()
    if run.returncode != 0 or not parser.sample_count or TOO_MANY_TRACKS in run.log:
        logger.info("FFmpeg could not decode %s (exit %s): %r", source.name, run.returncode, run.log[-2000:])
        raise GenerationError(ErrorCode.REFERENCE_UNREADABLE, explain_unreadable(run))
    return describe_source(source, run)


def decode_mono(
    source: Path, sample_rate_hz: int, max_seconds: float, timeout_seconds: float = 15.0
) -> Samples:
    """The first audio track, mixed down. Raises GenerationError: REFERENCE_UNREADABLE, REFERENCE_SILENT."""
    pieces: list[Samples] = []
    meter = LevelMeter(sample_rate_hz)

    def receive(channels: Samples) -> None:
        pieces.append(channels)
        meter.update(channels)

    decode(source, sample_rate_hz, max_seconds, timeout_seconds, receive)
    levels = meter.measure()
    return np.concatenate([levels.mix_down(channels) for channels in pieces])


AUDIO_TRACK = ("-map", "0:a:0", "-map_metadata", "-1", "-map_chapters", "-1")


def input_arguments(source: Path) -> list[str]:
    return [
        *("-protocol_whitelist", "file", "-format_whitelist", CONTAINERS, "-codec_whitelist", CODECS),
        *("-max_streams", str(MAX_TRACKS), "-threads", "1", "-i", f"file:{source}"),
    ]


def describe_source(source: Path, run: ffmpeg.Run) -> Source:
    facts = dict(re.findall(r"^#(\w+) 0: (.*)$", run.side_output, re.MULTILINE))
    rate = facts.get("sample_rate", "")
    return Source(
        format_name=find_container(source, run),
        codec=facts.get("codec_id", ""),
        sample_rate_hz=int(rate) if re.fullmatch(r"\d{1,7}", rate) else 0,
        channels=count_channels(facts.get("channel_layout_name", "")),
        declared_seconds=find_declared_seconds(run),
    )


def find_container(source: Path, run: ffmpeg.Run) -> str:
    """As FFmpeg names it, e.g. "mov,mp4,m4a,3gp,3g2,mj2"."""
    named = re.findall(rf"^Input #0, ([\w,]+), from 'file:{re.escape(str(source))}':$", run.log, re.MULTILINE)
    return named[0] if len(named) == 1 else ""


def find_declared_seconds(run: ffmpeg.Run) -> int | None:
    lines = re.findall(r"^  Duration: (.*)$", run.log, re.MULTILINE)
    declared = (
        re.match(r"(\d{2,4}):(\d\d):(\d\d)\.", lines[0]) if len(lines) == 1 and run.is_log_whole else None
    )
    if not declared:
        return None
    hours, minutes, seconds = (int(part) for part in declared.groups())
    return hours * 3600 + minutes * 60 + seconds


def count_channels(layout: str) -> int:
    """FFmpeg's name of a channel layout ("stereo", "5.1(side)", "3 channels") as a count."""
    named = {"mono": 1, "stereo": 2, "downmix": 2, "quad": 4}
    numbers = re.match(r"(\d{1,3})(?:\.(\d))?(?:\.(\d))?(?!\d)", layout)
    return named.get(layout, sum(int(number or 0) for number in numbers.groups()) if numbers else 0)


def explain_unreadable(run: ffmpeg.Run) -> str:
    """One of a few sentences; which of them, the file itself may have a say in."""
    if run.is_memory_spent or TOO_MANY_TRACKS in run.log:
        return "The file has too many tracks or entries to be read."
    if re.search(r"^ +Stream #0:\d+.*?: Audio:", run.log, re.MULTILINE):
        return f"The audio in this file can't be decoded; it may be damaged. {KNOWN_FORMATS}."
    if re.search(r"^ +Stream #0:\d+.*?: Video:", run.log, re.MULTILINE):
        return "The file is a video without sound."
    return f"No audio was found in this file. {KNOWN_FORMATS}."
