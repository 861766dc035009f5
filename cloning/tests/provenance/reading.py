"""What a C2PA reader says of a file, asked as other programs ask."""

import json
from pathlib import Path
from typing import Any

import c2pa


def read_manifest(file: Path, anchors: bytes = b"") -> tuple[str, dict[str, Any]]:
    """The state by C2PA, and the manifest. Raises C2paError where there is none."""
    trust = {"trust": {"user_anchors": anchors.decode()}} if anchors else {}
    settings = {**trust, "verify": {"verify_trust": True, "remote_manifest_fetch": False}}
    with c2pa.Context.from_dict(settings) as context, file.open("rb") as opened:
        report = json.loads(c2pa.Reader(None, opened, context=context).json())
    return report["validation_state"], report["manifests"][report["active_manifest"]]


def assertion(manifest: dict[str, Any], label: str) -> dict[str, Any]:
    [found] = [each["data"] for each in manifest["assertions"] if each["label"].startswith(label)]
    return found
