"""Chooses the engine. Importing this loads neither torch nor a model; `get_engine` does."""

import threading

from django.conf import settings

from cloning.engines.base import Engine, EngineError
from cloning.engines.xtts.weights import (
    FOLDER_NAME,
    REQUIRED_NAMES,
    missing_packages,
    problem,
    weights_present,
)

LABELS = {"xtts_v2": "XTTS v2", "preview": "Preview (not a clone)"}

GENERATIONS_AT_ONCE = {"xtts_v2": 4, "preview": 1}
"""XTTS reads its weights once for all that it speaks at the same time; the preview would only divide its time."""

_loaded: dict[str, Engine] = {}
_lock = threading.Lock()


def engine_name() -> str:
    """What the settings, the weights on disk and the packages select now: "xtts_v2" or "preview"."""
    if settings.ENGINE != "auto":
        return settings.ENGINE
    is_set_up = weights_present(settings.MODEL_CACHE / FOLDER_NAME) and not missing_packages()
    return "xtts_v2" if is_set_up else "preview"


def generations_at_once() -> int:
    """How many generations a worker has in hand with the engine that is selected now."""
    return GENERATIONS_AT_ONCE[engine_name()]


def unusable_weights() -> str | None:
    """Why weights that were begun to be fetched can't be used; None when they can be, or none are there."""
    folder = settings.MODEL_CACHE / FOLDER_NAME
    if not any((folder / name).exists() for name in REQUIRED_NAMES):
        return None
    return problem(folder) or missing_packages()


def get_engine() -> Engine:
    """The selected engine, loaded on the first call and kept.

    Weights that arrive while the process runs are taken up by the next call. Raises EngineError when the weights are
    there and unusable: a damaged model is reported, never silently replaced by the preview.
    """
    name = engine_name()
    with _lock:
        if name not in _loaded:
            _loaded.clear()
            _loaded[name] = _load(name)
        return _loaded[name]


def _load(name: str) -> Engine:
    if name == "xtts_v2":
        if missing := missing_packages():
            raise EngineError(missing)
        from cloning.engines.xtts.cores import available_cores
        from cloning.engines.xtts.engine import XttsEngine

        return XttsEngine(
            settings.MODEL_CACHE / FOLDER_NAME,
            precision=settings.XTTS_PRECISION,
            threads=settings.XTTS_THREADS or available_cores(),
        )
    from cloning.engines.preview.engine import PreviewEngine

    return PreviewEngine(with_kokoro=settings.PREVIEW_VOICE == "kokoro")
