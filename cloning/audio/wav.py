"""Files that appear whole or not at all."""

import contextlib
import os
import uuid
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cloning.audio.ffmpeg import DISK_FULL
from cloning.audio.levels import Samples
from cloning.errors import ErrorCode, GenerationError


def write_wav(samples: Samples, sample_rate_hz: int, target: Path) -> None:
    """Mono samples in [-1, 1] as 16-bit integers. `target` appears whole or not at all."""
    with replace_whole(target) as temporary, open_for_writing(temporary, sample_rate_hz) as output:
        output.writeframes(encode_pcm(samples))


def encode_pcm(samples: Samples) -> bytes:
    """Samples in [-1, 1] as 16-bit integers, little-endian."""
    return np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def decode_pcm(pcm: bytes) -> Samples:
    """What `encode_pcm` encoded."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32767)


@contextlib.contextmanager
def open_for_writing(target: Path, sample_rate_hz: int) -> Iterator[wave.Wave_write]:
    """A WAV to which frames of 16-bit mono can be written."""
    with wave.open(str(target), "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(sample_rate_hz)
        yield output


@contextlib.contextmanager
def replace_whole(target: Path) -> Iterator[Path]:
    """A temporary path beside `target` that takes its place once the block has ended well.

    Raises GenerationError (STORAGE_FULL).
    """
    temporary = target.with_name(f".{uuid.uuid4().hex}{target.suffix}")
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise storage_full() from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def storage_full() -> GenerationError:
    return GenerationError(
        ErrorCode.STORAGE_FULL, "The server's storage is full; the audio could not be saved."
    )
