"""What is loaded, and what is refused: damaged, foreign and hostile checkpoints."""

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from cloning.engines.base import EngineError
from cloning.engines.xtts.engine import XttsEngine
from cloning.engines.xtts.loading import load_model

if TYPE_CHECKING:
    from TTS.tts.models.xtts import Xtts


def test_checkpoint_carries_what_the_official_one_does(checkpoint: Path) -> None:
    archive = (checkpoint / "model.pth").read_bytes()
    assert b"TTS.tts.models.xtts\nXttsArgs" in archive
    assert b"TTS.tts.models.xtts\nXttsAudioConfig" in archive
    with pytest.raises(Exception, match="Unsupported global"):
        torch.load(checkpoint / "model.pth", weights_only=True)
    assert {path.name for path in checkpoint.iterdir()} == {
        "config.json",
        "vocab.json",
        "model.pth",
        "speakers_xtts.pth",
    }


def test_loads_every_weight_as_coqui_does(checkpoint: Path, coqui: "Xtts") -> None:
    ours, theirs = load_model(checkpoint, torch.device("cpu")).state_dict(), coqui.state_dict()
    aliases = ("gpt.gpt.wte.", "gpt.gpt_inference.")
    assert ours.keys() == {name for name in theirs if not name.startswith(aliases)}
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_loads_checkpoints_of_coquis_trainer(
    checkpoint: Path, engine: XttsEngine, coqui: "Xtts", tmp_path: Path
) -> None:
    """Fine-tuned models carry a prefix, the discrete VAE and aliases of the GPT's weights."""
    state = coqui.state_dict()
    state["gpt.gpt.wte.weight"] = state["gpt.mel_embedding.weight"]
    trained = {f"xtts.{name}": tensor for name, tensor in state.items()}
    shutil.copytree(checkpoint, tmp_path / "tuned")
    torch.save({"model": {**trained, "dvae.codebook": torch.ones(3)}}, tmp_path / "tuned" / "model.pth")
    tuned = XttsEngine(tmp_path / "tuned", device="cpu")
    assert torch.equal(tuned._model.mel_stats, engine._model.mel_stats)


@pytest.fixture
def damaged(checkpoint: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil; files are links until they are replaced."""
    for path in checkpoint.iterdir():
        (tmp_path / path.name).symlink_to(path)
    return tmp_path


def replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


@pytest.mark.parametrize("kept", [0.999, 0.5, 0.0])
def test_truncated_weights(damaged: Path, kept: float) -> None:
    content = (damaged / "model.pth").read_bytes()
    replace(damaged / "model.pth", content[: int(len(content) * kept)])
    with pytest.raises(EngineError, match=r"model\.pth is (truncated|empty).*manage\.py fetch_model"):
        XttsEngine(damaged, device="cpu")


@pytest.mark.parametrize("name", ["config.json", "vocab.json", "model.pth"])
def test_missing_file(damaged: Path, name: str) -> None:
    (damaged / name).unlink()
    with pytest.raises(EngineError, match=rf"{name} is missing.*manage\.py fetch_model"):
        XttsEngine(damaged, device="cpu")


@pytest.mark.parametrize("content", [b"not json", b"[1]", b'{"model_args": 5}', b'{"gpt_layers": 1}'])
@pytest.mark.parametrize("name", ["config.json", "vocab.json"])
def test_damaged_settings(damaged: Path, name: str, content: bytes) -> None:
    replace(damaged / name, content)
    with pytest.raises(EngineError, match=rf"{name}"):
        XttsEngine(damaged, device="cpu")


def test_weights_of_another_architecture(damaged: Path) -> None:
    config = json.loads((damaged / "config.json").read_text())
    config["model_args"]["gpt_layers"] = 3
    replace(damaged / "config.json", json.dumps(config).encode())
    with pytest.raises(EngineError, match=r"model\.pth does not fit its config\.json"):
        XttsEngine(damaged, device="cpu")


class RunsCode:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


def test_code_in_a_checkpoint_is_refused_and_not_run(damaged: Path, tmp_path: Path) -> None:
    marker = tmp_path / "code-ran"
    (damaged / "model.pth").unlink()
    torch.save({"model": {}, "config": RunsCode(marker)}, damaged / "model.pth")
    with pytest.raises(EngineError, match=r"model\.pth was not loaded.*might run code"):
        XttsEngine(damaged, device="cpu")
    assert not marker.exists()


def test_loading_leaves_the_official_file_untouched(checkpoint: Path) -> None:
    before = (checkpoint / "model.pth").stat()
    load_model(checkpoint, torch.device("cpu"))
    after = (checkpoint / "model.pth").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    with pytest.raises(Exception, match="Unsupported global"):
        torch.load(checkpoint / "model.pth", weights_only=True)


def test_conditioning_key(engine: XttsEngine, checkpoint: Path, damaged: Path) -> None:
    assert XttsEngine(checkpoint, device="cpu").conditioning_key == engine.conditioning_key
    replace(damaged / "config.json", (checkpoint / "config.json").read_bytes() + b"\n")
    assert XttsEngine(damaged, device="cpu").conditioning_key != engine.conditioning_key
