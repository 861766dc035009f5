"""An engine that only waits, and the site with it: python -m benchmarks.waiting_engine worker

For whatever is asked of dispatching, where speaking itself must not decide: WAIT_SECONDS for each sentence, none
with the seed 0, and WAIT_TAKES_AT_ONCE at the same time. A sentence is a tenth of a second of sound, or as long as it
is to be at WAIT_CHARS_A_SECOND. The arguments are those of manage.py.
"""

import os
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cloning.engines import registry
from cloning.engines.base import Conditioning, Engine, EngineEntry, StockVoice, SynthesisOptions, Waveform
from cloning.text.languages import LANGUAGES

NAME = "waiting"
STEP_SECONDS = 0.01
RATE_HZ = 24_000
LIMITS = dict.fromkeys(LANGUAGES, 200)


class WaitingEngine(Engine):
    name = NAME
    label = "Waiting"
    sample_rate_hz = RATE_HZ
    segment_limits: Mapping[str, int] = LIMITS
    conditioning_key = NAME
    conditioning_shapes: Mapping[str, tuple[int, ...]] = {"nothing": (1,)}

    def __init__(self, wait_seconds: float) -> None:
        self.wait_seconds = wait_seconds

    def condition(self, clips: Sequence[Path], on_step: Callable[[], None] = lambda: None) -> Conditioning:
        return Conditioning({"nothing": np.zeros(1, np.float32)})

    def stock_conditioning(self, key: str, language: str) -> Conditioning:
        return self.condition([])

    def synthesize(
        self, segment: str, language: str, conditioning: Conditioning, options: SynthesisOptions
    ) -> Waveform:
        chars_a_second = float(os.environ.get("WAIT_CHARS_A_SECOND", "0"))
        seconds = len(segment) / chars_a_second if chars_a_second else 0.1
        return np.full(int(seconds * RATE_HZ), 0.1, np.float32)

    def synthesize_all(
        self,
        segments: Sequence[str],
        language: str,
        conditioning: Conditioning,
        options: Sequence[SynthesisOptions],
        on_step: Callable[[float], None] = lambda _: None,
    ) -> Generator[tuple[int, Waveform], None, None]:
        for index, (segment, each) in enumerate(zip(segments, options, strict=True)):
            end_at = time.monotonic() + (self.wait_seconds if each.seed else 0.0)
            while (left := end_at - time.monotonic()) > 0:
                on_step(index / len(segments))
                time.sleep(min(STEP_SECONDS, left))
            yield index, self.synthesize(segment, language, conditioning, each)


def make_entry(wait_seconds: float, takes_at_once: int) -> EngineEntry:
    def stock_voices(_settings: Any) -> Sequence[StockVoice]:
        return [StockVoice("nobody", "Nobody", frozenset(LANGUAGES))]

    return EngineEntry(
        name=NAME,
        label="Waiting",
        is_clone=False,
        takes_at_once=takes_at_once,
        is_sampled=False,
        can_stream=False,
        segment_limits=LIMITS,
        first_segment_limits=LIMITS,
        is_available=lambda _settings: True,
        obstacle=lambda _settings: None,
        stock_voices=stock_voices,
        load=lambda _settings: WaitingEngine(wait_seconds),
    )


def register() -> None:
    """Before the settings are read, which check ENGINE."""
    wait_seconds = float(os.environ.get("WAIT_SECONDS", "1"))
    registry.ENGINES[NAME] = make_entry(wait_seconds, int(os.environ.get("WAIT_TAKES_AT_ONCE", "1")))
    os.environ.setdefault("ENGINE", NAME)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceclone_site.settings")


if __name__ == "__main__":
    register()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *sys.argv[1:]])
