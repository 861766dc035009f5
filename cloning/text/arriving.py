"""A text that comes in pieces, as a language model writes it, given out in whole sentences."""

import re

SENTENCE_END = re.compile(
    r"(?:(?<=[^\W\d_]{4}\.)|(?<=[!?؟]))\s+(?=\S)"  # after a short word a full stop may be that of "Dr." or "z. B."
    r"|(?<=[।॥。！？])\s*(?=\S)"
    r"|(?<=\S)\n\s*(?=\S)"
)
LOOK_BACK_CHARS = 8
"""An end may have come with the piece before, and what shows that it is one with this."""


class ArrivingText:
    """However small the pieces are, each character is looked at a few times."""

    def __init__(self) -> None:
        self.length = 0
        self._text = ""
        self._whole_chars = 0
        self._seen_chars = 0

    def add(self, piece: str) -> None:
        self.length += len(piece)
        self._text += piece
        start = max(self._whole_chars, self._seen_chars - LOOK_BACK_CHARS)
        for end in SENTENCE_END.finditer(self._text, start):
            self._whole_chars = end.end()
        self._seen_chars = len(self._text)

    def take_sentences(self) -> str:
        """Those that are whole by now, once."""
        taken, self._text = self._text[: self._whole_chars], self._text[self._whole_chars :]
        self._seen_chars -= self._whole_chars
        self._whole_chars = 0
        return taken

    def take_rest(self) -> str:
        taken, self._text = self._text, ""
        self._whole_chars = self._seen_chars = 0
        return taken
