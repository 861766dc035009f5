"""The XTTS engine on a tiny random checkpoint: real classes, tokenizers, arithmetic; the voice is noise."""

import json
import math
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import torchaudio
from TTS.tts.configs.xtts_config import XttsConfig
from TTS.tts.models.xtts import Xtts

from benchmarks.checkpoints import build_checkpoint
from cloning.engines.base import Conditioning, EngineError, SynthesisOptions
from cloning.engines.xtts import decoding, linear, vocoder
from cloning.engines.xtts import engine as xtts_engine
from cloning.engines.xtts.cores import available_cores
from cloning.engines.xtts.decoding import Decoder, Row
from cloning.engines.xtts.ending import SpeakingRate, Speech
from cloning.engines.xtts.engine import XttsEngine
from cloning.engines.xtts.linear import choose_precision
from cloning.engines.xtts.loading import load_model
from cloning.engines.xtts.sampling import SamplingSettings

DATA = Path(__file__).parent / "data"
PROJECT = Path(__file__).parents[2]

SENTENCES = {
    "en": "It rains again.",
    "es": "¿Dónde está el niño?",
    "fr": "Où est passé l'été ?",
    "de": "Schöne Grüße an alle.",
    "it": "Perché no?",
    "pt": "Não é tão difícil.",
    "pl": "Zażółć gęślą jaźń.",
    "tr": "İyi günler, şimdi ağaç.",
    "ru": "Съешь ещё булок.",
    "nl": "Eén koffie, alstublieft.",
    "cs": "Příliš žluťoučký kůň.",
    "ar": "مرحبا بكم جميعا.",
    "zh": "今天天气很好。",
    "hu": "Árvíztűrő tükörfúrógép.",
    "ko": "안녕하세요, 반갑습니다.",
    "ja": "今日は良い天気です。",
    "hi": "नमस्ते, आप कैसे हैं?",
}
LONGER_SENTENCES = [
    (
        "en",
        "When the rain had stopped, everybody went out into the garden to see what was left of the roses.",
    ),
    ("en", "No."),
    ("de", "Als der Regen aufgehört hatte, gingen alle in den Garten, um nach den Rosen zu sehen."),
    ("fr", "Quand la pluie eut cessé, tout le monde sortit voir ce qui restait des roses."),
    ("es", "Cuando dejó de llover, todos salieron al jardín."),
    ("ru", "Когда дождь кончился, все вышли в сад."),
]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """So small a model gains nothing from threads, and loses much where tests share the machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("xtts")
    build_checkpoint(folder)
    return folder


@pytest.fixture(scope="module")
def engine(checkpoint: Path) -> XttsEngine:
    return XttsEngine(checkpoint, device="cpu", precision="float32")


@pytest.fixture(scope="module")
def coqui(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Xtts:
    """The same weights through coqui-tts's own loader. It writes model.pth anew, so it gets a copy."""
    folder = tmp_path_factory.mktemp("coqui") / "xtts"
    shutil.copytree(checkpoint, folder)
    config = XttsConfig()
    config.load_json(str(folder / "config.json"))
    model = Xtts(config)
    model.load_checkpoint(config, checkpoint_dir=folder)
    return model


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two real recordings as normalised clips: WAV, 16 kHz, mono, 16-bit."""
    folder = tmp_path_factory.mktemp("clips")
    written = []
    for recording in sorted(DATA.glob("*.flac")):
        samples, rate_hz = soundfile.read(recording, dtype="int16")
        assert rate_hz == 16_000
        written.append(folder / f"{recording.stem}.wav")
        soundfile.write(written[-1], samples, rate_hz, subtype="PCM_16")
    return written


@pytest.fixture(scope="module")
def conditioning(engine: XttsEngine, clips: list[Path]) -> Conditioning:
    return engine.condition(clips)


# Loading


def test_checkpoint_carries_what_the_official_one_does(checkpoint: Path) -> None:
    archive = (checkpoint / "model.pth").read_bytes()
    assert b"TTS.tts.models.xtts\nXttsArgs" in archive
    assert b"TTS.tts.models.xtts\nXttsAudioConfig" in archive
    with pytest.raises(Exception, match="Unsupported global"):
        torch.load(checkpoint / "model.pth", weights_only=True)
    assert {path.name for path in checkpoint.iterdir()} == {
        "config.json",
        "vocab.json",
        "model.pth",
        "speakers_xtts.pth",
    }


def test_loads_every_weight_as_coqui_does(checkpoint: Path, coqui: Xtts) -> None:
    ours, theirs = load_model(checkpoint, torch.device("cpu")).state_dict(), coqui.state_dict()
    aliases = ("gpt.gpt.wte.", "gpt.gpt_inference.")
    assert ours.keys() == {name for name in theirs if not name.startswith(aliases)}
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_loads_checkpoints_of_coquis_trainer(
    checkpoint: Path, engine: XttsEngine, coqui: Xtts, tmp_path: Path
) -> None:
    """Fine-tuned models carry a prefix, the discrete VAE and aliases of the GPT's weights."""
    state = coqui.state_dict()
    state["gpt.gpt.wte.weight"] = state["gpt.mel_embedding.weight"]
    trained = {f"xtts.{name}": tensor for name, tensor in state.items()}
    shutil.copytree(checkpoint, tmp_path / "tuned")
    torch.save({"model": {**trained, "dvae.codebook": torch.ones(3)}}, tmp_path / "tuned" / "model.pth")
    tuned = XttsEngine(tmp_path / "tuned", device="cpu")
    assert torch.equal(tuned._model.mel_stats, engine._model.mel_stats)


