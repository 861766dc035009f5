"""XTTS on a tiny random checkpoint: real classes, tokenizers, arithmetic; the voice is noise. Built once a process."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from cloning.engines.base import Conditioning
from cloning.engines.xtts.engine import XttsEngine
from cloning.engines.xtts.weights import FOLDER_NAME

if TYPE_CHECKING:
    from TTS.tts.models.xtts import Xtts


@contextmanager
def one_thread() -> Iterator[None]:
    """So small a model gains nothing from threads, and loses much where tests share the machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@pytest.fixture(scope="module", autouse=True)
def few_threads() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="session")
def checkpoint(tiny_weights: Path) -> Path:
    return tiny_weights / FOLDER_NAME


@pytest.fixture(scope="session")
def engine(checkpoint: Path) -> XttsEngine:
    with one_thread():
        return XttsEngine(checkpoint, device="cpu", precision="float32")


@pytest.fixture(scope="session")
def coqui(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> "Xtts":
    """The same weights through coqui-tts's own loader. It writes model.pth anew, so it gets a copy."""
    from TTS.tts.configs.xtts_config import XttsConfig
    from TTS.tts.models.xtts import Xtts  # takes seconds

    folder = tmp_path_factory.mktemp("coqui") / "xtts"
    shutil.copytree(checkpoint, folder)
    config = XttsConfig()
    config.load_json(str(folder / "config.json"))
    model = Xtts(config)
    model.load_checkpoint(config, checkpoint_dir=folder)
    return model


@pytest.fixture(scope="session")
def references(recordings: dict[str, Path]) -> list[Path]:
    return list(recordings.values())


@pytest.fixture(scope="session")
def conditioning(engine: XttsEngine, references: list[Path]) -> Conditioning:
    return engine.condition(references)
