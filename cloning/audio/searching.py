"""Looks for marks in a file, as a process of its own: `jobs/marking.py` starts and bounds it.

Arguments: the file, and the most seconds of it that are searched. The keys are standard input, a hexadecimal number a
line: arguments can be seen by everybody on a machine. Writes JSON to standard output: `{"findings": [{"score",
"false_alarm"}]}`, one for each key, or `{"error": {"code", "message"}}`.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from cloning.audio.decoding import decode_mono
from cloning.audio.watermark import SEARCH_RATE_HZ, Search
from cloning.errors import ErrorCode, GenerationError


def find_marks(source: Path, max_seconds: float, keys: list[bytes]) -> dict[str, object]:
    try:
        samples = decode_mono(source, SEARCH_RATE_HZ, max_seconds)
    except GenerationError as error:
        if error.code != ErrorCode.REFERENCE_SILENT:
            return {"error": {"code": error.code, "message": str(error)}}
        samples = np.zeros(0, np.float32)  # in silence there is nothing
    search = Search(samples)
    return {"findings": [asdict(search.find(key)) for key in keys]}


if __name__ == "__main__":
    found = find_marks(
        Path(sys.argv[1]), float(sys.argv[2]), [bytes.fromhex(line) for line in sys.stdin.read().split()]
    )
    json.dump(found, sys.stdout)
