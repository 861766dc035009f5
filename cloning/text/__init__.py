"""Text as people paste it, made into segments that an engine can speak: pure functions, no Django, no torch.

`split` is what synthesis calls. `normalise` alone gives the same words in one piece.
"""

from cloning.text.languages import LANGUAGES, SEGMENT_LIMITS, resolve_language
from cloning.text.normalising import normalise
from cloning.text.splitting import Segment, UnspeakableText, split

__all__ = [
    "LANGUAGES",
    "SEGMENT_LIMITS",
    "Segment",
    "UnspeakableText",
    "normalise",
    "resolve_language",
    "split",
]
