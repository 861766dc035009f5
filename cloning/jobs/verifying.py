"""Whether audio was made here: each sign of it that is looked for, by itself."""

from dataclasses import dataclass
from pathlib import Path

from cloning.audio.watermark import Finding
from cloning.jobs import fingerprints
from cloning.jobs.inspecting import find_manifest
from cloning.jobs.marking import search
from cloning.provenance.findings import ManifestFinding, ManifestState


@dataclass(frozen=True)
class Verification:
    mark: Finding
    manifest: ManifestFinding
    match: fingerprints.Match | None

    @property
    def is_made_here(self) -> bool:
        is_signed_by_us = self.manifest.state == ManifestState.TRUSTED
        return self.mark.is_found or is_signed_by_us or self.match is not None


def verify(source: Path) -> Verification:
    """Looks at a file that anybody may have sent. Nothing of it is kept.

    Raises GenerationError: REFERENCE_UNREADABLE, PROBING_BUSY, SERVER_BUSY.
    """
    mark, question = search(source)
    match = fingerprints.find(source, question)
    return Verification(mark=mark, manifest=find_manifest(source), match=match)