@pytest.fixture
def damaged(checkpoint: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil; files are links until they are replaced."""
    for path in checkpoint.iterdir():
        (tmp_path / path.name).symlink_to(path)
    return tmp_path


def replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


@pytest.mark.parametrize("kept", [0.999, 0.5, 0.0])
def test_truncated_weights(damaged: Path, kept: float) -> None:
    content = (damaged / "model.pth").read_bytes()
    replace(damaged / "model.pth", content[: int(len(content) * kept)])
    with pytest.raises(EngineError, match=r"model\.pth is (truncated|empty).*manage\.py fetch_model"):
        XttsEngine(damaged, device="cpu")


@pytest.mark.parametrize("name", ["config.json", "vocab.json", "model.pth"])
def test_missing_file(damaged: Path, name: str) -> None:
    (damaged / name).unlink()
    with pytest.raises(EngineError, match=rf"{name} is missing.*manage\.py fetch_model"):
        XttsEngine(damaged, device="cpu")


@pytest.mark.parametrize("content", [b"not json", b"[1]", b'{"model_args": 5}', b'{"gpt_layers": 1}'])
@pytest.mark.parametrize("name", ["config.json", "vocab.json"])
def test_damaged_settings(damaged: Path, name: str, content: bytes) -> None:
    replace(damaged / name, content)
    with pytest.raises(EngineError, match=rf"{name}"):
        XttsEngine(damaged, device="cpu")


def test_weights_of_another_architecture(damaged: Path) -> None:
    config = json.loads((damaged / "config.json").read_text())
    config["model_args"]["gpt_layers"] = 3
    replace(damaged / "config.json", json.dumps(config).encode())
    with pytest.raises(EngineError, match=r"model\.pth does not fit its config\.json"):
        XttsEngine(damaged, device="cpu")


class RunsCode:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


def test_code_in_a_checkpoint_is_refused_and_not_run(damaged: Path, tmp_path: Path) -> None:
    marker = tmp_path / "code-ran"
    (damaged / "model.pth").unlink()
    torch.save({"model": {}, "config": RunsCode(marker)}, damaged / "model.pth")
    with pytest.raises(EngineError, match=r"model\.pth was not loaded.*might run code"):
        XttsEngine(damaged, device="cpu")
    assert not marker.exists()


def test_loading_leaves_the_official_file_untouched(checkpoint: Path) -> None:
    before = (checkpoint / "model.pth").stat()
    load_model(checkpoint, torch.device("cpu"))
    after = (checkpoint / "model.pth").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    with pytest.raises(Exception, match="Unsupported global"):
        torch.load(checkpoint / "model.pth", weights_only=True)


# Conditioning


def load_with_soundfile(path: str) -> tuple[torch.Tensor, int]:
    """What torchaudio.load returns, without its need for shared FFmpeg libraries."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return torch.from_numpy(samples.T), rate_hz


@pytest.mark.parametrize("count", [1, 2])
def test_conditioning_equals_coquis(
    engine: XttsEngine, coqui: Xtts, clips: list[Path], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torchaudio, "load", load_with_soundfile)
    latent, embedding = coqui.get_conditioning_latents(
        [str(clip) for clip in clips[:count]], max_ref_length=30, gpt_cond_len=30, gpt_cond_chunk_len=4
    )
    arrays = engine.condition(clips[:count]).arrays
    assert arrays.keys() == {"gpt_cond_latent", "speaker_embedding"}
    assert all(array.dtype == np.float32 for array in arrays.values())
    np.testing.assert_array_equal(arrays["gpt_cond_latent"], latent.numpy())
    np.testing.assert_array_equal(arrays["speaker_embedding"], embedding.numpy())


def test_its_own_conditioning_is_valid(engine: XttsEngine, conditioning: Conditioning) -> None:
    assert engine.is_valid(conditioning)
    for name, array in conditioning.arrays.items():
        assert not engine.is_valid(Conditioning({**conditioning.arrays, name: array[:, 1:]}))


def test_voices_differ(engine: XttsEngine, clips: list[Path]) -> None:
    first, second = (engine.condition([clip]).arrays for clip in clips)
    for name in first:
        assert np.abs(first[name] - second[name]).max() > 1e-4


def test_conditioning_key(engine: XttsEngine, checkpoint: Path, damaged: Path) -> None:
    assert XttsEngine(checkpoint, device="cpu").conditioning_key == engine.conditioning_key
    replace(damaged / "config.json", (checkpoint / "config.json").read_bytes() + b"\n")
    assert XttsEngine(damaged, device="cpu").conditioning_key != engine.conditioning_key


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(16_000, np.int16), "silent"),
        (np.ones(3_000, np.int16), "shorter"),
        (np.ones((16_000, 2), np.int16), "mono"),
    ],
)
def test_useless_clips(engine: XttsEngine, tmp_path: Path, samples: np.ndarray, reason: str) -> None:
    soundfile.write(tmp_path / "clip.wav", samples, 16_000)
    with pytest.raises(EngineError, match=reason):
        engine.condition([tmp_path / "clip.wav"])


