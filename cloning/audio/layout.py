"""Where the takes of a joined file lie in it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PlacedPiece:
    key: str  # equal only where the same sound stands at the same place of the text; empty where that isn't known
    start: int  # samples from the beginning of the file
    size: int  # samples

    @property
    def end(self) -> int:
        return self.start + self.size


@dataclass(frozen=True)
class Layout:
    gain_db: float  # what the takes were changed by
    size: int  # samples of the whole file
    pieces: tuple[PlacedPiece, ...]

    def dump(self) -> dict[str, Any]:
        """Fit for JSON."""
        pieces = [[piece.key, piece.start, piece.size] for piece in self.pieces]
        return {"gain_db": self.gain_db, "size": self.size, "pieces": pieces}

    @classmethod
    def load(cls, members: dict[str, Any]) -> "Layout":
        pieces = tuple(PlacedPiece(key, start, size) for key, start, size in members["pieces"])
        return cls(members["gain_db"], members["size"], pieces)

    def find_starts(self) -> dict[str, int]:
        return {piece.key: piece.start for piece in self.pieces if piece.key}
