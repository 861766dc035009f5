"""Sound through FFmpeg, as other programs change it."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cloning.audio import find_ffmpeg

RAW = ("-f", "f32le", "-ac", "1")


def read_mono(path: Path, rate_hz: int) -> np.ndarray:
    command = [find_ffmpeg(), "-v", "error", "-i", path, *RAW, "-ar", str(rate_hz), "pipe:1"]
    output = subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout
    return np.frombuffer(output, "<f4").astype(np.float32)


def transcode(samples: np.ndarray, rate_hz: int, path: Path, arguments: Sequence[str]) -> np.ndarray:
    """Written to `path` with FFmpeg's `arguments`, and read again at 24 kHz."""
    command = [find_ffmpeg(), "-v", "error", *RAW, "-ar", str(rate_hz), "-i", "pipe:0", *arguments, path]
    subprocess.run(command, check=True, input=samples.astype("<f4").tobytes())
    return read_mono(path, 24_000)