def test_no_clip_and_no_wav(engine: XttsEngine, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="at least one"):
        engine.condition([])
    (tmp_path / "clip.wav").write_text("not audio")
    with pytest.raises(EngineError, match="can't be read"):
        engine.condition([tmp_path / "clip.wav"])


# Speech


@pytest.mark.parametrize(
    ("language", "seed", "speed"), [("en", 3, 1.0), ("de", 7, 0.5), ("ja", 2**32 - 1, 2.0)]
)
def test_waveform_equals_coquis(
    engine: XttsEngine, coqui: Xtts, conditioning: Conditioning, language: str, seed: int, speed: float
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
    engine: XttsEngine, conditioning: Conditioning, clips: list[Path]
) -> None:
    options = SynthesisOptions(seed=5)
    spoken = engine.synthesize("It rains again.", "en", conditioning, options)
    hotter = engine.synthesize(
        "It rains again.", "en", conditioning, SynthesisOptions(seed=5, temperature=1.5)
    )
    other_voice = engine.synthesize("It rains again.", "en", engine.condition(clips[1:]), options)
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


def bias_stop_code(engine: XttsEngine, monkeypatch: pytest.MonkeyPatch, bias: float) -> None:
    logits = engine._gpt.logits

    def biased(latents: torch.Tensor) -> torch.Tensor:
        scores = logits(latents)
        scores[:, engine._gpt.stop_code] += bias
        return scores

    monkeypatch.setattr(engine._gpt, "logits", biased)


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


