"""Text as people paste it, made into segments that an engine can speak: pure functions, no Django, no torch.

`split` is what synthesis calls. `normalize` alone gives the same words in one piece. `check_speakable`
is for requests, which have no time to split.
"""

from cloning.text.languages import LANGUAGES, OWN_NAMES, resolve_language
from cloning.text.normalising import normalize
from cloning.text.speakable import UnspeakableText, check_speakable
from cloning.text.splitting import Segment, split

__all__ = [
    "LANGUAGES",
    "OWN_NAMES",
    "Segment",
    "UnspeakableText",
    "check_speakable",
    "normalize",
    "resolve_language",
    "split",
]
