"""Who competes in `benchmarks.xtts`, each in a process of its own: coqui-tts, and ours in each precision."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

Answer = tuple[Any, ...]
"""What a contender's method returned, seconds, CPU seconds, MiB at the peak."""

CODES_PER_CHARACTER = 1.4  # of English speech, at 21.5 codes a second
STREAM_CODES = 20  # decoded before coqui-tts's first sound, by default
SENTENCES = (
    "When the rain had stopped, everybody went out to see what was left of the roses.",
    "Nobody in the village could remember a summer in which the river had been so low.",
    "She had read the letter three times, and still did not know what it wanted of her.",
    "At the end of the road, behind the mill, there was a house that no one lived in.",
)
CHANNELS = 1024
EXACT_TEXTS = (
    ("en", "It rains again."),
    ("es", "¿Dónde está el niño?"),
    ("fr", "Où est passé l'été ?"),
    ("de", "Schöne Grüße an alle, die heute nicht kommen konnten."),
    ("pl", "Zażółć gęślą jaźń."),
    ("ru", "Когда дождь кончился, все вышли в сад."),
    ("ar", "مرحبا بكم جميعا."),
    ("ja", "今日は良い天気です。"),
)
EXACT_CODES = 24


@dataclass(frozen=True)
class Memory:
    """In MiB: the most that was resident at once, and now: the process's own, and what is mapped from files."""

    peak: int
    own: int
    mapped: int

    def __str__(self) -> str:
        return f"{self.peak} ({self.own} + {self.mapped})"


