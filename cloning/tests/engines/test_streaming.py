"""What a listener is given while a segment is spoken, and how much of it is kept."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from cloning.engines.base import Conditioning, Engine, EngineError, SynthesisOptions, Waveform
from cloning.engines.xtts import engine as xtts_engine
from cloning.engines.xtts.ending import SpeakingRate
from cloning.engines.xtts.engine import XttsEngine
from cloning.engines.xtts.sampling import SamplingSettings
from cloning.engines.xtts.weights import FOLDER_NAME
from cloning.tests.engines.collecting import collect

TEXT = "Nobody knew why."


class Whole(Engine):
    name = label = conditioning_key = "whole"
    sample_rate_hz = 24_000
    conditioning_shapes = {}
    segment_limits = {"en": 250}

    def condition(self, clips: Sequence[Path], on_step: Callable[[], None] = lambda: None) -> Conditioning:
        return Conditioning({})

    def synthesize(
        self, segment: str, language: str, conditioning: Conditioning, options: SynthesisOptions
    ) -> Waveform:
        if not segment:
            raise EngineError("Nothing.")
        return np.arange(len(segment), dtype=np.float32)


def test_an_engine_that_cannot_stream_gives_the_whole_and_keeps_it() -> None:
    pieces, kept = collect(Whole().stream("hello", "en", Conditioning({}), SynthesisOptions()))
    assert [list(piece) for piece in pieces] == [[0, 1, 2, 3, 4]]
    assert kept == 5
    with pytest.raises(EngineError, match="Nothing"):
        collect(Whole().stream("", "en", Conditioning({}), SynthesisOptions()))


@pytest.fixture(scope="module")
def engine(tiny_weights: Path) -> Iterator[XttsEngine]:
    threads = torch.get_num_threads()
    yield XttsEngine(tiny_weights / FOLDER_NAME, device="cpu", precision="float32", threads=1)
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def voice(engine: XttsEngine) -> Conditioning:
    random = np.random.default_rng(1)
    shapes = engine.conditioning_shapes
    return Conditioning({name: random.normal(size=shapes[name]).astype(np.float32) for name in shapes})


@pytest.fixture
def misses_its_chance(engine: XttsEngine, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Speech that might have stopped after 1.8 s of sound, where it is silent, and runs on."""
    step = 0

    def begin() -> None:
        nonlocal step
        step = 0

    def scripted(latents: torch.Tensor) -> torch.Tensor:
        nonlocal step
        step += 1
        scores = torch.full((1, engine._gpt.code_count), -100.0)
        scores[:, 7] = 5.0
        scores[:, engine._gpt.stop_code] = 4.8 if step in (40, 41) else -100.0
        return scores

    def silent_there(*arguments: object) -> Iterator[torch.Tensor]:
        sound = torch.cat(list(chunks(*arguments)))
        first_sample = arguments[2] * engine._vocoder.samples_per_frame
        begins, ends = (max(0, round(seconds * 24_000) - first_sample) for seconds in (1.8, 1.9))
        sound[begins:ends] = 0
        yield sound

    chunks = engine._vocoder.chunks
    monkeypatch.setattr(engine, "_speaking_rates", {"en": SpeakingRate(250)})
    monkeypatch.setattr(engine._vocoder, "chunks", silent_there)
    monkeypatch.setattr(engine._gpt, "logits", scripted)
    greedy = SamplingSettings(do_sample=False, repetition_penalty=1.0)
    monkeypatch.setattr(engine._decoder, "_settings", greedy)
    return begin


def test_what_runs_on_is_heard_but_not_kept(
    engine: XttsEngine, voice: Conditioning, misses_its_chance: Callable[[], None]
) -> None:
    pieces, kept = collect(engine.stream(TEXT, "en", voice, SynthesisOptions()))
    misses_its_chance()
    whole = engine.synthesize(TEXT, "en", voice, SynthesisOptions())
    heard = np.concatenate(pieces)
    assert len(pieces) > 2
    assert len(whole) == kept < len(heard) - 24_000
    np.testing.assert_allclose(heard[:kept], whole, rtol=0, atol=1e-5)


def test_what_ends_by_itself_is_kept_whole(
    engine: XttsEngine, voice: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xtts_engine, "FIRST_STREAMED_CODES", 3)
    for seed in range(3):
        pieces, kept = collect(engine.stream(TEXT, "en", voice, SynthesisOptions(seed=seed)))
        whole = engine.synthesize(TEXT, "en", voice, SynthesisOptions(seed=seed))
        assert kept == len(whole)
        np.testing.assert_allclose(np.concatenate(pieces)[:kept], whole, rtol=0, atol=1e-5)


def test_a_listener_who_leaves_ends_the_work(engine: XttsEngine, voice: Conditioning) -> None:
    stream = engine.stream(TEXT, "en", voice, SynthesisOptions(seed=1))
    next(stream)
    stream.close()
    assert not engine._decoder._rows
