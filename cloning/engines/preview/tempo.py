"""Speech faster or slower at its own pitch."""

import logging
import subprocess

import numpy as np

from cloning.audio import ffmpeg_path
from cloning.engines.base import EngineError, Waveform

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 30.0  # FFmpeg needs some 0.1 s


def at_tempo(samples: Waveform, speed: float, sample_rate_hz: int) -> Waveform:
    """`samples` spoken `speed` (0.5 to 2) times as fast, by FFmpeg's `atempo` (WSOLA).

    Raises EngineError when FFmpeg fails, and AudioError when there is none.
    """
    if speed == 1 or not samples.size:
        return samples
    raw = f"-f f32le -ar {sample_rate_hz} -ac 1"
    options = "-v error -nostdin -protocol_whitelist pipe"
    arguments = f"{options} {raw} -i pipe:0 -af atempo={speed:.4f} {raw} pipe:1".split()
    sound = samples.astype("<f4").tobytes()
    try:
        result = subprocess.run(
            [ffmpeg_path(), *arguments], input=sound, capture_output=True, check=True, timeout=TIMEOUT_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        logger.error("FFmpeg, speech at speed %s: %r %s", speed, error, getattr(error, "stderr", b""))
        raise EngineError("The preview voice could not speak at this speed.") from error
    return np.frombuffer(result.stdout, "<f4").astype(np.float32)
