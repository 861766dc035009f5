"""The stock voices of XTTS v2: the speakers of `speakers_xtts.pth`, told without torch.

The file is a pickle in a ZIP archive, as `torch.save` writes it. Here its structure alone is read: whatever it would
call is replaced by something that does nothing, and the tensors, which lie beside it in the archive, stay unread.
"""

import io
import pickle
import re
import unicodedata
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from cloning.engines.base import StockVoice
from cloning.text import LANGUAGES

FILE_NAME = "speakers_xtts.pth"
ARRAYS = ("gpt_cond_latent", "speaker_embedding")
MAX_PICKLE_BYTES = 2**20
MAX_VOICES = 200


def stock_voices(folder: Path) -> list[StockVoice]:
    """None where the file is not there, or is another than expected."""
    path = folder / FILE_NAME
    try:
        known = path.stat()
    except OSError:
        return []
    return list(read_voices(path, known.st_size, known.st_mtime_ns))


@lru_cache(maxsize=4)
def read_voices(path: Path, _size_bytes: int, _changed_at: int) -> tuple[StockVoice, ...]:
    """By name. Read again when the file has changed."""
    keys = name_keys(read_names(path))
    return tuple(StockVoice(key, name, frozenset(LANGUAGES)) for name, key in sorted(keys.items()))


def name_keys(names: list[str]) -> dict[str, str]:
    """The keys of the names; of two names with one key the first has it."""
    keys: dict[str, str] = {}
    for name in names[:MAX_VOICES]:
        key = make_key(name)
        if key and key not in keys.values():
            keys[name] = key
    return keys


def make_key(name: str) -> str:
    """In letters that need no quoting: "Camilla Holmström" is camilla_holmstrom."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "_", plain).strip("_")[:48]


def read_names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            entry = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
            with archive.open(entry) as file:
                content = Structure(io.BytesIO(file.read(MAX_PICKLE_BYTES))).load()
    except Exception:  # there is no end to what can be raised by another file than expected
        return []
    if not isinstance(content, dict):
        return []
    return [
        name
        for name, voice in content.items()
        if isinstance(name, str) and isinstance(voice, dict) and all(array in voice for array in ARRAYS)
    ]


class Nothing:
    """In place of a tensor and of all that is called to make one."""

    def __new__(cls, *_args: Any, **_options: Any) -> "Nothing":
        return object.__new__(cls)

    def __setstate__(self, _state: Any) -> None:
        pass

    def __setitem__(self, _key: Any, _value: Any) -> None:
        pass


class Structure(pickle.Unpickler):
    """Dictionaries and texts of a pickle. Nothing that it names is imported or called."""

    def find_class(self, _module: str, _name: str) -> Any:
        return Nothing

    def persistent_load(self, _id: Any) -> Any:
        return None
