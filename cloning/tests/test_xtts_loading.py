"""Starting XTTS: what is ready at once, what goes on in the background, and what is imported for it."""

import shutil
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from benchmarks.checkpoints import build_checkpoint
from cloning.engines.base import Conditioning, EngineError, SynthesisOptions
from cloning.engines.xtts import gpt, linear
from cloning.engines.xtts.engine import XttsEngine
from cloning.engines.xtts.gpt import _pack_layer
from cloning.engines.xtts.linear import pack_linear
from cloning.tests.test_xtts import run_python

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("xtts")
    build_checkpoint(folder)
    return folder


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    [recording, *_] = sorted((Path(__file__).parent / "data").glob("*.flac"))
    samples, rate_hz = soundfile.read(recording, dtype="int16")
    soundfile.write(tmp_path / "clip.wav", samples, rate_hz, subtype="PCM_16")
    return tmp_path / "clip.wav"


def speak(engine: XttsEngine, conditioning: Conditioning) -> np.ndarray:
    return engine.synthesize("It rains again.", "en", conditioning, SynthesisOptions())


def test_hears_a_voice_while_packing_and_speaks_when_packed(
    checkpoint: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_pack = threading.Event()

    def held_up(*arguments: Any) -> gpt.Layer:
        assert may_pack.wait(300)
        return _pack_layer(*arguments)

    monkeypatch.setattr(gpt, "_pack_layer", held_up)
    engine = XttsEngine(checkpoint, device="cpu")
    try:
        conditioning = engine.condition([clip])
    finally:
        may_pack.set()
    monkeypatch.undo()
    expected = speak(XttsEngine(checkpoint, device="cpu"), conditioning)
    assert np.array_equal(speak(engine, conditioning), expected)


def test_failure_to_pack_is_reported_to_everyone_who_wants_speech(
    checkpoint: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: Any) -> gpt.Layer:
        raise MemoryError("1.5 GB")

    monkeypatch.setattr(gpt, "_pack_layer", failing)
    engine = XttsEngine(checkpoint, device="cpu")
    conditioning = engine.condition([clip])
    for _ in range(2):
        with pytest.raises(EngineError, match=r"could not be packed.*MemoryError.*1\.5 GB"):
            speak(engine, conditioning)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux tells what is mapped")
@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_the_checkpoint_is_let_go_once_packed(checkpoint: Path, tmp_path: Path, precision: str) -> None:
    shutil.copytree(checkpoint, tmp_path / "xtts")
    engine = XttsEngine(tmp_path / "xtts", device="cpu", precision=precision)
    assert len(engine._gpt.layers) == 2
    # No collector of cycles is needed: it seldom runs, and a gigabyte may hang on one.
    deadline = time.monotonic() + 300  # a thread of the pool may be about to let go of what it packed
    while str(tmp_path) in Path("/proc/self/maps").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(("precision", "error"), [("float32", 1e-6), ("float16", 1e-3), ("int8", 0.1)])
@pytest.mark.parametrize("transposed", [False, True])
def test_packed_product(precision: str, error: float, transposed: bool) -> None:
    """Weights in both memory orders, and outputs whose sizes differ by six orders of magnitude."""
    generator = torch.Generator().manual_seed(0)
    sizes = torch.logspace(-6, 0, 48)[:, None]
    weight = torch.randn(48, 64, generator=generator) * sizes
    weight[3] = 0
    bias, rows = torch.randn(48, generator=generator) * sizes[:, 0], torch.randn(5, 64, generator=generator)
    expected = rows @ weight.T + bias
    stored = weight.T.contiguous().T if transposed else weight.clone()
    apply = pack_linear(stored, bias, precision, CPU)
    stored.zero_()
    result = apply(rows)
    off = (result - expected).norm(dim=0) / (expected.norm(dim=0) + 1e-12)
    # float16 can't hold what is below 6e-5 well; the two others are as exact for small outputs as for large.
    assert off[sizes[:, 0] > (1e-3 if precision == "float16" else 0)].max() < error


def test_packs_where_onednn_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    weight, bias = torch.randn(6, 4), torch.randn(6)
    rows = torch.randn(3, 4)
    expected = rows @ weight.T + bias
    monkeypatch.setattr(linear.torch.backends.mkldnn, "is_available", lambda: False)
    apply = pack_linear(weight, bias, "float32", CPU)
    weight.zero_()
    torch.testing.assert_close(apply(rows), expected)


def test_starting_and_speaking_imports_neither_transformers_nor_the_compiler(
    checkpoint: Path, clip: Path, tmp_path: Path
) -> None:
    """They took longer to import than the model takes to load."""
    code = f"""
import sys
from pathlib import Path
from cloning.engines.base import SynthesisOptions
from cloning.engines.xtts.engine import XttsEngine
engine = XttsEngine(Path({str(checkpoint)!r}), device="cpu")
engine.synthesize("It rains.", "en", engine.condition([Path({str(clip)!r})]), SynthesisOptions())
print([name for name in ("transformers", "torch._dynamo", "sympy", "TTS.tts.models.xtts") if name in sys.modules])
"""
    result = run_python(code, tmp_path)
    assert (result.stdout, result.stderr) == ("[]\n", "")
