"""Looks for a mark in a file and takes what a fingerprint is looked for by, as a process of its own.

`jobs/marking.py` starts and bounds it. Arguments: the file, and the most seconds of it that are searched. The key is
standard input, as a hexadecimal number: arguments can be seen by everybody on a machine. Writes JSON to standard
output: `{"mark": {"score", "false_alarm"}, "question": {"words", "keys", "places"}}`, the arrays as base64 of 32-bit
numbers, or `{"error": {"code", "message"}}`.
"""

import base64
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cloning.audio.decoding import decode_mono
from cloning.audio.fingerprint import Question, take_question
from cloning.audio.watermark import SEARCH_RATE_HZ, Search
from cloning.errors import ErrorCode, GenerationError


def search(source: Path, max_seconds: float, key: bytes) -> dict[str, object]:
    try:
        samples = decode_mono(source, SEARCH_RATE_HZ, max_seconds)
    except GenerationError as error:
        if error.code != ErrorCode.REFERENCE_SILENT:
            return {"error": {"code": error.code, "message": str(error)}}
        samples = np.zeros(0, np.float32)  # in silence there is nothing
    question = take_question(samples, SEARCH_RATE_HZ)
    return {
        "mark": asdict(Search(samples).find(key)),
        "question": {
            "words": to_text(question.words),
            "keys": to_text(question.keys),
            "places": to_text(question.places),
        },
    }


def to_text(values: NDArray[np.integer]) -> str:
    return base64.b64encode(values.astype("<u4").tobytes()).decode()


def read_question(texts: dict[str, str]) -> Question:
    arrays = {name: np.frombuffer(base64.b64decode(text), "<u4") for name, text in texts.items()}
    return Question(arrays["words"], arrays["keys"], arrays["places"].astype(np.int64))


if __name__ == "__main__":
    key = bytes.fromhex(sys.stdin.read())
    json.dump(search(Path(sys.argv[1]), float(sys.argv[2]), key), sys.stdout)
