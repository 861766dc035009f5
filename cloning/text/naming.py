"""What a download is called: by its voice and its first words, so that a folder of them can be read."""

import unicodedata
from collections.abc import Iterator

from cloning.text.pauses import without_pauses

MAX_VOICE_CHARS = 24
MAX_CHARS = 64
MAX_BYTES = 180
"""With an ending and a number it stays below the 255 that file systems take."""
READ_CHARS = 400  # of a text, which may be long
APOSTROPHES = "'’ʼ"
RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(10))}
"""Windows takes these for devices, whatever their ending."""


def name_download(voice: str, text: str) -> str:
    """Lower-case words joined by hyphens, in the script of the text; empty where there is no word."""
    words = list(take_words(split_words(voice), MAX_VOICE_CHARS))
    used = sum(len(word) + 1 for word in words)
    words += take_words(split_words(without_pauses(text[:READ_CHARS])), MAX_CHARS - used)
    name = "-".join(words)
    while len(name.encode()) > MAX_BYTES:
        name = name[:-1]
    name = name.rstrip("-")
    return f"speech-{name}" if name in RESERVED else name


def split_words(text: str) -> list[str]:
    """Letters, digits and what belongs to them. No sign that a path, a shell or a header knows is left."""
    normal = unicodedata.normalize("NFKC", text[:READ_CHARS]).lower()
    kept = (
        char if unicodedata.category(char)[0] in "LNM" else "" if char in APOSTROPHES else " "
        for char in normal
    )
    return "".join(kept).split()


def take_words(words: list[str], max_chars: int) -> Iterator[str]:
    """As many as there is room for; of a first that is too long, its beginning."""
    size = 0
    for word in words:
        if size + len(word) > max_chars:
            if not size:
                yield word[:max_chars]
            return
        size += len(word) + 1
        yield word
