"""Which files and packages XTTS v2 needs, and whether they are there. Imports no torch: the web process asks."""

import hashlib
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

REPOSITORY = "coqui/XTTS-v2"
REVISION = "6c2b0d75eae4b7047358e3b6bd9325f857d43f77"
FOLDER_NAME = "xtts_v2"
"""Where the weights lie inside `MODEL_CACHE`."""

LICENCE_NAME = "Coqui Public Model License 1.0.0"
LICENCE_URL = f"https://huggingface.co/{REPOSITORY}/blob/{REVISION}/LICENSE.txt"


@dataclass(frozen=True)
class ModelFile:
    name: str
    size_bytes: int
    sha256: str


OFFICIAL_FILES = (
    ModelFile("config.json", 4_368, "ef262b1454dd2a77e1461b0b2cd53e19b8a7624cc131b837d36df67356bc75e8"),
    ModelFile("vocab.json", 361_219, "928260878a59da8a72a2a5b7687fea29d5106137669d90945430fe17e415304a"),
    ModelFile(
        "speakers_xtts.pth", 7_754_818, "f0f6137c19a4eab0cbbe4c99b5babacf68b1746e50da90807708c10e645b943b"
    ),
    ModelFile("model.pth", 1_867_929_118, "c7ea20001c6a0a841c77e252d8409f6a74fb423e79b3206a0771ba5989776187"),
)

REQUIRED_NAMES = ("config.json", "vocab.json", "model.pth")
"""What loading needs. A fine-tuned checkpoint often comes without the stock voices of speakers_xtts.pth."""

HOW_TO_FETCH = "Fetch it again with: python manage.py fetch_model"


def problem(folder: Path) -> str | None:
    """Why the weights in `folder` can't be loaded, in words for people; None when they can.

    Sizes are not compared with the official ones, so that fine-tuned checkpoints pass. A truncated model.pth
    is told by its missing end: a zip file keeps its directory there. Damage in the middle is found by
    `fetch_model`, which compares SHA-256.
    """
    for name in REQUIRED_NAMES:
        path = folder / name
        if not path.is_file():
            return f"XTTS v2 can't be used: {name} is missing. {HOW_TO_FETCH}"
        if path.stat().st_size == 0:
            return f"XTTS v2 can't be used: {name} is empty. {HOW_TO_FETCH}"
    if not zipfile.is_zipfile(folder / "model.pth"):
        return f"XTTS v2 can't be used: model.pth is truncated or no checkpoint at all. {HOW_TO_FETCH}"
    return None


PACKAGES = ("torch", "torchaudio", "torchcodec", "TTS", "huggingface_hub")


def missing_packages() -> str | None:
    """What to do when XTTS's packages, a group of requirements.txt, are not installed; None when they are."""
    if all(find_spec(name) for name in PACKAGES):
        return None
    return "XTTS v2's packages are not installed here. Run: make xtts (in containers, build the target xtts)."


def weights_present(folder: Path) -> bool:
    return problem(folder) is None


def fingerprint(folder: Path) -> str:
    """Tells one checkpoint from another in milliseconds: 16 hex digits over config.json and model.pth.

    Of model.pth only the size and the last MiB are read: the zip directory there holds each tensor's CRC-32.
    """
    model_path = folder / "model.pth"
    size_bytes = model_path.stat().st_size
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    digest.update(str(size_bytes).encode())
    with model_path.open("rb") as file:
        file.seek(max(0, size_bytes - 2**20))
        digest.update(file.read())
    return digest.hexdigest()[:16]