def memory() -> Memory:
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    kib = {words[0]: int(words[1]) for words in lines if words[0] in ("VmHWM:", "RssAnon:", "RssFile:")}
    return Memory(*(kib[name] // 1024 for name in ("VmHWM:", "RssAnon:", "RssFile:")))


@dataclass(frozen=True)
class Moment:
    seconds: float
    cpu_seconds: float
    memory: Memory


def now() -> Moment:
    return Moment(time.perf_counter(), time.process_time(), memory())


@dataclass(frozen=True)
class Start:
    """The life of a new process, until it has spoken."""

    began: Moment
    imported: Moment
    ready: Moment  # a reference can be conditioned on
    speaks: Moment  # all weights are packed
    first_sound_at: Moment  # the first sound of a sentence was there


@dataclass(frozen=True)
class Exact:
    """One text, as far as EXACT_CODES."""

    codes: list[int]
    latents: np.ndarray
    sound: np.ndarray


def sentences(count: int) -> list[str]:
    return [SENTENCES[index % len(SENTENCES)] for index in range(count)]


def codes_for(sentence: str) -> int:
    return round(CODES_PER_CHARACTER * len(sentence))


def voice() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        "gpt_cond_latent": random.standard_normal((1, 32, CHANNELS)).astype(np.float32) * 0.5,
        "speaker_embedding": random.standard_normal((1, 512, 1)).astype(np.float32) * 0.05,
    }


class Coqui:
    """coqui-tts's own loader and inference."""

    def __init__(self, folder: Path) -> None:
        import torch
        from TTS.tts.configs.xtts_config import XttsConfig
        from TTS.tts.models.xtts import Xtts

        config = XttsConfig()
        config.load_json(str(folder / "config.json"))
        self._model = Xtts(config)
        self._model.load_checkpoint(config, checkpoint_dir=folder)
        self._voice = {name: torch.from_numpy(array) for name, array in voice().items()}
        self._settings = {
            "temperature": 0.75,
            "repetition_penalty": 5.0,
            "length_penalty": 1.0,
            "top_k": 50,
            "top_p": 0.85,
        }

    def speak(self, count: int) -> int:
        samples = 0
        for sentence in sentences(count):
            codes = codes_for(sentence)
            spoken = self._model.inference(
                sentence, "en", **self._voice, **self._settings, min_new_tokens=codes, max_new_tokens=codes
            )
            samples += len(spoken["wav"])
        return samples

    def first_sound(self, codes: int | None = None) -> None:
        """The sound of the first `codes`, or of as many as it streams by default."""
        codes = codes or STREAM_CODES
        stream = self._model.inference_stream(
            SENTENCES[0],
            "en",
            **self._voice,
            **self._settings,
            stream_chunk_size=codes,
            min_new_tokens=2 * codes,
        )
        next(stream)
        stream.close()

    def wait_until_packed(self) -> None:
        """It packs nothing."""

    def exact(self, do_sample: bool) -> list[Exact]:
        """What `Xtts.inference` computes, with its intermediate results."""
        return [self._exact(*text, seed, do_sample) for seed, text in enumerate(EXACT_TEXTS)]

    def _exact(self, language: str, text: str, seed: int, do_sample: bool) -> Exact:
        import torch

        model = self._model
        latent, embedding = self._voice["gpt_cond_latent"], self._voice["speaker_embedding"]
        ids = torch.IntTensor(model.tokenizer.encode(text.strip().lower(), lang=language))[None]
        torch.manual_seed(seed)
        with torch.inference_mode():
            codes = model.gpt.generate(
                cond_latents=latent,
                text_inputs=ids,
                do_sample=do_sample,
                num_return_sequences=1,
                num_beams=1,
                output_attentions=False,
                max_new_tokens=EXACT_CODES,
                **self._settings,
            )
            lengths = (
                torch.tensor([ids.shape[-1]]),
                torch.tensor([codes.shape[-1] * model.gpt.code_stride_len]),
            )
            latents = model.gpt(ids, lengths[0], codes, lengths[1], cond_latents=latent, return_latent=True)
            sound = model.hifigan_decoder(latents, g=embedding).flatten()
        return Exact(codes[0].tolist(), latents[0].numpy(), sound.numpy())


class Ours:
    def __init__(self, folder: Path, precision: str) -> None:
        from cloning.engines.base import Conditioning
        from cloning.engines.xtts.engine import FIRST_STREAMED_CODES, XttsEngine

        class FixedLength(XttsEngine):
            fixed_codes: int | None = None

            def _max_codes(self, segment: str, language: str) -> int:
                return self.fixed_codes or codes_for(segment)

        self._engine = FixedLength(folder, device="cpu", precision=precision)
        self._stop_code = self._engine._gpt.stop_code
        self._engine._gpt.stop_code = -1
        self._voice = Conditioning(voice())
        self._first_codes = FIRST_STREAMED_CODES

    def speak(self, count: int) -> int:
        from cloning.engines.base import SynthesisOptions

        options = [SynthesisOptions(seed=seed) for seed in range(count)]
        spoken = self._engine.synthesize_all(sentences(count), "en", self._voice, options)
        return sum(len(waveform) for _, waveform in spoken)

    def first_sound(self, codes: int | None = None) -> None:
        from cloning.engines.base import SynthesisOptions
        from cloning.engines.xtts import engine

        engine.FIRST_STREAMED_CODES = codes or self._first_codes
        stream = self._engine.stream(SENTENCES[0], "en", self._voice, SynthesisOptions())
        next(stream)
        stream.close()

    def wait_until_packed(self) -> None:
        assert self._engine._gpt.layers

    def exact(self, do_sample: bool, together: bool) -> list[Exact]:
        import torch

        from cloning.engines.base import SynthesisOptions
        from cloning.engines.xtts.decoding import Decoder
        from cloning.engines.xtts.sampling import SamplingSettings
        from cloning.engines.xtts.vocoder import VocoderStream

        gpt, embedding = self._engine._gpt, torch.from_numpy(self._voice.arrays["speaker_embedding"])
        gpt.stop_code, self._engine.fixed_codes = self._stop_code, EXACT_CODES
        rows = [
            self._engine._row(text, language, self._voice, SynthesisOptions(seed=seed))
            for seed, (language, text) in enumerate(EXACT_TEXTS)
        ]
        decoder = Decoder(gpt, SamplingSettings(do_sample=do_sample))
        for batch in [rows] if together else [[row] for row in rows]:
            decoder.add(batch)
            while not all(row.has_ended for row in batch):
                decoder.step()
        gpt.stop_code, self._engine.fixed_codes = -1, None
        spoken = ((row.codes, torch.stack(row.latents)) for row in rows)
        return [
            Exact(
                codes,
                latents.numpy(),
                VocoderStream(self._engine._vocoder, embedding, 1.0).sound(latents, is_whole=True).numpy(),
            )
            for codes, latents in spoken
        ]

    def scores(self, codes: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Logits and latents at each of the codes, which are given: errors don't add up by other choices."""
        import torch

        from cloning.engines.base import SynthesisOptions
        from cloning.engines.xtts.gpt import Cache

        gpt = self._engine._gpt
        row = self._engine._row(SENTENCES[0], "en", self._voice, SynthesisOptions())
        with torch.inference_mode():
            cache = Cache(gpt, 1, row.max_positions)
            latents = [gpt.start_rows(cache, 0, [row.voice], [row.text])]
            for position, code in enumerate(codes, 1):
                latents.append(gpt.step(cache, torch.tensor([code]), [position]))
            stacked = torch.cat(latents)
            return gpt.logits(stacked).numpy(), stacked.numpy()


def contender(name: str, folder: Path) -> Any:
    return Coqui(folder) if name == "coqui-tts" else Ours(folder, name)


def start(connection: Connection, name: str, folder: Path, threads: int) -> None:
    """A process that does nothing but start, and speak once."""
    began = now()
    import torch

    torch.set_num_threads(threads)
    import_module("TTS.tts.models.xtts" if name == "coqui-tts" else "cloning.engines.xtts.engine")
    imported = now()
    started = contender(name, folder)
    ready = now()
    started.wait_until_packed()
    speaks = now()
    started.first_sound()
    connection.send(Start(began, imported, ready, speaks, first_sound_at=now()))


def contend(connection: Connection, name: str, folder: Path, threads: int) -> None:
    """The process of one contender: answers calls until it is told to end."""
    import torch

    torch.set_num_threads(threads)
    contending = contender(name, folder)
    contending.wait_until_packed()
    while (call := connection.recv()) is not None:
        method, *arguments = call
        started, cpu_started = time.perf_counter(), time.process_time()
        answer = getattr(contending, method)(*arguments)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
        connection.send((answer, seconds, cpu_seconds, memory().peak / 1024))


@contextmanager
def contender_process(name: str, folder: Path, threads: int) -> Iterator[Callable[..., Answer]]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=contend, args=(theirs, name, folder, threads), daemon=True)
    process.start()
    theirs.close()  # so that a contender that dies ends the benchmark

    def call(*message: Any) -> Answer:
        ours.send(message)
        answer: Answer = ours.recv()
        return answer

    try:
        yield call
    finally:
        ours.send(None)
        process.join()
