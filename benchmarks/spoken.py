"""Results of the preview as the worker has them before they are marked, kept in a folder so that a run can go on.

Each is a sentence of some three seconds in one of the stock voices; of 1,000 no two are the same sentence in the same
voice. What is missing is spoken.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr

from cloning.audio.levels import Samples
from cloning.audio.watermark import SEARCH_RATE_HZ
from cloning.engines.base import Conditioning, SynthesisOptions
from cloning.engines.preview.engine import PreviewEngine
from cloning.engines.preview.measure import ANALYSIS_RATE_HZ
from cloning.engines.preview.stock import VOICES

WHO = (
    "The old lighthouse keeper",
    "Nobody in the harbour",
    "My neighbour's daughter",
    "A tired postman",
    "The captain of the ferry",
    "Her younger brother",
    "Every child on the island",
    "The woman at the window",
    "A stranger in a blue coat",
    "The last of the fishermen",
)
DID = (
    "counted the ships",
    "heard the bell ring twice",
    "wrote a letter home",
    "forgot where the key was",
    "watched the fog come in",
    "sold seven baskets of apples",
    "asked about the weather",
    "mended the broken clock",
    "sang an old song",
    "would not believe the news",
)
TEXTS = [f"{who} {did}." for did in DID for who in WHO]
STEP = 73  # so that the first few are about different things, too


def read_spoken(folder: Path, count: int, seed: int = 0) -> Iterator[Samples]:
    """The first `count` with Kokoro's voices. With another seed the texts and voices are the same."""
    keys = sorted(VOICES["en"])
    engine: list[PreviewEngine] = []

    def speak(number: int) -> Samples:
        if not engine:
            engine.append(PreviewEngine())
        conditioning = engine[0].stock_conditioning(keys[(number + number // len(TEXTS)) % len(keys)], "en")
        return say(engine[0], number, conditioning, number + 1000 * seed)

    return read_or_speak(folder, f"{seed}.flac", count, speak)


def read_espeak(folder: Path, count: int) -> Iterator[Samples]:
    """The first `count` with espeak-ng, in the likeness of the folder's clips: it takes a hundredth of the time."""
    engine = PreviewEngine(with_kokoro=False)
    voices = [learn(engine, clip) for clip in sorted(folder.parent.glob("*.flac"))]

    def speak(number: int) -> Samples:
        return say(engine, number, voices[(number + number // len(TEXTS)) % len(voices)], number)

    return read_or_speak(folder, "espeak.flac", count, speak)


def learn(engine: PreviewEngine, clip: Path) -> Conditioning:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.wav"
        samples, rate_hz = soundfile.read(clip, dtype="float32")
        soundfile.write(
            path, soxr.resample(samples, rate_hz, ANALYSIS_RATE_HZ), ANALYSIS_RATE_HZ, subtype="PCM_16"
        )
        return engine.condition([path])


def say(engine: PreviewEngine, number: int, conditioning: Conditioning, seed: int) -> Samples:
    text = TEXTS[number * STEP % len(TEXTS)]
    [(_, spoken)] = engine.synthesize_all([text], "en", conditioning, [SynthesisOptions(seed=seed)])
    return spoken


def read_or_speak(folder: Path, name: str, count: int, speak: Callable[[int], Samples]) -> Iterator[Samples]:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = folder / f"{number:03}-{name}"
        if not path.exists():
            part = path.with_suffix(".part")
            soundfile.write(part, speak(number), SEARCH_RATE_HZ, format="FLAC")
            part.replace(path)
        samples, _ = soundfile.read(path, dtype="float32")
        yield np.asarray(samples, np.float32)
