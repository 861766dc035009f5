"""Where somebody speaks: Silero's network (MIT), run over all frames of a clip at once.

docs/coach.md says what it was chosen over, and by which figures.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cloning.audio.levels import Samples

SAMPLE_RATE_HZ = 16_000
FRAME_SAMPLES = 512
CONTEXT_SAMPLES = 64  # of the frame before, which the network looks at too
BLOCK_FRAMES = 1024  # at once: bounds the memory
TABLE = Path(__file__).parent / "data" / "silero_vad.onnx"


@lru_cache(maxsize=1)
def _network() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(TABLE, options, providers=["CPUExecutionProvider"])


def find_speech(samples: Samples) -> NDArray[np.float32]:
    """For each whole frame of mono samples how likely somebody speaks in it, 0 to 1."""
    count = samples.size // FRAME_SAMPLES
    if not count:
        return np.zeros(0, np.float32)
    padded = np.pad(samples[: count * FRAME_SAMPLES], (CONTEXT_SAMPLES, 0))
    frames = sliding_window_view(padded, CONTEXT_SAMPLES + FRAME_SAMPLES)[::FRAME_SAMPLES]
    hidden = cell = np.zeros((1, 1, 128), np.float32)
    found = []
    for first in range(0, count, BLOCK_FRAMES):
        block = np.ascontiguousarray(frames[first : first + BLOCK_FRAMES], np.float32)
        likely, hidden, cell = _network().run(None, {"input": block, "h": hidden, "c": cell})
        found.append(likely.reshape(-1))
    return np.concatenate(found)
