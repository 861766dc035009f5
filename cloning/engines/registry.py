"""The engines that there are, and which of them speaks. Importing this loads neither torch nor onnxruntime.

To add one: a package here with its `ENTRY`, a line in ENGINES, and its settings.
"""

import threading
from collections.abc import Iterator

from django.conf import settings

from cloning.engines import preview, xtts
from cloning.engines.base import Engine, EngineEntry, StockVoice
from cloning.provenance import Origin

ENGINES: dict[str, EngineEntry] = {entry.name: entry for entry in (xtts.ENTRY, preview.ENTRY)}
"""By name. The setting ENGINE=auto selects the first that is available."""

_loaded: dict[str, Engine] = {}
_lock = threading.Lock()


def selected() -> EngineEntry:
    """What the settings and the weights on disk select now."""
    if settings.ENGINE != "auto":
        return ENGINES[settings.ENGINE]
    return next(entry for entry in ENGINES.values() if entry.is_available(settings))


def stock_voices(language: str = "") -> list[StockVoice]:
    """Of the selected engine; those that speak a language best, where one is given."""
    voices = selected().stock_voices(settings)
    return [each for each in voices if not language or language in each.languages]


def find_stock_voice(key: str) -> StockVoice | None:
    return next((each for each in stock_voices() if each.key == key), None)


def stock_voice_name(key: str) -> str:
    """For people, of whichever engine. The engine may have changed since somebody chose it."""
    voices = (each for entry in ENGINES.values() for each in entry.stock_voices(settings))
    return next((each.name for each in voices if each.key == key), key)


def label(name: str) -> str:
    """For people. Rows may name an engine that is no longer registered."""
    return ENGINES[name].label if name in ENGINES else name


def origin_of(name: str) -> Origin:
    """What the metadata of every file and stream say."""
    entry = ENGINES.get(name)
    return Origin(label(name), entry.terms if entry else "")


def obstacles() -> Iterator[str]:
    """Why engines before the selected one can't be used, of those that were begun to be set up."""
    for entry in ENGINES.values() if settings.ENGINE == "auto" else ():
        if entry.is_available(settings):
            return
        if obstacle := entry.obstacle(settings):
            yield obstacle


def loaded() -> Engine | None:
    """The selected engine, if it is loaded."""
    return _loaded.get(selected().name)


def get_engine() -> Engine:
    """The selected engine, loaded on the first call and kept.

    Weights that arrive while the process runs are taken up by the next call. Raises EngineError when the weights are
    there and unusable: a damaged model is reported, never silently replaced by the preview.
    """
    entry = selected()
    with _lock:
        if entry.name not in _loaded:
            _loaded.clear()
            _loaded[entry.name] = entry.load(settings)
        return _loaded[entry.name]
