"""Measures a clip, as a process of its own: `checking.py` starts and bounds it.

Arguments: the file, the most seconds of it that are read, and, where a part is asked for, its start and end. Writes
JSON to standard output: the report, or `{"error": {"code", "message"}}`.
"""

import json
import sys
from pathlib import Path

from cloning.audio.decoding import decode_mono
from cloning.audio.probing import REFERENCE_SAMPLE_RATE_HZ
from cloning.coach.measures import Part
from cloning.coach.report import report
from cloning.errors import GenerationError


def main(source: str, max_seconds: str, *part: str) -> None:
    try:
        samples = decode_mono(Path(source), REFERENCE_SAMPLE_RATE_HZ, float(max_seconds))
        asked = Part(*(float(each) for each in part)) if part else None
        answer = report(samples, asked).dump()
    except GenerationError as error:
        answer = {"error": {"code": error.code, "message": str(error)}}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
