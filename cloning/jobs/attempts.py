"""With CHECK_SPEECH=retry, a take below the bar is spoken again, and the best is kept (docs/adr/).

All of it happens while a worker has the take in hand: others see one claim, one sound and one UPDATE.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from django.conf import settings

from cloning import scoring
from cloning.engines.base import EngineError, SynthesisOptions, Waveform
from cloning.errors import GenerationError
from cloning.jobs.checks import RETRY
from cloning.scoring import TakeScores

MAX_ATTEMPTS = 3
SEED_STEP = 0x9E3779B1
"""Far from the seeds of the sentences around, which follow each other; the same seed gives the same attempts."""
TEMPOS = (1.0, 0.94, 1.06)
"""Where nothing is sampled: another tempo is another reading."""


@dataclass(frozen=True)
class Attempt:
    options: SynthesisOptions
    waveform: Waveform
    scores: TakeScores


def speak_best(
    options: SynthesisOptions,
    speak: Callable[[SynthesisOptions], Waveform],
    score: Callable[[Waveform], TakeScores],
    *,
    is_sampled: bool,
) -> Attempt:
    """The best of up to MAX_ATTEMPTS; the first that nothing is wrong with ends it.

    Raises what `speak` raises; GenerationError and EngineError only where no attempt gave a sound.
    """
    spoken: list[Attempt] = []
    failure: Exception | None = None
    began_at = time.monotonic()
    for number, each in enumerate(vary(options, is_sampled=is_sampled)):
        if number and not is_time_left(time.monotonic() - began_at, number):
            break
        try:
            waveform = speak(each)
        except (GenerationError, EngineError) as error:
            failure = error
            if not is_sampled:  # what can't be said is no better said faster
                break
            continue
        spoken.append(Attempt(each, waveform, score(waveform)))
        if not spoken[-1].scores.faults:
            break
    if not spoken:
        assert failure
        raise failure
    best = max(spoken, key=lambda attempt: scoring.rank(attempt.scores))
    return replace(best, scores=replace(best.scores, attempts=len(spoken)))


def vary(options: SynthesisOptions, *, is_sampled: bool) -> Iterator[SynthesisOptions]:
    """What is asked for, then what may be better."""
    for number in range(MAX_ATTEMPTS if settings.CHECK_SPEECH == RETRY else 1):
        if is_sampled:
            yield replace(options, seed=(options.seed + number * SEED_STEP) % 2**32)
        else:
            yield replace(options, speed=min(2.0, max(0.5, options.speed * TEMPOS[number])))


def is_time_left(elapsed_seconds: float, attempts: int) -> bool:
    """Whether one more, as long as those before, ends far within the deadline of the take."""
    return elapsed_seconds * (attempts + 1) / attempts < settings.DEADLINE_SECONDS / 2
