"""The speakers of speakers_xtts.pth."""

import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from cloning.engines.base import EngineError, SynthesisOptions
from cloning.engines.xtts import stock
from cloning.engines.xtts.engine import XttsEngine
from cloning.tests.live_site import PROJECT

NAMES = ["Claribel Dervla", "Camilla Holmström", "Ana Florence"]


@pytest.fixture(scope="module")
def speakers(engine, tmp_path_factory) -> Path:
    """As coqui's file is made: a dictionary of two tensors each."""
    torch.manual_seed(1)
    shapes = engine.conditioning_shapes
    voices = {name: {key: torch.randn(shape) for key, shape in shapes.items()} for name in NAMES}
    path = tmp_path_factory.mktemp("speakers") / stock.FILE_NAME
    torch.save(voices, path)
    return path


def test_voices_are_told_by_name(speakers: Path) -> None:
    assert [(each.key, each.name) for each in stock.stock_voices(speakers.parent)] == [
        ("ana_florence", "Ana Florence"),
        ("camilla_holmstrom", "Camilla Holmström"),
        ("claribel_dervla", "Claribel Dervla"),
    ]


def test_they_are_told_without_torch(speakers: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from cloning.engines.xtts import stock; "
        f"assert len(stock.stock_voices(Path({str(speakers.parent)!r}))) == 3; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True, env={"PATH": os.environ["PATH"]})


class Payload:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("touch ran",)


def hostile(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "x/data.pkl", pickle.dumps({"Ada": {"gpt_cond_latent": Payload()}, "Bob": Payload()})
        )


@pytest.mark.parametrize(
    "write",
    [
        hostile,
        lambda path: path.write_bytes(b"x" * 1000),
        lambda path: torch.save([1, 2], path),
        lambda path: torch.save({"Ada": {"gpt_cond_latent": torch.zeros(1)}}, path),
        lambda path: None,
    ],
    ids=["code", "noise", "a list", "half a voice", "no file"],
)
def test_another_file_than_expected_has_no_voices(write, checkpoint, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / stock.FILE_NAME)
    assert stock.stock_voices(tmp_path) == []
    from cloning.engines.xtts.loading import load_stock_voices

    assert load_stock_voices(tmp_path) == {}
    assert not (tmp_path / "ran").exists()


def test_engine_speaks_with_them(engine, checkpoint, speakers, tmp_path) -> None:
    with pytest.raises(EngineError):
        engine.stock_conditioning("ana_florence", "en")
    folder = tmp_path / "weights"
    shutil.copytree(checkpoint, folder)
    shutil.copy(speakers, folder)
    other = XttsEngine(folder, device="cpu", precision="float32")
    conditioning = other.stock_conditioning("ana_florence", "de")
    saved = torch.load(speakers, weights_only=True)["Ana Florence"]
    for name, array in conditioning.arrays.items():
        assert np.array_equal(array, saved[name].numpy())
    assert other.is_valid(conditioning)
    assert other.synthesize("Guten Morgen.", "de", conditioning, SynthesisOptions()).size
    with pytest.raises(EngineError):
        other.stock_conditioning("af_heart", "en")
