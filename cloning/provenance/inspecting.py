"""Reads the manifest of a file, as a process of its own: `jobs/inspecting.py` starts and bounds it.

Argument: the file. Standard input: a JSON object, `anchors` (PEM, may be empty) and `serial_number` of this server's
certificate. Writes JSON to standard output: `{"state", "issuer"}`. It asks no other host, whatever the file says.
"""

import json
import mmap
import sys
from pathlib import Path
from typing import Any

from cloning.provenance.findings import ManifestState, clean
from cloning.provenance.manifests import OFFLINE

HEAD_BYTES = 12
LABEL = b"c2pa"  # of every manifest, in plain bytes whatever it is in
MAX_UNPACKED_MB = 4


def sniff(head: bytes) -> str | None:
    """The content type, of what can have a manifest and is sent here."""
    if head[:4] == b"RIFF":
        return {b"WAVE": "audio/wav", b"AVI ": "video/avi"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head[:4] == b"fLaC":
        return "audio/flac"
    if head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] > b"\xe0"):
        return "audio/mpeg"
    return None


def read(file: Path, anchors: str, serial_number: str) -> tuple[ManifestState, str]:
    """What manifest is in the file, and, of one that is intact, what the certificate says whose it is."""
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        content_type = sniff(content[:HEAD_BYTES]) if content.find(LABEL) >= 0 else None
    if content_type is None:
        return ManifestState.NONE, ""
    import c2pa

    settings: dict[str, Any] = {
        "verify": {"verify_trust": True, **OFFLINE},
        "core": {"max_decompressed_manifest_size_in_mb": MAX_UNPACKED_MB, "allowed_network_hosts": []},
    }
    if anchors:
        settings["trust"] = {"user_anchors": anchors}
    try:
        with c2pa.Context.from_dict(settings) as context, file.open("rb") as opened:
            report = json.loads(c2pa.Reader(content_type, opened, context=context).json())
    except c2pa.C2paError as error:
        is_elsewhere = str(error).startswith("Remote:")
        is_missing = is_elsewhere or isinstance(error, c2pa.C2paError.ManifestNotFound)
        return (ManifestState.NONE if is_missing else ManifestState.INVALID), ""
    if report["validation_state"] not in ("Valid", "Trusted"):
        return ManifestState.INVALID, ""
    signature = report["manifests"][report["active_manifest"]]["signature_info"]
    is_ours = report["validation_state"] == "Trusted" and signature["cert_serial_number"] == serial_number
    issuer = clean(signature.get("issuer") or signature.get("common_name") or "")
    return ManifestState.TRUSTED if is_ours else ManifestState.VALID, issuer


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    state, issuer = read(Path(sys.argv[1]), asked["anchors"], asked["serial_number"])
    json.dump({"state": state, "issuer": issuer}, sys.stdout)
