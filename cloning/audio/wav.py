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
    """Mono samples in [-1, 1] as 16-bit integers."""
    integers = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2")
    with replace_whole(target) as temporary, wave.open(str(temporary), "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(sample_rate_hz)
        output.writeframes(integers.tobytes())


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
