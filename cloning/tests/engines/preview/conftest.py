"""The embedded engine, with the real Kokoro and espeak-ng. Loaded once a process."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from cloning.engines.base import Conditioning, SynthesisOptions, Waveform
from cloning.engines.preview import search
from cloning.engines.preview.engine import PreviewEngine
from cloning.tests.engines.preview.hearing import CLIPS


@pytest.fixture(scope="session")
def engine() -> PreviewEngine:
    return PreviewEngine()


@pytest.fixture(scope="session")
def espeak_only() -> PreviewEngine:
    return PreviewEngine(weights=[])


@pytest.fixture(scope="session")
def learnt(engine: PreviewEngine, recordings: dict[str, Path]) -> dict[str, tuple[Conditioning, list[str]]]:
    """Each voice, and the steps of learning it: a "step" where it can be called off, a "trial" of a style."""
    return {name: learn(engine, clip) for name, clip in recordings.items()}


def learn(engine: PreviewEngine, clip: Path) -> tuple[Conditioning, list[str]]:
    steps: list[str] = []
    speak_trial = search.speak_trial
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "speak_trial", lambda *given: steps.append("trial") or speak_trial(*given))
        return engine.condition([clip], lambda: steps.append("step")), steps


@pytest.fixture(scope="session")
def voices(learnt: dict[str, tuple[Conditioning, list[str]]]) -> dict[str, Conditioning]:
    return {name: voice for name, (voice, _) in learnt.items()}


@pytest.fixture(scope="session")
def say(engine: PreviewEngine, voices: dict[str, Conditioning]) -> Callable[..., Waveform]:
    """Speaks each thing once: equal calls give equal samples, as a test of their own says."""

    @cache
    def speak(text: str, language: str, clip: str, speed: float) -> Waveform:
        return engine.synthesize(text, language, voices[clip], SynthesisOptions(speed=speed))

    def say(text: str, language: str = "en", clip: str = CLIPS[0], speed: float = 1.0) -> Waveform:
        return speak(text, language, clip, speed)

    return say


@pytest.fixture(scope="session")
def espeak_voices(espeak_only: PreviewEngine, recordings: dict[str, Path]) -> dict[str, Conditioning]:
    return {name: espeak_only.condition([clip]) for name, clip in recordings.items()}
