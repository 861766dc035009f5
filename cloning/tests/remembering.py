"""What the preview computes for tests of other rooms, computed once a process: a voice that is learnt, a text spoken.

Equal calls of espeak-ng's preview give equal arrays, as tests in engines/ say, so the second call need not compute.
Kokoro is kept loaded, and computes each time.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from cloning.engines.base import Conditioning, SynthesisOptions, Waveform
from cloning.engines.preview.engine import PreviewEngine
from cloning.jobs.deriving import compute_digest


@pytest.fixture(scope="session", autouse=True)
def remembering_preview() -> Iterator[None]:
    """What the registry loads as the preview; tests that take the class itself have it as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cloning.engines.preview.engine.PreviewEngine", load)
        yield


@cache
def load(*, with_kokoro: bool) -> PreviewEngine:
    return PreviewEngine() if with_kokoro else RememberingPreview()


class RememberingPreview(PreviewEngine):
    def __init__(self) -> None:
        super().__init__(with_kokoro=False)
        self._voices: dict[tuple[bytes, ...], Conditioning] = {}
        self._speech: dict[tuple[object, ...], Waveform] = {}

    def condition(self, clips: Sequence[Path], on_step: Callable[[], None] = lambda: None) -> Conditioning:
        on_step()
        key = tuple(clip.read_bytes() for clip in clips)
        if key not in self._voices:
            self._voices[key] = super().condition(clips, on_step)
        return self._voices[key]

    def synthesize(
        self, segment: str, language: str, conditioning: Conditioning, options: SynthesisOptions
    ) -> Waveform:
        key = (segment, language, compute_digest(conditioning.arrays), options.speed)
        if key not in self._speech:
            self._speech[key] = super().synthesize(segment, language, conditioning, options)
        return self._speech[key].copy()
