"""What was found of a manifest in a file that anybody may have sent."""

from dataclasses import dataclass
from enum import StrEnum

MAX_ISSUER_CHARS = 100


class ManifestState(StrEnum):
    TRUSTED = "trusted"
    """Of this server, and intact."""
    VALID = "valid"
    """Somebody else's, and intact."""
    INVALID = "invalid"
    """Broken, forged, or too much to be read."""
    NONE = "none"


@dataclass(frozen=True)
class ManifestFinding:
    state: ManifestState
    issuer: str = ""  # as the certificate has it, which anybody can make


def clean(name: object) -> str:
    """Letters that stay in a line and turn nothing around; at most MAX_ISSUER_CHARS."""
    return "".join(each for each in str(name)[:MAX_ISSUER_CHARS] if each.isprintable()).strip()
