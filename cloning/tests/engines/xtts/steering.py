"""Rows decoded by hand, and speech that stops sooner or later than it would."""

import pytest
import torch

from cloning.engines.base import Conditioning, SynthesisOptions
from cloning.engines.xtts.decoding import Decoder, Row
from cloning.engines.xtts.engine import XttsEngine
from cloning.engines.xtts.sampling import SamplingSettings


def bias_stop_code(engine: XttsEngine, monkeypatch: pytest.MonkeyPatch, bias: float) -> None:
    logits = engine._gpt.logits

    def biased(latents: torch.Tensor) -> torch.Tensor:
        scores = logits(latents)
        scores[:, engine._gpt.stop_code] += bias
        return scores

    monkeypatch.setattr(engine._gpt, "logits", biased)


def end_after(codes: int, engine: XttsEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """For one row at a time."""
    logits = engine._gpt.logits

    def ending(latents: torch.Tensor) -> torch.Tensor:
        scores = logits(latents)
        [row] = engine._decoder._rows
        scores[:, engine._gpt.stop_code] = 1000 if len(row.codes) == codes else -1000
        return scores

    monkeypatch.setattr(engine._gpt, "logits", ending)


def decode(engine: XttsEngine, rows: list[Row], settings: SamplingSettings) -> None:
    decoder = Decoder(engine._gpt, settings)
    decoder.add(rows)
    while not all(row.has_ended for row in rows):
        decoder.step()
        assert not any(row.failure for row in rows)


def row_of(text: str, engine: XttsEngine, conditioning: Conditioning, seed: int = 0) -> Row:
    return engine._row(text, "en", conditioning, SynthesisOptions(seed=seed))
