"""Compares who speaks in a recorded statement with who speaks in clips, as a process of its own.

Standard input is JSON: `{"max_seconds", "statement", "clips": [[path, start, end] …]}`, where start and end are null
for all of a clip. Writes JSON to standard output: `{"speech_seconds", "similarities"}`, of the statement and of each
clip with it, or `{"error": {"code", "message"}}`.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from cloning.audio.decoding import decode_mono
from cloning.audio.levels import Samples
from cloning.coach.measuring import FRAME_SECONDS, SPEECH_LIKELIHOOD
from cloning.coach.vad import FRAME_SAMPLES, SAMPLE_RATE_HZ, find_speech
from cloning.engines.base import Floats
from cloning.engines.preview import speaker
from cloning.errors import ErrorCode, GenerationError

MAX_SPEECH_SECONDS = 60
"""Of each that is looked at: bounds memory and time."""


def main() -> None:
    asked = json.loads(sys.stdin.read())
    try:
        answer = compare(asked)
    except GenerationError as error:
        answer = {"error": {"code": error.code, "message": str(error)}}
    json.dump(answer, sys.stdout)


def compare(asked: dict[str, Any]) -> dict[str, Any]:
    """Raises GenerationError."""
    try:
        statement = cut_speech(decode_mono(Path(asked["statement"]), SAMPLE_RATE_HZ, asked["max_seconds"]))
    except GenerationError as error:
        if error.code != ErrorCode.REFERENCE_SILENT:
            raise
        statement = np.zeros(0, np.float32)
    speech_seconds = statement.size / FRAME_SAMPLES * FRAME_SECONDS
    if speech_seconds < 1:  # nothing is to be compared
        return {"speech_seconds": speech_seconds, "similarities": []}
    known = embed(statement)
    similarities = []
    for path, start, end in asked["clips"]:
        samples = decode_mono(Path(path), SAMPLE_RATE_HZ, asked["max_seconds"])
        if start is not None:
            samples = samples[int(start * SAMPLE_RATE_HZ) : int(end * SAMPLE_RATE_HZ)]
        similarities.append(float(known @ embed(cut_speech(samples))))
    return {"speech_seconds": speech_seconds, "similarities": similarities}


def cut_speech(samples: Samples) -> Samples:
    """What of it is speech, by the detector that the coach has."""
    likelihoods = find_speech(samples)
    frames = samples[: likelihoods.size * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    speech: Samples = frames[likelihoods > SPEECH_LIKELIHOOD].reshape(-1)
    return speech[: MAX_SPEECH_SECONDS * SAMPLE_RATE_HZ]


def embed(speech: Samples) -> Floats:
    """A unit vector; of no speech one that is like nobody's."""
    if not speech.size:
        return np.zeros(speaker.EMBEDDING_SIZE, np.float32)
    return speaker.embed(speech.astype(np.float64))


if __name__ == "__main__":
    main()
