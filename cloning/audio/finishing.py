"""What becomes of speech before anybody gets it: it is marked, and brought to its level."""

import numpy as np

from cloning.audio.levelling import Leveller
from cloning.audio.levels import Samples
from cloning.audio.watermark import FORMANT_STRENGTH_DB, STRENGTH_DB, Watermarker


class Finisher:
    """Speech as an engine gives it, chunk by chunk. The output does not depend on how the input is cut.

    `watermark_key` is None where speech is not to be marked; `is_formant` is what `Engine.is_formant` says. Comes 38 ms
    behind, and ends with `flush`.
    """

    def __init__(
        self, sample_rate_hz: int, gain_db: float, watermark_key: bytes | None, *, is_formant: bool = False
    ) -> None:
        strength_db = FORMANT_STRENGTH_DB if is_formant else STRENGTH_DB
        # Before the limiter, which is part of the leveller: a mark makes peaks higher, too.
        self._watermarker = Watermarker(sample_rate_hz, watermark_key, strength_db) if watermark_key else None
        self._leveller = Leveller(sample_rate_hz, gain_db)

    def process(self, chunk: Samples) -> Samples:
        return self._leveller.process(self._watermarker.process(chunk) if self._watermarker else chunk)

    def flush(self) -> Samples:
        rest = self._watermarker.flush() if self._watermarker else np.zeros(0, np.float32)
        return np.concatenate([self._leveller.process(rest), self._leveller.flush()])
