"""The sound: that of coqui-tts, in every language, streamed or whole, alone or side by side."""

import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from cloning.engines.base import Conditioning, EngineError, SynthesisOptions
from cloning.engines.xtts import engine as xtts_engine
from cloning.engines.xtts import vocoder
from cloning.engines.xtts.engine import XttsEngine
from cloning.tests.engines.xtts.steering import bias_stop_code, end_after
from cloning.tests.engines.xtts.texts import SENTENCES

if TYPE_CHECKING:
    from TTS.tts.models.xtts import Xtts


@pytest.mark.parametrize(
    ("language", "seed", "speed"), [("en", 3, 1.0), ("de", 7, 0.5), ("ja", 2**32 - 1, 2.0)]
)
def test_waveform_equals_coquis(
    engine: XttsEngine, coqui: "Xtts", conditioning: Conditioning, language: str, seed: int, speed: float
) -> None:
    torch.manual_seed(seed)
    expected = coqui.inference(
        SENTENCES[language],
        language,
        torch.from_numpy(conditioning.arrays["gpt_cond_latent"]),
        torch.from_numpy(conditioning.arrays["speaker_embedding"]),
        temperature=0.75,
        repetition_penalty=5.0,
        length_penalty=1.0,
        top_k=50,
        top_p=0.85,
        speed=speed,
    )["wav"]
    waveform = engine.synthesize(
        SENTENCES[language], language, conditioning, SynthesisOptions(seed=seed, speed=speed)
    )
    assert len(waveform) > 3_000
    np.testing.assert_allclose(waveform, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("language", SENTENCES)
def test_every_language_speaks(engine: XttsEngine, conditioning: Conditioning, language: str) -> None:
    ids = engine._text_ids(SENTENCES[language], language)
    assert engine._model.tokenizer.tokenizer.token_to_id("[UNK]") not in ids
    assert len(ids) > 8
    waveform = engine.synthesize(SENTENCES[language], language, conditioning, SynthesisOptions(seed=1))
    assert waveform.dtype == np.float32
    assert waveform.ndim == 1
    assert 0.01 < np.abs(waveform).max() <= 1


def test_seed_repeats_and_disturbs_nobody(engine: XttsEngine, conditioning: Conditioning) -> None:
    state = torch.get_rng_state()
    first, same, other = (
        engine.synthesize("It rains again.", "en", conditioning, SynthesisOptions(seed=seed))
        for seed in (5, 5, 6)
    )
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)
    assert torch.equal(state, torch.get_rng_state())


def test_temperature_and_voice_matter(
    engine: XttsEngine, conditioning: Conditioning, references: list[Path]
) -> None:
    options = SynthesisOptions(seed=5)
    spoken = engine.synthesize("It rains again.", "en", conditioning, options)
    hotter = engine.synthesize(
        "It rains again.", "en", conditioning, SynthesisOptions(seed=5, temperature=1.5)
    )
    other_voice = engine.synthesize("It rains again.", "en", engine.condition(references[1:]), options)
    assert not np.array_equal(spoken, hotter)
    assert not np.array_equal(spoken, other_voice)


def test_speed_changes_the_duration(engine: XttsEngine, conditioning: Conditioning) -> None:
    durations = {
        speed: len(engine.synthesize("It rains.", "en", conditioning, SynthesisOptions(seed=5, speed=speed)))
        for speed in (0.5, 1.0, 2.0)
    }
    assert durations[0.5] == pytest.approx(2 * durations[1.0], rel=0.1)
    assert durations[2.0] == pytest.approx(durations[1.0] / 2, rel=0.1)


