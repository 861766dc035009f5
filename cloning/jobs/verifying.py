"""Whether audio was made here: each sign of it that is looked for, by itself."""

from dataclasses import dataclass
from pathlib import Path

from cloning.audio.watermark import Finding
from cloning.jobs.marking import find_mark


@dataclass(frozen=True)
class Verification:
    mark: Finding

    @property
    def is_made_here(self) -> bool:
        return self.mark.is_found


def verify(source: Path) -> Verification:
    """Looks at a file that anybody may have sent. Nothing of it is kept.

    Raises GenerationError: REFERENCE_UNREADABLE, PROBING_BUSY, SERVER_BUSY.
    """
    return Verification(mark=find_mark(source))
