"""Measures a clip, as a process of its own: `checking.py` starts and bounds it.

Arguments: the file, the most seconds of it that are read, and, where a part is asked for, its start and end. Writes
JSON to standard output: the report, or `{"error": {"code", "message"}}`.
"""

import json
import sys
from pathlib import Path

import numpy as np

from cloning.audio.decoding import decode
from cloning.audio.levels import LevelMeter, Samples
from cloning.audio.probing import REFERENCE_SAMPLE_RATE_HZ
from cloning.coach.measures import Part
from cloning.coach.report import report
from cloning.errors import GenerationError

DECODING_SECONDS = 15.0


def read_mono(source: Path, max_seconds: float) -> Samples:
    pieces: list[Samples] = []
    meter = LevelMeter(REFERENCE_SAMPLE_RATE_HZ)

    def receive(channels: Samples) -> None:
        pieces.append(channels)
        meter.update(channels)

    decode(source, REFERENCE_SAMPLE_RATE_HZ, max_seconds, DECODING_SECONDS, receive)
    levels = meter.measure()
    return np.concatenate([levels.mix_down(channels) for channels in pieces])


def main(source: str, max_seconds: str, *part: str) -> None:
    try:
        samples = read_mono(Path(source), float(max_seconds))
        asked = Part(*(float(each) for each in part)) if part else None
        answer = report(samples, asked).dump()
    except GenerationError as error:
        answer = {"error": {"code": error.code, "message": str(error)}}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
