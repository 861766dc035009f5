"""What a stranger sends, decoded to plain samples.

Uploads are hostile, so FFmpeg gets nothing to choose from: only the `file` protocol, only the containers and
audio codecs listed here (no playlists, which name other files and hosts; no video decoder is ever opened), no
standard input, an empty environment, and bounds on time, output and memory. It decodes to plain samples; what
is then done to them (trimming, downmix, gain) is arithmetic on an array.
"""

import logging
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cloning.audio import ffmpeg
from cloning.audio.levels import Samples
from cloning.errors import ErrorCode, GenerationError

logger = logging.getLogger(__name__)

REFERENCE_SAMPLE_RATE_HZ = 16_000

CONTAINERS = "wav,w64,mp3,mov,ogg,flac,matroska,aiff,amr,amrnb,amrwb,aac,caf,au,asf"
CODECS = (
    "mp3,mp3float,mp2,mp2float,mp1,mp1float,aac,aac_latm,alac,flac,opus,libopus,vorbis,libvorbis,speex,libspeex,"
    "amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,ac3,eac3,wmav1,wmav2,wmapro,wmavoice,wmalossless,"
    "gsm,gsm_ms,libgsm,libgsm_ms,adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,pcm_alaw,pcm_mulaw,pcm_u8,pcm_s8,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be"
)
KNOWN_FORMATS = "WAV, MP3, M4A, Ogg, Opus, FLAC, WebM, MP4, AIFF and AMR are understood"


@dataclass(frozen=True)
class Decoded:
    samples: Samples  # shape (channels, samples), 1 or 2 channels
    log: str


def decode(source: Path, sample_rate_hz: int, max_seconds: float, timeout_seconds: float) -> Decoded:
    if source.stat().st_size == 0:
        raise GenerationError(ErrorCode.REFERENCE_UNREADABLE, "The file is empty.")
    layout = f"aformat=sample_fmts=flt:sample_rates={sample_rate_hz}:channel_layouts=mono|stereo"
    max_bytes = int((max_seconds + 1) * sample_rate_hz) * 8
    bounds = ("-t", f"{max_seconds:.3f}", "-fs", str(max_bytes))
    # The AU header says how many channels follow, and needs no seeking back to be complete.
    output = ("-map_metadata", "-1", "-af", layout, *bounds, "-c:a", "pcm_f32be", "-f", "au", "pipe:1")
    run = ffmpeg.run([*input_arguments(source), *output], timeout_seconds, ErrorCode.REFERENCE_UNREADABLE)
    samples = parse_au(run.output)
    if run.returncode != 0 or samples.size == 0:
        logger.info("FFmpeg could not decode %s (exit %s): %r", source.name, run.returncode, run.log[-2000:])
        raise GenerationError(ErrorCode.REFERENCE_UNREADABLE, explain_unreadable(run.log))
    return Decoded(samples, run.log)


def input_arguments(source: Path) -> list[str]:
    return [
        *("-protocol_whitelist", "file", "-format_whitelist", CONTAINERS, "-codec_whitelist", CODECS),
        *("-threads", "1", "-i", f"file:{source}", "-map", "0:a:0", "-vn", "-sn", "-dn"),
    ]


def parse_au(output: bytes) -> Samples:
    if len(output) < 24:
        return np.zeros((1, 0), np.float32)
    _, data_offset, _, _, _, channels = struct.unpack(">4s5I", output[:24])
    frames = (len(output) - data_offset) // (4 * channels)
    interleaved = np.frombuffer(output, ">f4", frames * channels, data_offset).astype(np.float32)
    return np.nan_to_num(interleaved.reshape(-1, channels).T, nan=0, posinf=0, neginf=0).clip(-8, 8)


def explain_unreadable(log: str) -> str:
    if re.search(r"^ +Stream #0:\d+.*?: Audio:", log, re.MULTILINE):
        return f"The audio in this file can't be decoded; it may be damaged. {KNOWN_FORMATS}."
    if re.search(r"^ +Stream #0:\d+.*?: Video:", log, re.MULTILINE):
        return "The file is a video without sound."
    return f"No audio was found in this file. {KNOWN_FORMATS}."
