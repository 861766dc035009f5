"""espeak-ng, one process per text.

espeak-ng is a C library with global state that its callers share and never fully reset, and the texts are
strangers' texts. A process of its own (some 20 ms) makes equal calls return equal samples, lets threads
speak at once, and keeps a crash or an endless loop in there away from the worker.
"""

import logging
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader
import numpy as np
import soxr

from cloning.engines.base import EngineError, Waveform

logger = logging.getLogger(__name__)

SAMPLE_RATE_HZ = 24_000  # resampled from espeak-ng's 22 050, so that every engine speaks at one rate
TIMEOUT_SECONDS = 30.0  # espeak-ng speaks a segment in some 0.1 s

VOICES = {
    "en": "en-us", "es": "es", "fr": "fr", "de": "de", "it": "it", "pt": "pt-br", "pl": "pl", "tr": "tr",
    "ru": "ru", "nl": "nl", "cs": "cs", "ar": "ar", "zh": "cmn", "hu": "hu", "ko": "ko", "ja": "ja",
    "hi": "hi",
}  # fmt: skip


@dataclass(frozen=True)
class Manner:
    """How espeak-ng is to speak; pitch and range are its own scales, 50 being the variant's nature."""

    variant: str  # a file of espeak-ng-data/voices/!v
    pitch: int = 50  # 0 to 99; about 0.7 to 1.65 times the variant's pitch
    pitch_range: int = 50  # 0 to 99; 0 is monotone
    words_per_minute: int = 175  # 80 to 450


def speak(text: str, language: str, manner: Manner) -> Waveform:
    """Returns `text` at SAMPLE_RATE_HZ; empty when it holds nothing to say.

    Raises EngineError when espeak-ng crashes over the text or does not come to an end.
    """
    command = [
        sys.executable, "-I", "-S", str(Path(__file__).with_name("espeak_process.py")),
        espeakng_loader.get_library_path(), f"{VOICES[language]}+{manner.variant}",
        str(manner.pitch), str(manner.pitch_range), str(manner.words_per_minute),
    ]  # fmt: skip
    try:
        result = subprocess.run(
            command,
            input=_printable(text).encode("utf-8", "ignore"),
            capture_output=True,
            check=True,
            cwd=Path(espeakng_loader.get_data_path()).parent,
            timeout=TIMEOUT_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        logger.error("espeak-ng, %s: %s: %r", language, error, error.stderr)
        raise EngineError("The preview voice could not read this text.") from error
    espeak_rate_hz = int.from_bytes(result.stdout[:4], sys.byteorder)
    samples = np.frombuffer(result.stdout, np.int16, offset=4).astype(np.float32) / np.float32(32768)
    if not samples.size:
        return samples
    resampled: Waveform = soxr.resample(samples, espeak_rate_hz, SAMPLE_RATE_HZ)
    return resampled.astype(np.float32, copy=False)


def _printable(text: str) -> str:
    """Control characters are commands to espeak-ng (Ctrl-A sets pitch and volume) or end the text (NUL)."""
    return "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)
