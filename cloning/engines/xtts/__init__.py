"""XTTS v2: the engine that clones. What is known of it before torch is imported."""

from pathlib import Path
from typing import Protocol

from cloning.engines.base import Engine, EngineEntry, EngineError
from cloning.engines.xtts import stock, weights
from cloning.engines.xtts.limits import FIRST_SEGMENT_LIMITS, SEGMENT_LIMITS


class Settings(Protocol):
    MODEL_CACHE: Path
    XTTS_PRECISION: str
    XTTS_THREADS: int


def _folder(settings: Settings) -> Path:
    return settings.MODEL_CACHE / weights.FOLDER_NAME


def _is_available(settings: Settings) -> bool:
    return weights.weights_present(_folder(settings)) and not weights.missing_packages()


def _obstacle(settings: Settings) -> str | None:
    folder = _folder(settings)
    if not any((folder / name).exists() for name in weights.REQUIRED_NAMES):
        return None
    return weights.problem(folder) or weights.missing_packages()


def _load(settings: Settings) -> Engine:
    if missing := weights.missing_packages():
        raise EngineError(missing)
    from cloning.engines.xtts.cores import available_cores
    from cloning.engines.xtts.engine import XttsEngine

    return XttsEngine(
        _folder(settings),
        precision=settings.XTTS_PRECISION,
        threads=settings.XTTS_THREADS or available_cores(),
    )


ENTRY = EngineEntry(
    name="xtts_v2",
    label="XTTS v2",
    is_clone=True,
    takes_at_once=16,  # the weights are read once for all that is spoken at the same time
    is_sampled=True,
    can_stream=True,
    segment_limits=SEGMENT_LIMITS,
    first_segment_limits=FIRST_SEGMENT_LIMITS,
    is_available=_is_available,
    obstacle=_obstacle,
    stock_voices=lambda settings: stock.stock_voices(_folder(settings)),
    load=_load,
    terms=f"{weights.LICENCE_NAME}: non-commercial use only",
)
