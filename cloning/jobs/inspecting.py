"""Whether a file has a C2PA manifest, and whose."""

import json
import logging
import os
from pathlib import Path

from cloning.audio.probing import ProbeSlots
from cloning.confinement import Bounds, OutOfTimeError, UnansweredError, run_module
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.signing import read_identity
from cloning.provenance.findings import ManifestFinding, ManifestState

logger = logging.getLogger(__name__)

slots = ProbeSlots(count=max(1, (os.cpu_count() or 1) // 2), wait_seconds=5)
BOUNDS = Bounds(timeout_seconds=20.0, cpu_seconds=5, max_data_bytes=512 * 1024**2)


def find_manifest(source: Path) -> ManifestFinding:
    """Of a file that anybody may have sent. What takes too much to be read is invalid.

    Raises GenerationError: PROBING_BUSY, SERVER_BUSY.
    """
    identity = read_identity()
    asked = {"anchors": identity.authorities.decode(), "serial_number": identity.serial_number}
    with slots.take():
        try:
            answer = run_module(
                "cloning.provenance.inspecting", str(source), bounds=BOUNDS, piped=json.dumps(asked).encode()
            )
        except OutOfTimeError as error:
            raise GenerationError(
                ErrorCode.SERVER_BUSY, "The file can't be searched now. Try again later."
            ) from error
        except UnansweredError as error:
            logger.warning("A manifest could not be read: %s", error)
            return ManifestFinding(ManifestState.INVALID)
    return ManifestFinding(ManifestState(answer["state"]), answer["issuer"])
