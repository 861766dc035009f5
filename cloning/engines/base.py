"""What every engine offers, and the two values that pass through it.

Engines know nothing of Django: they take paths and plain values and return arrays, so that each can be
read, tested and timed alone.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Reals = NDArray[np.floating[Any]]
"""Of single or double precision."""
Waveform = Floats
"""Mono samples in [-1, 1], shape (samples,), at the engine's `sample_rate_hz`."""


class EngineError(Exception):
    """The engine can't do what was asked; the message is written for the person who asked."""


@dataclass(frozen=True)
class Conditioning:
    """What an engine derived from a reference. For XTTS: GPT conditioning latents and speaker embedding.

    Arrays by name, so that one cache (safetensors on disk) serves every engine.
    """

    arrays: Mapping[str, Floats]


@dataclass(frozen=True)
class SynthesisOptions:
    speed: float = 1.0  # 0.5 to 2.0: how fast is spoken; the pitch stays
    temperature: float = 0.75  # 0.05 to 1.5; engines that don't sample ignore it
    seed: int = 0  # 0 to 2**32 - 1: the same call with the same seed gives the same samples


@dataclass(frozen=True)
class StockVoice:
    """A voice that comes with an engine. It needs no reference, and is nobody's clone."""

    key: str  # letters, digits and "_"; no other voice of the engine has it
    name: str  # for people
    languages: frozenset[str]  # that it speaks best, keys of `text.LANGUAGES`; it speaks the others, too

    @property
    def own_language(self) -> str:
        """The one that it speaks best; empty where those are several."""
        return next(iter(self.languages)) if len(self.languages) == 1 else ""


class Engine(Protocol):
    name: str  # that of its EngineEntry
    label: str  # likewise
    sample_rate_hz: int
    segment_limits: Mapping[str, int]  # likewise
    conditioning_key: str
    """Differs whenever `condition` would return something else for the same clips: engine, weights, settings."""
    conditioning_shapes: Mapping[str, tuple[int, ...]]
    """Of the arrays that `condition` returns, by name. Each is float32, and finite."""
    precision: str = ""
    """What the engine computes in, where there is a choice: "float32", "float16" or "int8"."""

    def condition(self, clips: Sequence[Path], on_step: Callable[[], None] = lambda: None) -> Conditioning:
        """Derives a voice from one or more normalised clips (WAV, 16 kHz, mono, 16-bit), each at least 0.5 s.

        `on_step` is called between steps of the work and ends it by raising. Raises EngineError when the clips hold
        nothing that the engine can use.
        """
        ...

    def stock_conditioning(self, key: str, language: str) -> Conditioning:
        """Of one of the entry's stock voices, to speak this language with. Raises EngineError for any other."""
        raise EngineError(f"{self.label} has no such voice.")

    def is_formant(self, language: str) -> bool:
        """Whether this language is spoken by formant synthesis, whose spectrum has gaps."""
        return False

    def is_valid(self, conditioning: Conditioning) -> bool:
        """Whether `condition` can have returned this. What was read back from storage may be damaged.

        Takes well under a millisecond. An engine whose numbers have narrower bounds overrides it.
        """
        arrays, shapes = conditioning.arrays, self.conditioning_shapes
        return arrays.keys() == shapes.keys() and all(
            array.shape == shapes[name] and array.dtype == np.float32 and bool(np.isfinite(array).all())
            for name, array in arrays.items()
        )

    def synthesize(
        self, segment: str, language: str, conditioning: Conditioning, options: SynthesisOptions
    ) -> Waveform:
        """Speaks one segment as `text.split` returns it. `language` is a key of `text.LANGUAGES`."""
        ...

    def synthesize_all(
        self,
        segments: Sequence[str],
        language: str,
        conditioning: Conditioning,
        options: Sequence[SynthesisOptions],
        on_step: Callable[[float], None] = lambda _: None,
    ) -> Generator[tuple[int, Waveform], None, None]:
        """Speaks segments, each with its own options, and yields index and sound of each as it is done, in any order.

        `on_step` is called between steps of the work, with the share of it that is done by estimate (0 to 1), and
        ends it by raising. An engine that speaks several segments
        at once defines this anew; others inherit from this class, and speak one after another.
        """
        for index, (segment, each) in enumerate(zip(segments, options, strict=True)):
            on_step(index / len(segments))
            yield index, self.synthesize(segment, language, conditioning, each)

    def stream(
        self, segment: str, language: str, conditioning: Conditioning, options: SynthesisOptions
    ) -> Generator[Waveform, None, int]:
        """The sound of `synthesize` in pieces, for somebody who listens meanwhile; raises the same errors.

        Returns how many samples are speech: `synthesize` returns no more than those. What was given out beyond is a
        tail that turned out too late to be none, and is to be cut from what is kept. An engine whose entry says
        `can_stream` defines this anew, and gives each piece as soon as it is computed; others give the whole at once.
        Closing the generator ends the work.
        """
        sound = self.synthesize(segment, language, conditioning, options)
        yield sound
        return len(sound)


@dataclass(frozen=True)
class EngineEntry:
    """What is known of an engine before it is loaded; the functions take Django's settings.

    Each engine's package defines one as `ENTRY`. Importing the package brings neither torch nor onnxruntime: the web
    process asks, and only a worker calls `load`.
    """

    name: str  # stored with each generation; a value of the setting ENGINE
    label: str  # for people
    is_clone: bool  # or a preview, which every page, answer and file has to say
    takes_at_once: int  # that a worker has in hand
    is_sampled: bool  # another seed gives another reading; else seeds are ignored
    can_stream: bool  # `stream` gives the sound of a segment in pieces, while it is computed
    segment_limits: Mapping[str, int]
    """How many characters `synthesize` takes at a time, by the keys of `text.LANGUAGES`."""
    first_segment_limits: Mapping[str, int]
    """The same for the first segment of a text that is listened to while it is made, so that it is heard early."""
    is_available: Callable[[Any], bool]
    obstacle: Callable[[Any], str | None]
    """Why it can't be used though it was begun to be set up; None when it can be, or nothing of it is there."""
    stock_voices: Callable[[Any], Sequence[StockVoice]]
    """Those that `stock_conditioning` knows, in the order in which they are offered; few, and soon told."""
    load: Callable[[Any], Engine]
    """Takes seconds. Raises EngineError."""
    terms: str = ""
    """What the licence of its weights asks of what is spoken with them; every file that it spoke says so."""
