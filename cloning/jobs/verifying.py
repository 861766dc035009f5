"""Whether audio was made here: each sign of it that is looked for, by itself."""

from dataclasses import dataclass
from pathlib import Path

from cloning.audio.watermark import Finding
from cloning.jobs import fingerprints
from cloning.jobs.marking import search


@dataclass(frozen=True)
class Verification:
    mark: Finding
    match: fingerprints.Match | None

    @property
    def is_made_here(self) -> bool:
        return self.mark.is_found or self.match is not None


def verify(source: Path) -> Verification:
    """Looks at a file that anybody may have sent. Nothing of it is kept.

    Raises GenerationError: REFERENCE_UNREADABLE, PROBING_BUSY, SERVER_BUSY.
    """
    mark, question = search(source)
    return Verification(mark=mark, match=fingerprints.find(source, question))