# Decoding, against coqui-tts


def codes_and_latents_of_coqui(
    coqui: Xtts, ids: list[int], conditioning: Conditioning, seed: int, do_sample: bool
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
    coqui: Xtts,
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


def decode(engine: XttsEngine, rows: list[Row], settings: SamplingSettings) -> None:
    decoder = Decoder(engine._gpt, settings)
    decoder.add(rows)
    while not all(row.has_ended for row in rows):
        decoder.step()
        assert not any(row.failure for row in rows)


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


def row_of(text: str, engine: XttsEngine, conditioning: Conditioning, seed: int = 0) -> Row:
    return engine._row(text, "en", conditioning, SynthesisOptions(seed=seed))


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
    bias_stop_code(engine, monkeypatch, -6)
    pieces = list(engine.stream("Nobody knew why.", "en", conditioning, options))
    monkeypatch.undo()
    bias_stop_code(engine, monkeypatch, -6)
    whole = engine.synthesize("Nobody knew why.", "en", conditioning, options)
    assert len(pieces) > 1
    np.testing.assert_allclose(np.concatenate(pieces), whole, rtol=0, atol=1e-5)


def test_the_vocoder_works_while_the_gpt_speaks_on(
    engine: XttsEngine, conditioning: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a failure of it reaches the caller; what the next text needs is not held up."""
    monkeypatch.setattr(xtts_engine, "CHUNK_CODES", 5)
    bias_stop_code(engine, monkeypatch, -1000)
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
    [_] = engine.synthesize_all(["It rains again."], "en", conditioning, [SynthesisOptions()], on_step)

    def fails(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(engine._vocoder, "frames", fails)
    with pytest.raises(EngineError, match="memory is full"):
        engine.synthesize("It rains again.", "en", conditioning, SynthesisOptions())
    monkeypatch.setattr(engine._vocoder, "frames", frames)
    assert len(engine.synthesize("No.", "en", conditioning, SynthesisOptions())) > 0
    assert engine._decoder._cache is None


def test_a_voice_is_kept_and_old_ones_are_forgotten(
    engine: XttsEngine, conditioning: Conditioning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xtts_engine, "VOICES_KEPT", 2)
    first = engine._voice_prefix(conditioning)
    assert engine._voice_prefix(conditioning) is first
    for number in range(2):
        latent = conditioning.arrays["gpt_cond_latent"] + number + 1
        engine._voice_prefix(Conditioning({"gpt_cond_latent": latent}))
    assert engine._voice_prefix(conditioning) is not first
    torch.testing.assert_close(engine._voice_prefix(conditioning), first)


# Precision


@pytest.mark.parametrize(("precision", "least_cosine"), [("float16", 0.999999), ("int8", 0.999)])
def test_lower_precision_stays_near(
    checkpoint: Path,
    engine: XttsEngine,
    conditioning: Conditioning,
    precision: str,
    least_cosine: float,
) -> None:
    """Scores of the first code for 17 texts; rows of a batch must not influence one another."""
    near = XttsEngine(checkpoint, device="cpu", precision=precision)
    assert near.precision == precision
    exact_scores, near_scores = (
        torch.stack([first_scores(each, [item], conditioning)[0] for item in SENTENCES.items()])
        for each in (engine, near)
    )
    assert torch.cosine_similarity(exact_scores, near_scores).min() > least_cosine
    assert not torch.equal(exact_scores, near_scores)
    together = first_scores(near, list(SENTENCES.items())[:4], conditioning)
    torch.testing.assert_close(together, near_scores[:4], rtol=1e-4, atol=1e-4)


def first_scores(
    engine: XttsEngine, texts: list[tuple[str, str]], conditioning: Conditioning
) -> torch.Tensor:
    rows = [engine._row(text, language, conditioning, SynthesisOptions()) for language, text in texts]
    decoder = Decoder(engine._gpt, SamplingSettings())
    decoder.add(rows)
    decoder.step()
    latents = torch.stack([row.latents[0] for row in rows])
    with torch.inference_mode():
        return engine._gpt.logits(latents)


def test_automatic_precision_and_what_a_device_cannot_do(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert (choose_precision("auto", cpu), choose_precision("auto", gpu)) == ("float16", "float32")
    with pytest.raises(EngineError, match="int8 is for CPUs"):
        choose_precision("int8", gpu)
    monkeypatch.setattr(linear, "_quantizing_libraries", lambda: ["qnnpack"])
    assert choose_precision("auto", cpu) == "float32"
    with pytest.raises(EngineError, match="can't do XTTS_PRECISION=float16"):
        choose_precision("float16", cpu)


# Cores


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, None),
        ({"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/cpu.max": "max 100000\n"}, None),
        ({"proc/self/cgroup": "0::/job/step\n", "sys/fs/cgroup/job/cpu.max": "150000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "20000 100000\n"}, 1),
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/job\n3:memory:/\n",
                "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "100000\n",
                "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            1,
        ),
    ],
)
def test_cores_are_those_of_affinity_and_quota(
    tmp_path: Path, files: dict[str, str], cores: int | None
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    assert available_cores(tmp_path) == (cores or len(os.sched_getaffinity(0)))


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


# Text that the model can't speak


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        ("a " * 250, "en", "too long for XTTS v2"),
        ("मेरे पास 5 सेब हैं", "hi", "can't read a part"),
        ("🙂🙂", "en", "nothing in this text"),
        ("   ", "en", "nothing in this text"),
        ("", "zh", "nothing in this text"),
        ("Hello", "xx", "does not speak"),
        ("Hello", "", "does not speak"),
    ],
)
def test_text_that_cannot_be_spoken(
    engine: XttsEngine, conditioning: Conditioning, text: str, language: str, reason: str
) -> None:
    with pytest.raises(EngineError, match=reason):
        engine.synthesize(text, language, conditioning, SynthesisOptions())


def test_turkish_is_lower_cased_as_turkish(engine: XttsEngine) -> None:
    assert engine._text_ids("İYİ IŞIK", "tr") == engine._text_ids("iyi ışık", "tr")


def test_text_cannot_spell_control_tokens(engine: XttsEngine) -> None:
    tokenizer = engine._model.tokenizer.tokenizer
    ids = engine._text_ids("hello [de] [STOP] [start] there", "en")
    assert not {tokenizer.token_to_id(name) for name in ("[de]", "[STOP]", "[START]")} & set(ids)


# The process around it


def run_python(code: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(PROJECT),
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_choosing_an_engine_loads_no_torch(tmp_path: Path) -> None:
    code = """
import sys, cloning.engines, cloning.engines.xtts.weights, cloning.engines.xtts.fetch
print([name for name in ("torch", "TTS", "transformers", "numba") if name in sys.modules])
"""
    result = run_python(code, tmp_path)
    assert (result.stdout, result.stderr) == ("[]\n", "")


def test_speaks_without_chatter_and_leaves_home_alone(
    checkpoint: Path, clips: list[Path], tmp_path: Path
) -> None:
    code = f"""
from pathlib import Path
from cloning.engines.base import SynthesisOptions
from cloning.engines.xtts.ending import cut_tail
from cloning.engines.xtts.engine import XttsEngine
engine = XttsEngine(Path({str(checkpoint)!r}), device="cpu")
voice = engine.condition([Path({str(clips[0])!r})])
for text, language in (("It rains. " * 30, "en"), ("今日は良い天気です。", "ja"), ("今天天气很好。", "zh")):
    engine.synthesize(text, language, voice, SynthesisOptions())
"""
    result = run_python(code, tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
