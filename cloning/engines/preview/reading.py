"""Japanese as kana: espeak-ng knows no kanji and would spell them out as "Chinese letter"."""

import threading
from functools import lru_cache

from fugashi import Node, Tagger

_tagger_lock = threading.Lock()  # a MeCab tagger can't be used by two threads at once


@lru_cache(maxsize=1)
def _tagger() -> Tagger:
    return Tagger()


def kana(text: str) -> str:
    """Returns the pronunciation in katakana, words set apart by spaces; what has no reading stays."""
    with _tagger_lock:
        return " ".join(_spoken(word) for word in _tagger()(text))


def _spoken(word: Node) -> str:
    pronunciation: str | None = getattr(word.feature, "pron", None)
    return str(word.surface) if pronunciation in (None, "*", "") else pronunciation
