"""Codes and latents against coqui-tts, and which rows are decoded together."""

from typing import TYPE_CHECKING

import pytest
import torch

from cloning.engines.base import Conditioning, SynthesisOptions
from cloning.engines.xtts import decoding
from cloning.engines.xtts.decoding import Decoder, Row
from cloning.engines.xtts.engine import XttsEngine
from cloning.engines.xtts.sampling import SamplingSettings
from cloning.tests.engines.xtts.steering import bias_stop_code, decode, row_of
from cloning.tests.engines.xtts.texts import LONGER_SENTENCES, SENTENCES

if TYPE_CHECKING:
    from TTS.tts.models.xtts import Xtts


def codes_and_latents_of_coqui(
    coqui: "Xtts", ids: list[int], conditioning: Conditioning, seed: int, do_sample: bool
) -> tuple[list[int], torch.Tensor]:
    """What `Xtts.inference` computes before its vocoder."""
    tokens = torch.tensor([ids], dtype=torch.int32)
    latent = torch.from_numpy(conditioning.arrays["gpt_cond_latent"])
    torch.manual_seed(seed)
    with torch.inference_mode():
        codes = coqui.gpt.generate(
            cond_latents=latent,
            text_inputs=tokens,
            do_sample=do_sample,
            top_p=0.85,
            top_k=50,
            temperature=0.75,
            num_return_sequences=1,
            num_beams=1,
            length_penalty=1.0,
            repetition_penalty=5.0,
            output_attentions=False,
        )
        lengths = torch.tensor([len(ids)]), torch.tensor([codes.shape[-1] * coqui.gpt.code_stride_len])
        latents = coqui.gpt(tokens, lengths[0], codes, lengths[1], cond_latents=latent, return_latent=True)
    return codes[0].tolist(), latents[0]


@pytest.mark.parametrize("do_sample", [False, True], ids=["greedy", "sampled"])
def test_codes_and_latents_equal_coquis_alone_and_in_a_batch(
    engine: XttsEngine,
    coqui: "Xtts",
    conditioning: Conditioning,
    monkeypatch: pytest.MonkeyPatch,
    do_sample: bool,
) -> None:
    """23 texts in 17 languages. Five rows at a time, so that rows end, move and join in the middle."""
    texts = [*SENTENCES.items(), *LONGER_SENTENCES]
    settings = SamplingSettings(do_sample=do_sample)

    def rows() -> list[Row]:
        return [
            engine._row(text, language, conditioning, SynthesisOptions(seed=seed))
            for seed, (language, text) in enumerate(texts)
        ]

    together, alone = rows(), rows()
    monkeypatch.setattr(decoding, "MAX_ROWS", 5)
    decode(engine, together, settings)
    for seed, (language, text) in enumerate(texts):
        codes, latents = codes_and_latents_of_coqui(
            coqui, engine._text_ids(text, language), conditioning, seed, do_sample
        )
        assert together[seed].codes == codes
        torch.testing.assert_close(torch.stack(together[seed].latents), latents, rtol=0, atol=1e-5)
        decode(engine, [alone[seed]], settings)
        assert alone[seed].codes == codes
    assert len({len(row.codes) for row in together}) > 3


def test_rows_are_bounded_by_memory(
    engine: XttsEngine, conditioning: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "MIN_POSITIONS", 1)
    per_row = row_of("Yes.", engine, conditioning).max_positions * engine._gpt.bytes_per_position
    for room, spoken_at_once in ((per_row // 2, 1), (per_row * 3, 3), (per_row * 99, 4)):
        monkeypatch.setattr(decoding, "CACHE_BYTES", room)
        rows = [row_of("Yes.", engine, conditioning) for _ in range(4)]
        decoder = Decoder(engine._gpt, SamplingSettings())
        decoder.add(rows)
        decoder.step()
        assert sum(bool(row.codes) for row in rows) == spoken_at_once


def test_room_goes_to_the_text_with_the_fewest_rows(
    engine: XttsEngine, conditioning: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence that comes while a book is being spoken joins as soon as one of the book's rows has ended."""
    monkeypatch.setattr(decoding, "MAX_ROWS", 2)
    bias_stop_code(engine, monkeypatch, -1000)
    decoder = Decoder(engine._gpt, SamplingSettings())
    book = [row_of("Yes.", engine, conditioning, seed) for seed in range(6)]
    sentence = row_of("No.", engine, conditioning)
    decoder.add(book)
    decoder.step()
    decoder.add([sentence])
    while not sentence.codes:
        decoder.step()
    assert [row.has_ended for row in book] == [True, True, False, False, False, False]
    assert sum(bool(row.codes) for row in book) == 3


def test_a_row_too_long_for_the_batch_is_spoken_after_it(
    engine: XttsEngine, conditioning: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "MIN_POSITIONS", 1)
    bias_stop_code(engine, monkeypatch, -1000)
    decoder = Decoder(engine._gpt, SamplingSettings())
    short, later = row_of("Yes.", engine, conditioning), row_of("Yes.", engine, conditioning)
    long = row_of("Nobody in the village could remember such a summer.", engine, conditioning)
    decoder.add([short])
    decoder.step()
    decoder.add([long])
    decoder.add([later])
    while not short.has_ended:
        assert not long.codes and not later.codes
        decoder.step()
    while not long.has_ended:
        decoder.step()
    assert later.has_ended


def test_dropped_rows_leave_the_others_undisturbed(engine: XttsEngine, conditioning: Conditioning) -> None:
    rows = [row_of("It rains again.", engine, conditioning, seed) for seed in range(3)]
    alone = row_of("It rains again.", engine, conditioning, 2)
    decoder = Decoder(engine._gpt, SamplingSettings())
    decoder.add(rows)
    decoder.step()
    decoder.drop(rows[:2])
    while not rows[2].has_ended:
        decoder.step()
    decode(engine, [alone], SamplingSettings())
    assert rows[2].codes == alone.codes
    assert len(rows[0].codes) == len(rows[1].codes) == 1
