"""How much the preview speaks at a time: as much as XTTS v2 does, so that a text is cut alike by both."""

from cloning.engines.xtts.limits import FIRST_SEGMENT_LIMITS, SEGMENT_LIMITS

__all__ = ["FIRST_SEGMENT_LIMITS", "SEGMENT_LIMITS"]
