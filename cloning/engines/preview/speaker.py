"""Who speaks, as a vector: Resemblyzer's encoder (Apache-2.0).

The network is that of L. Wan, Q. Wang, A. Papir, I. L. Moreno, "Generalized end-to-end loss for speaker
verification" (2018). `benchmarks/training/make_speaker_encoder.py` makes its file.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.lib.stride_tricks import sliding_window_view

from cloning.engines.base import Floats, Reals

SAMPLE_RATE_HZ = 16_000
EMBEDDING_SIZE = 256
WINDOW_SAMPLES, HOP_SAMPLES = 400, 160
PIECE_FRAMES, PIECE_STEP = 160, 77  # pieces are embedded on their own and then averaged
LEVEL_DBFS = -30.0  # its training data were no quieter
PAUSE_DB = 35.0  # frames this far below the loudest are left out
TABLE = Path(__file__).parent / "data" / "speaker_encoder.onnx"


@lru_cache(maxsize=1)
def _network() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(TABLE, options, providers=["CPUExecutionProvider"])


def embed(samples: Reals) -> Floats:
    """Returns the unit vector (256,) of mono samples at SAMPLE_RATE_HZ, of one person's speech."""
    embedding = encode(pieces(samples)).mean(axis=0)
    unit: Floats = embedding / np.linalg.norm(embedding)
    return unit


def encode(power: Floats) -> Floats:
    """Unit vectors (pieces, 256) of spectra (pieces, PIECE_FRAMES, bins)."""
    embeddings: Floats
    [embeddings] = _network().run(None, {"power": power})
    return embeddings


def pieces(samples: Reals) -> Floats:
    """The power spectra of the speech in overlapping pieces, shape (pieces, PIECE_FRAMES, bins)."""
    power = _power(_at_level(samples))
    energy_db = 10 * np.log10(power.sum(axis=1) + 1e-12)
    power = power[energy_db > np.percentile(energy_db, 98) - PAUSE_DB]
    power = np.pad(power, ((0, max(0, PIECE_FRAMES - len(power))), (0, 0)))
    starts = range(0, len(power) - PIECE_FRAMES + 1, PIECE_STEP)
    return np.stack([power[start : start + PIECE_FRAMES] for start in starts])


def _at_level(samples: Reals) -> Reals:
    rms = np.sqrt(np.mean(np.square(samples))) + 1e-9
    levelled: Reals = samples * max(1.0, 10 ** (LEVEL_DBFS / 20) / rms)
    return levelled


def _power(samples: Reals) -> Floats:
    """Power per frame and frequency bin, shape (frames, bins)."""
    padded = np.pad(samples, WINDOW_SAMPLES // 2)
    window = np.hanning(WINDOW_SAMPLES + 1)[:-1]
    frames = sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES] * window
    return (np.abs(np.fft.rfft(frames)) ** 2).astype(np.float32)
