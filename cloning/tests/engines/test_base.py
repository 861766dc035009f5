"""Conditioning that comes back from storage is what the engine would return, or is told from it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import soundfile
from numpy.typing import NDArray

from cloning.engines.base import Conditioning, Engine, SynthesisOptions, Waveform
from cloning.tests.remembering import load

DATA = Path(__file__).parents[1] / "data"

Arrays = dict[str, NDArray[np.generic]]


class TwoArrays(Engine):
    name = label = conditioning_key = "two_arrays"
    sample_rate_hz = 24_000
    segment_limits = {"en": 100}
    conditioning_shapes = {"latents": (1, 4, 3), "embedding": (5,)}

    def condition(self, clips: Sequence[Path], on_step: Callable[[], None] = lambda: None) -> Conditioning:
        return Conditioning(intact())

    def synthesize(
        self, segment: str, language: str, conditioning: Conditioning, options: SynthesisOptions
    ) -> Waveform:
        return np.zeros(1, np.float32)


def intact() -> Arrays:
    return {"latents": np.ones((1, 4, 3), np.float32), "embedding": np.zeros(5, np.float32)}


def test_what_the_engine_declares_is_valid() -> None:
    assert TwoArrays().is_valid(TwoArrays().condition([]))


@pytest.mark.parametrize(
    "damage",
    [
        lambda arrays: arrays.clear(),
        lambda arrays: arrays.pop("embedding"),
        lambda arrays: arrays.update(surplus=np.ones(1, np.float32)),
        lambda arrays: arrays.update(embedding=np.zeros(4, np.float32)),
        lambda arrays: arrays.update(latents=np.zeros((4, 3), np.float32)),
        lambda arrays: arrays.update(embedding=np.zeros(5, np.float64)),
        lambda arrays: arrays.update(embedding=np.zeros(5, np.int32)),
        lambda arrays: arrays["embedding"].__setitem__(2, np.nan),
        lambda arrays: arrays["latents"].__setitem__((0, 3, 1), -np.inf),
    ],
    ids=["empty", "missing", "surplus", "length", "rank", "float64", "int32", "nan", "infinite"],
)
def test_damage_is_told(damage: Callable[[Arrays], object]) -> None:
    arrays = intact()
    damage(arrays)
    assert not TwoArrays().is_valid(Conditioning(arrays))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.wav"
    soundfile.write(path, *soundfile.read(DATA / "1688-142285-0007.flac"), subtype="PCM_16")
    return path


@pytest.mark.parametrize("with_kokoro", [False, True])
def test_the_previews_own_is_valid_and_stays_so_in_storage(clip: Path, with_kokoro: bool) -> None:
    engine = load(with_kokoro=with_kokoro)
    arrays = dict(engine.condition([clip]).arrays)
    stored = safetensors.numpy.load(safetensors.numpy.save(arrays))
    assert engine.is_valid(Conditioning(stored))
    for name in arrays.keys() & {"median_f0_hz", "log_f0_spread", "frequency_scale"}:
        assert not engine.is_valid(Conditioning({**arrays, name: np.zeros(1, np.float32)}))


def test_the_two_previews_differ(clip: Path) -> None:
    """With and without Kokoro the arrays are others; their keys keep them apart in storage too."""
    espeak, kokoro = load(with_kokoro=False), load(with_kokoro=True)
    assert not kokoro.is_valid(espeak.condition([clip]))
