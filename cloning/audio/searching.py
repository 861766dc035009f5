"""Looks for a mark in a file, as a process of its own: `jobs/marking.py` starts and bounds it.

Arguments: the file, and the most seconds of it that are searched. The key is standard input, as a hexadecimal number:
arguments can be seen by everybody on a machine. Writes JSON to standard output: `{"score", "false_alarm"}`, or
`{"error": {"code", "message"}}`.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from cloning.audio.decoding import decode_mono
from cloning.audio.watermark import SEARCH_RATE_HZ, Search
from cloning.errors import ErrorCode, GenerationError


def find_mark(source: Path, max_seconds: float, key: bytes) -> dict[str, object]:
    try:
        samples = decode_mono(source, SEARCH_RATE_HZ, max_seconds)
    except GenerationError as error:
        if error.code != ErrorCode.REFERENCE_SILENT:
            return {"error": {"code": error.code, "message": str(error)}}
        samples = np.zeros(0, np.float32)  # in silence there is nothing
    return asdict(Search(samples).find(key))


if __name__ == "__main__":
    key = bytes.fromhex(sys.stdin.read())
    json.dump(find_mark(Path(sys.argv[1]), float(sys.argv[2]), key), sys.stdout)
