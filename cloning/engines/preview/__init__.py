"""The embedded engine: speech without any downloaded weights. A preview of the voice, not a clone."""

from typing import Protocol

from cloning.engines.base import Engine, EngineEntry, StockVoice
from cloning.engines.preview import stock
from cloning.engines.preview.limits import FIRST_SEGMENT_LIMITS, SEGMENT_LIMITS


class Settings(Protocol):
    PREVIEW_VOICE: str


def _load(settings: Settings) -> Engine:
    from cloning.engines.preview.engine import PreviewEngine

    return PreviewEngine(with_kokoro=settings.PREVIEW_VOICE == "kokoro")


def _stock_voices(settings: Settings) -> list[StockVoice]:
    return stock.stock_voices() if settings.PREVIEW_VOICE == "kokoro" else []


ENTRY = EngineEntry(
    name="preview",
    label="Preview (not a clone)",
    is_clone=False,
    takes_at_once=1,  # several would only divide its time
    is_sampled=False,
    can_stream=True,
    segment_limits=SEGMENT_LIMITS,
    first_segment_limits=FIRST_SEGMENT_LIMITS,
    is_available=lambda settings: True,
    obstacle=lambda settings: None,
    stock_voices=_stock_voices,
    load=_load,
)