def test_threads_speak_side_by_side(engine: XttsEngine, conditioning: Conditioning) -> None:
    text, options = "It rains.", [SynthesisOptions(seed=seed) for seed in range(2)]
    alone = [engine.synthesize(text, "en", conditioning, each) for each in options]
    together: dict[int, np.ndarray] = {}
    rows_at_once: list[int] = []
    both_speak = threading.Barrier(2)

    def speak(seed: int) -> None:
        def on_step(_: float) -> None:
            if not rows_at_once:
                both_speak.wait(300)
                rows_at_once.append(len(engine._decoder._rows))

        [(_, together[seed])] = engine.synthesize_all([text], "en", conditioning, [options[seed]], on_step)

    threads = [threading.Thread(target=speak, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(rows_at_once) == 2
    for seed in range(2):
        np.testing.assert_allclose(together[seed], alone[seed], rtol=0, atol=1e-5)
    assert engine._decoder._cache is None


def test_a_failure_reaches_every_caller_and_the_next_text_is_spoken(
    engine: XttsEngine, conditioning: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object) -> None:
        raise torch.OutOfMemoryError

    both_speak = threading.Barrier(2, action=lambda: monkeypatch.setattr(engine._gpt, "step", exhausted))
    failures: list[str] = []

    def speak() -> None:
        with pytest.raises(EngineError) as raised:
            list(
                engine.synthesize_all(
                    ["Yes."],
                    "en",
                    conditioning,
                    [SynthesisOptions()],
                    lambda _: both_speak.wait(300) and None,
                )
            )
        failures.append(str(raised.value))

    bias_stop_code(engine, monkeypatch, -1000)
    threads = [threading.Thread(target=speak) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == ["The GPU's memory is full. Close other programs that use it."] * 2
    monkeypatch.undo()
    assert len(engine.synthesize("Yes.", "en", conditioning, SynthesisOptions())) > 0


def test_segments_spoken_together_equal_those_spoken_alone(
    engine: XttsEngine, conditioning: Conditioning
) -> None:
    segments = ["It rains again.", "No.", "Nobody knew why, and nobody asked.", "Good."]
    options = [SynthesisOptions(seed=seed, speed=speed) for seed, speed in enumerate((1.0, 0.5, 1.3, 2.0))]
    together = dict(engine.synthesize_all(segments, "en", conditioning, options))
    assert sorted(together) == [0, 1, 2, 3]
    for index, segment in enumerate(segments):
        alone = engine.synthesize(segment, "en", conditioning, options[index])
        np.testing.assert_allclose(together[index], alone, rtol=0, atol=1e-5)


def test_work_can_be_ended_between_steps(engine: XttsEngine, conditioning: Conditioning) -> None:
    shares: list[float] = []

    def stop(share: float) -> None:
        shares.append(share)
        if len(shares) == 3:
            raise KeyboardInterrupt

    segments, options = ["It rains again."] * 2, [SynthesisOptions()] * 2
    with pytest.raises(KeyboardInterrupt):
        list(engine.synthesize_all(segments, "en", conditioning, options, stop))
    assert 0 < shares[0] < shares[1] < shares[2] < 0.5
    with closing(engine.synthesize_all(segments, "en", conditioning, options)) as abandoned:
        next(abandoned)
    assert not torch.is_inference_mode_enabled()
    assert len(engine.synthesize("No.", "en", conditioning, SynthesisOptions())) > 0


@pytest.mark.parametrize("speed", [0.5, 1.0, 1.7, 2.0])
def test_streamed_sound_equals_the_whole(
    engine: XttsEngine, conditioning: Conditioning, monkeypatch: pytest.MonkeyPatch, speed: float
) -> None:
    monkeypatch.setattr(vocoder, "CHUNK_FRAMES", 24)
    monkeypatch.setattr(xtts_engine, "FIRST_STREAMED_CODES", 5)
    monkeypatch.setattr(xtts_engine, "STREAMED_CODES", 3)
    options = SynthesisOptions(seed=2, speed=speed)
    end_after(18, engine, monkeypatch)
    pieces = list(engine.stream("Nobody knew why.", "en", conditioning, options))
    monkeypatch.undo()
    end_after(18, engine, monkeypatch)
    whole = engine.synthesize("Nobody knew why.", "en", conditioning, options)
    assert len(pieces) > 1
    np.testing.assert_allclose(np.concatenate(pieces), whole, rtol=0, atol=1e-5)


def test_the_vocoder_works_while_the_gpt_speaks_on(
    engine: XttsEngine, conditioning: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a failure of it reaches the caller; what the next text needs is not held up."""
    monkeypatch.setattr(xtts_engine, "CHUNK_CODES", 5)
    end_after(40, engine, monkeypatch)
    frames = engine._vocoder.frames
    vocoder_works, gpt_spoke_on = threading.Event(), threading.Event()

    def waits(latents: torch.Tensor, speed: float) -> torch.Tensor:
        vocoder_works.set()
        assert gpt_spoke_on.wait(300)
        return frames(latents, speed)

    def on_step(_: float) -> None:
        if vocoder_works.is_set() and engine._decoder._rows:
            gpt_spoke_on.set()
        elif engine._decoder._rows and len(engine._decoder._rows[0].codes) == 20:
            assert vocoder_works.wait(300)

    monkeypatch.setattr(engine._vocoder, "frames", waits)
    [_] = engine.synthesize_all(["No."], "en", conditioning, [SynthesisOptions()], on_step)

    def fails(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(engine._vocoder, "frames", fails)
    with pytest.raises(EngineError, match="memory is full"):
        engine.synthesize("No.", "en", conditioning, SynthesisOptions())
    monkeypatch.setattr(engine._vocoder, "frames", frames)
    assert len(engine.synthesize("No.", "en", conditioning, SynthesisOptions())) > 0
    assert engine._decoder._cache is None
