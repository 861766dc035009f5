"""Takes and joined files as a worker records them, without speaking: what is stored are the bytes given."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from django.core.files.base import ContentFile
from django.db import connection

from cloning.audio import JoinedSpeech, Layout, TakeSound
from cloning.audio.fingerprint import take_fingerprint
from cloning.jobs import joins, takes
from cloning.jobs.takes import Sound
from cloning.models import Generation, Take
from cloning.tests.speaking import made_scores

SENTENCE = "A sentence that is not so short at all, to be spoken many times over. "
THREE_SEGMENTS = SENTENCE * 3
SOUND = Sound(
    Path("not read here"),
    sample_rate_hz=24_000,
    measured=TakeSound(duration_seconds=1.5, peaks=[0.5], loudness_blocks=[100], true_peak_dbtp=-6.0),
    spoken_seconds=0.5,
    is_watermarked=True,
    fingerprint=take_fingerprint(np.zeros(0, np.float32), 24_000),
    scores=made_scores(),
)
JOINED = JoinedSpeech(4.5, [1.0], Layout(0.0, 108_000, ()))


def takes_of(generation: Generation) -> list[Take]:
    found = Take.objects.filter(segment__generation=generation).select_related("segment__generation")
    return list(found.order_by("segment__index", "number"))


def first_take(generation: Generation) -> Take:
    return takes_of(generation)[0]


def claim_first(generation: Generation) -> Take:
    take = first_take(generation)
    assert takes.claim(take)
    return take


def accept(take: Take, content: bytes = b"RIFF") -> bool:
    return takes.accept(take, ContentFile(content), SOUND)


def accept_join(generation: Generation, content: bytes = b"whole") -> bool:
    return joins.accept(generation, ContentFile(content), JOINED, is_signed=False)


def speak_all(generation: Generation) -> Generation:
    """All its takes that wait."""
    for take in takes_of(generation):
        if takes.claim(take):
            assert accept(take)
    generation.refresh_from_db()
    return generation


def finish(generation: Generation) -> Generation:
    """Spoken and joined."""
    speak_all(generation)
    assert joins.claim(generation)
    assert accept_join(generation)
    generation.refresh_from_db()
    return generation


def at_once(*actions: Callable[[], object]) -> list[Exception]:
    """What the actions raised, each in a thread of its own."""
    start, errors = threading.Barrier(len(actions), timeout=120), list[Exception]()

    def run(action: Callable[[], object]) -> None:
        try:
            start.wait()
            action()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors
