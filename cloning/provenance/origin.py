"""What is said of how a file was made. Nothing of its text, its owner or the name of the voice."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

SOFTWARE = "Voice cloning"
VERSION = "0.1.0"  # a test compares it with pyproject.toml
DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""Of IPTC's vocabulary, for what a trained model made."""


class VoiceKind(StrEnum):
    CLONE = "clone"
    PREVIEW = "preview"
    """Of a clone, by an engine that can't make one."""
    STOCK = "stock"


@dataclass(frozen=True)
class Origin:
    engine: str  # as people are told it
    terms: str = ""  # of what the engine speaks
    made_at: datetime | None = None
    identifier: str = ""  # of the result, as a URN
    voices: tuple[VoiceKind, ...] = ()

    @property
    def comment(self) -> str:
        terms = f" ({self.terms})" if self.terms else ""
        return f"Synthetic speech, made by {self.engine}{terms}"

    @property
    def title(self) -> str:
        return f"Speech by {self.engine}"

    def tags(self) -> dict[str, str]:
        """For players, by FFmpeg's names. A container that has no place for one leaves it out."""
        day = self.made_at.astimezone(UTC).date().isoformat() if self.made_at else ""
        tags = {
            "title": self.title,
            "comment": self.comment,
            "date": day,
            "copyright": self.terms,
            "encoded_by": f"{SOFTWARE} {VERSION}",
            "DigitalSourceType": DIGITAL_SOURCE_TYPE,
        }
        return {name: value for name, value in tags.items() if value}
