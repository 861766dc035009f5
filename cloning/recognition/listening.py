"""How much of a sentence is heard in a recording, as a process of its own: strangers' files.

Standard input is JSON: `{"recording", "max_seconds", "language", "sentence", "model_cache"}`. Writes JSON to standard
output: `{"share"}`, 0 to 1, or `{"error": {"code", "message"}}`.
"""

import json
import sys
from pathlib import Path

from cloning.audio.decoding import decode_mono
from cloning.errors import GenerationError
from cloning.recognition.comparing import share_understood
from cloning.recognition.recogniser import SAMPLE_RATE_HZ, Recogniser


def main() -> None:
    asked = json.loads(sys.stdin.read())
    try:
        samples = decode_mono(Path(asked["recording"]), SAMPLE_RATE_HZ, asked["max_seconds"])
        heard = Recogniser(Path(asked["model_cache"]), threads=1).text_of(samples, asked["language"])
        answer: dict[str, object] = {"share": share_understood(asked["sentence"], heard, asked["language"])}
    except GenerationError as error:
        answer = {"error": {"code": error.code, "message": str(error)}}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
