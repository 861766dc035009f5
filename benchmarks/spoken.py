"""Results of the preview as the worker has them before they are marked, kept in a folder so that a run can go on.

Each is a sentence of some three seconds in one of the stock voices; of 1,000 no two are the same sentence in the same
voice.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from cloning.audio.levels import Samples
from cloning.audio.watermark import SEARCH_RATE_HZ
from cloning.engines.base import SynthesisOptions
from cloning.engines.preview import ENTRY
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
    """The first `count`, of those that are missing each is spoken and kept. With another seed the texts and voices
    are the same.
    """
    from django.conf import settings

    engine = None
    keys = sorted(VOICES["en"])
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = folder / f"{number:03}-{seed}.flac"
        if not path.exists():
            engine = engine or ENTRY.load(settings)
            voice = keys[(number + number // len(TEXTS)) % len(keys)]
            conditioning = engine.stock_conditioning(voice, "en")
            text, options = TEXTS[number * STEP % len(TEXTS)], SynthesisOptions(seed=number + 1000 * seed)
            [(_, spoken)] = engine.synthesize_all([text], "en", conditioning, [options])
            part = path.with_suffix(".part")
            soundfile.write(part, spoken, engine.sample_rate_hz, format="FLAC")
            part.replace(path)
        samples, rate_hz = soundfile.read(path, dtype="float32")
        assert rate_hz == SEARCH_RATE_HZ
        yield np.asarray(samples, np.float32)
