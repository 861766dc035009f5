"""Starting XTTS: what is ready at once, what goes on in the background, and what is imported for it."""

import shutil
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cloning.engines.base import Conditioning, EngineError, SynthesisOptions
from cloning.engines.xtts import gpt
from cloning.engines.xtts.engine import XttsEngine
from cloning.engines.xtts.gpt import _pack_layer
from cloning.tests.engines.processes import run_python


def speak(engine: XttsEngine, conditioning: Conditioning) -> np.ndarray:
    return engine.synthesize("It rains again.", "en", conditioning, SynthesisOptions())


def test_hears_a_voice_while_packing_and_speaks_when_packed(
    checkpoint: Path, references: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    may_pack = threading.Event()

    def held_up(*arguments: Any) -> gpt.Layer:
        assert may_pack.wait(300)
        return _pack_layer(*arguments)

    monkeypatch.setattr(gpt, "_pack_layer", held_up)
    engine = XttsEngine(checkpoint, device="cpu")
    try:
        conditioning = engine.condition(references[:1])
    finally:
        may_pack.set()
    monkeypatch.undo()
    expected = speak(XttsEngine(checkpoint, device="cpu"), conditioning)
    assert np.array_equal(speak(engine, conditioning), expected)


def test_failure_to_pack_is_reported_to_everyone_who_wants_speech(
    checkpoint: Path, references: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: Any) -> gpt.Layer:
        raise MemoryError("1.5 GB")

    monkeypatch.setattr(gpt, "_pack_layer", failing)
    engine = XttsEngine(checkpoint, device="cpu")
    conditioning = engine.condition(references[:1])
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


def test_starting_and_speaking_imports_neither_transformers_nor_the_compiler(
    checkpoint: Path, references: list[Path], tmp_path: Path
) -> None:
    """They took longer to import than the model takes to load."""
    code = f"""
import sys
from pathlib import Path
from cloning.engines.base import SynthesisOptions
from cloning.engines.xtts.engine import XttsEngine
engine = XttsEngine(Path({str(checkpoint)!r}), device="cpu")
engine.synthesize("It rains.", "en", engine.condition([Path({str(references[0])!r})]), SynthesisOptions())
print([name for name in ("transformers", "torch._dynamo", "sympy", "TTS.tts.models.xtts") if name in sys.modules])
"""
    result = run_python(code, tmp_path)
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_choosing_an_engine_loads_no_torch(tmp_path: Path) -> None:
    code = """
import sys, cloning.engines, cloning.engines.xtts.weights, cloning.engines.xtts.fetch
print([name for name in ("torch", "TTS", "transformers", "numba") if name in sys.modules])
"""
    result = run_python(code, tmp_path)
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_speaks_without_chatter_and_leaves_home_alone(
    checkpoint: Path, references: list[Path], tmp_path: Path
) -> None:
    code = f"""
from pathlib import Path
from cloning.engines.base import SynthesisOptions
from cloning.engines.xtts.ending import cut_tail
from cloning.engines.xtts.engine import XttsEngine
engine = XttsEngine(Path({str(checkpoint)!r}), device="cpu")
voice = engine.condition([Path({str(references[0])!r})])
for text, language in (("It rains. " * 30, "en"), ("今日は良い天気です。", "ja"), ("今天天气很好。", "zh")):
    engine.synthesize(text, language, voice, SynthesisOptions())
"""
    result = run_python(code, tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
