"""What a worker does, in single steps."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from django.core.files.base import ContentFile

from cloning.audio import TakeSound
from cloning.audio.fingerprint import take_fingerprint
from cloning.jobs import scheduling, takes
from cloning.jobs.takes import Sound
from cloning.models import Generation, Take
from cloning.scoring import TakeScores

THREE = "The first sentence is this one.\n\nThe second sentence is this.\n\nThe third one is the last of all."
"""A text of as many segments."""


def claim_take(generation: Generation) -> Take:
    take = scheduling.claim_next(generation.pk)
    assert take, "nothing waits"
    return take


def made_scores(**changes: Any) -> TakeScores:
    """Of a good take of a stock voice."""
    good = TakeScores(similarity=None, clipped_share=0.0, longest_silence_seconds=0.2, pace=1.0)
    return replace(good, **changes)


def made_sound(path: Path = Path("take.wav")) -> Sound:
    """What is known of a second of sound."""
    measured = TakeSound(duration_seconds=1.0, peaks=[0.5], loudness_blocks=[1], true_peak_dbtp=-3.0)
    return Sound(
        path,
        sample_rate_hz=24_000,
        measured=measured,
        spoken_seconds=0.1,
        is_watermarked=False,
        fingerprint=take_fingerprint(np.zeros(0, np.float32), 24_000),
        scores=made_scores(),
    )


def accept_sounds(generation: Generation) -> Generation:
    """Has all of its sentences spoken at once, by nobody."""
    while take := scheduling.claim_next(generation.pk):
        assert takes.accept(take, ContentFile(b"RIFF"), made_sound())
    generation.refresh_from_db()
    return generation
