"""Text as people paste it, made into segments that an engine can speak: pure functions, no Django, no torch.

`split_script` is what a text becomes when it is submitted, `split` what a passage of it does. `normalize` alone gives
the same words in one piece. `check_speakable` is for requests, which have no time to split.
"""

from cloning.text.languages import LANGUAGES, OWN_NAMES, resolve_language
from cloning.text.normalising import normalize
from cloning.text.pauses import WrongPause
from cloning.text.script import Script, split_script
from cloning.text.speakable import UnspeakableText, check_speakable
from cloning.text.splitting import Segment, split

__all__ = [
    "LANGUAGES",
    "OWN_NAMES",
    "Script",
    "Segment",
    "UnspeakableText",
    "WrongPause",
    "check_speakable",
    "normalize",
    "resolve_language",
    "split",
    "split_script",
]
