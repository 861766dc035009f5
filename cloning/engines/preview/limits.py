"""How much the preview speaks at a time: as much as XTTS v2 does, so that a text is cut alike by both."""

from cloning.engines.xtts.limits import FIRST_SEGMENT_LIMITS as LONGEST_FIRST
from cloning.engines.xtts.limits import SEGMENT_LIMITS

__all__ = ["FIRST_SEGMENT_LIMITS", "SEGMENT_LIMITS"]

FIRST_SEGMENT_LIMITS: dict[str, int] = {language: min(limit, 48) for language, limit in LONGEST_FIRST.items()}
"""Shorter than XTTS's, which gives out its sound while it speaks: here the whole has to be spoken first."""
