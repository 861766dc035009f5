"""How much the preview speaks at a time: half of what XTTS v2 does.

It speaks one segment at a time, so that everybody else waits for the end of the one in hand: on two slow cores a
segment takes half as long as it sounds.
"""

from cloning.engines.xtts import limits as xtts

SEGMENT_LIMITS: dict[str, int] = {language: limit // 2 for language, limit in xtts.SEGMENT_LIMITS.items()}
FIRST_SEGMENT_LIMITS = xtts.FIRST_SEGMENT_LIMITS
