"""Speech that runs on, by scripted scores: it is ended, and cut where it could have stopped."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from cloning.engines.base import Conditioning, SynthesisOptions
from cloning.engines.xtts import engine as xtts_engine
from cloning.engines.xtts.decoding import Decoder
from cloning.engines.xtts.ending import SpeakingRate, Speech
from cloning.engines.xtts.engine import XttsEngine
from cloning.engines.xtts.sampling import SamplingSettings
from cloning.tests.engines.xtts.steering import bias_stop_code, decode, row_of


@pytest.mark.parametrize(("text", "most_seconds"), [("No.", 2.8), ("Twenty characters on", 6)])
def test_speech_does_not_run_on(
    engine: XttsEngine,
    conditioning: Conditioning,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    most_seconds: float,
) -> None:
    bias_stop_code(engine, monkeypatch, -1000)
    waveform = engine.synthesize(text, "en", conditioning, SynthesisOptions())
    assert most_seconds / 2 < len(waveform) / engine.sample_rate_hz < most_seconds


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_speech_that_stops_at_once(
    engine: XttsEngine, conditioning: Conditioning, monkeypatch: pytest.MonkeyPatch, speed: float
) -> None:
    bias_stop_code(engine, monkeypatch, 1000)
    waveform = engine.synthesize("No.", "en", conditioning, SynthesisOptions(speed=speed))
    assert len(waveform) < 5_000


def test_stop_probabilities_are_watched(
    engine: XttsEngine, conditioning: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripted scores: the stop code gets probability 1/3 at the third code, and is certain at the sixth."""
    step = 0

    def scripted(latents: torch.Tensor) -> torch.Tensor:
        nonlocal step
        scores = torch.full((1, engine._gpt.code_count), -100.0)
        scores[:, 7] = 5.0
        scores[:, engine._gpt.stop_code] = {2: 5.0 - math.log(2), 5: 100.0}.get(step, -100.0)
        step += 1
        return scores

    monkeypatch.setattr(engine._gpt, "logits", scripted)
    row = engine._row("It rains again.", "en", conditioning, SynthesisOptions())
    decode(engine, [row], SamplingSettings(do_sample=False, repetition_penalty=1.0))
    assert row.codes == [7, 7, 7, 7, 7, engine._gpt.stop_code]
    assert row.detector.stop_probabilities == pytest.approx([0, 0, 1 / 3, 0, 0, 1], abs=1e-6)


def test_speech_that_missed_its_chances_is_ended_before_the_limit(
    engine: XttsEngine, conditioning: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripted scores for three rows: one stops, one misses two chances of 0.4, one gets none."""
    monkeypatch.setattr(engine, "_speaking_rates", {"en": SpeakingRate(250)})
    stops, misses, gets_none = rows = [row_of("x" * length, engine, conditioning) for length in (90, 40, 10)]
    chance = 5.0 + math.log(0.4 / 0.6)
    stop_scores = {(stops, 99): 100.0, (misses, 79): chance, (misses, 80): chance}

    def scripted(latents: torch.Tensor) -> torch.Tensor:
        scores = torch.full((len(latents), engine._gpt.code_count), -100.0)
        scores[:, 7] = 5.0
        scores[:, engine._gpt.stop_code] = torch.tensor(
            [stop_scores.get((row, len(row.codes)), -100.0) for row in decoder._rows]
        )
        return scores

    monkeypatch.setattr(engine._gpt, "logits", scripted)
    decoder = Decoder(engine._gpt, SamplingSettings(do_sample=False, repetition_penalty=1.0))
    decoder.add(rows)
    while not all(row.has_ended for row in rows):
        decoder.step()
    assert [len(row.codes) for row in rows] == [100, 81 + 43, gets_none.detector.max_codes]
    assert [row.detector.speech for row in rows] == [Speech.STOPPED, Speech.RAN_ON, Speech.RAN_ON]
    assert len(misses.codes) < misses.detector.max_codes


def test_what_was_learnt_changes_no_sample_of_speech_that_stops(
    engine: XttsEngine, conditioning: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    def speak(observed_texts: list[tuple[int, int]]) -> tuple[np.ndarray, SpeakingRate]:
        rate = SpeakingRate(250)
        for characters, codes in observed_texts:
            rate.learn(characters, codes)
        monkeypatch.setattr(engine, "_speaking_rates", {"en": rate})
        return engine.synthesize("Nobody knew why.", "en", conditioning, SynthesisOptions(seed=5)), rate

    unknown, rate = speak([])
    [(codes_per_character, characters)] = rate._observed
    assert characters == len("Nobody knew why.")
    assert len(unknown) == pytest.approx((11 + codes_per_character * characters) * 24_000 / 21.5, rel=0.02)
    for observed_texts in ([(200, 11)] * 64, [(200, 900)] * 64):
        assert np.array_equal(speak(observed_texts)[0], unknown)


def test_text_that_runs_on_is_cut_at_the_chance_it_missed(
    engine: XttsEngine, conditioning: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripted from scores to sound: the vocoder is silent near the missed chance."""
    monkeypatch.setattr(engine, "_speaking_rates", {"en": SpeakingRate(250)})
    step = 0

    def scripted(latents: torch.Tensor) -> torch.Tensor:
        nonlocal step
        step += 1
        scores = torch.full((1, engine._gpt.code_count), -100.0)
        scores[:, 7] = 5.0
        scores[:, engine._gpt.stop_code] = 4.8 if step in (40, 41) else -100.0  # probability 0.45
        return scores

    def silent_there(*arguments: Any) -> Iterator[torch.Tensor]:
        sound = torch.cat(list(chunks(*arguments)))
        first_sample = arguments[2] * engine._vocoder.samples_per_frame
        begin, end = (max(0, round(seconds * 24_000) - first_sample) for seconds in (1.8, 1.9))
        sound[begin:end] = 0
        yield sound

    chunks = engine._vocoder.chunks
    monkeypatch.setattr(engine._vocoder, "chunks", silent_there)
    monkeypatch.setattr(engine._gpt, "logits", scripted)
    greedy = SamplingSettings(do_sample=False, repetition_penalty=1.0)
    monkeypatch.setattr(engine._decoder, "_settings", greedy)
    sound = engine.synthesize("Nobody knew why.", "en", conditioning, SynthesisOptions())
    assert step == 41 + 43
    assert 1.8 < len(sound) / 24_000 < 1.9


def test_only_speech_that_reached_its_limit_is_cut(
    engine: XttsEngine, conditioning: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xtts_engine, "cut_tail", lambda *arguments: np.zeros(1, np.float32))
    assert len(engine.synthesize("No.", "en", conditioning, SynthesisOptions())) > 1
    bias_stop_code(engine, monkeypatch, -1000)
    assert len(engine.synthesize("No.", "en", conditioning, SynthesisOptions())) == 1
