"""Speech as text."""

import threading
from pathlib import Path

from cloning.audio.levels import Samples
from cloning.recognition.weights import FOLDER_NAME, MissingRecogniserError, find_obstacle, read_packaged

SAMPLE_RATE_HZ = 16_000
LANGUAGES = frozenset({"en", "es", "fr", "it", "pt", "zh"})
"""In which whisper-base hears well enough to judge by: docs/trust.md has the figures."""
BEAM_SIZE = 5


class Recogniser:
    """Holds some 350 MB. One text at a time; threads wait for each other."""

    def __init__(self, model_cache: Path, threads: int = 2) -> None:
        """Takes seconds. Raises MissingRecogniserError."""
        if obstacle := find_obstacle(model_cache):
            raise MissingRecogniserError(obstacle)
        from faster_whisper import WhisperModel

        folder = model_cache / FOLDER_NAME
        files = None if (folder / "model.bin").is_file() else read_packaged()
        try:
            self._model = WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=threads, files=files
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise MissingRecogniserError(f"The recogniser's weights can't be read: {error}") from error
        self._lock = threading.Lock()

    def text_of(self, samples: Samples, language: str) -> str:
        """What is said, as the recogniser writes it: mono samples at SAMPLE_RATE_HZ, a key of `text.LANGUAGES`.

        Of half a minute begun takes a second or two. Where nobody speaks it may hear words all the same.
        """
        with self._lock:
            pieces, _ = self._model.transcribe(
                samples,
                language=language,
                beam_size=BEAM_SIZE,
                temperature=0.0,  # no second try: its time is bounded
                condition_on_previous_text=False,
                without_timestamps=True,
            )
            return " ".join(piece.text.strip() for piece in pieces)
