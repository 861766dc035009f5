"""XTTS v2 against coqui-tts on the same weights: python -m benchmarks.xtts --help

The weights are random, of the real architecture and cost; what is spoken is noise, as long as speech of the text would
be. Each contender lives in a process of its own, so that its memory can be told; they take turns, sentence counts
inside repeats, so that a busy machine is busy for all. Three parts: `start` (from a new process to the first sound),
`exactness` (codes, latents and sound in float32 against coqui-tts's) and `speed`.
"""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
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


@dataclass(frozen=True)
class Spoken:
    seconds: float
    cpu_seconds: float
    audio_seconds: float

    @property
    def rtf(self) -> float:
        return self.seconds / self.audio_seconds


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
        stream.close()  # type: ignore[attr-defined]

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


def converted_for_coqui(folder: Path, target: Path) -> Path:
    """A copy without the pickled config: coqui would otherwise write the file anew while it is timed."""
    import torch

    from cloning.engines.xtts.loading import ALLOWED_CLASSES

    if not (target / "model.pth").exists():
        target.mkdir(parents=True)
        for name in ("config.json", "vocab.json", "speakers_xtts.pth"):
            (target / name).write_bytes((folder / name).read_bytes())
        with torch.serialization.safe_globals(ALLOWED_CLASSES):
            checkpoint = torch.load(folder / "model.pth", weights_only=True, mmap=True)
        torch.save({"model": checkpoint["model"], "config": {}}, target / "model.pth")
    return target


def forget_file(path: Path) -> None:
    """Out of the system's memory, so that the next reader waits for the disk."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def start_table(options: argparse.Namespace, folders: dict[str, Path]) -> Iterator[str]:
    """Medians of seconds, and of CPU seconds after the stroke."""
    spans = {
        "imports": ("began", "imported"),
        "load until it can condition": ("imported", "ready"),
        "load until it speaks": ("imported", "speaks"),
        "process to first sound": ("began", "first_sound_at"),
    }
    headings = [f"{span} | ratio" for span in spans]
    yield f"| | {' | '.join(headings)} | memory when it can condition, MiB | when it speaks, MiB |"
    yield "|---|" + "---|---|" * len(spans) + "---|---|"
    starts: dict[str, list[Start]] = {name: [] for name in folders}
    context = multiprocessing.get_context("spawn")
    for _ in range(options.repeats):
        for name, folder in folders.items():
            if options.cold:
                forget_file(folder / "model.pth")
            ours, theirs = context.Pipe()
            process = context.Process(target=start, args=(theirs, name, folder, options.threads))
            process.start()
            starts[name].append(ours.recv())
            process.join()

    for name, runs in starts.items():
        cells = [name]
        for begin, end in spans.values():
            seconds, cpu_seconds = median_span(runs, begin, end)
            coqui_seconds, coqui_cpu_seconds = median_span(starts["coqui-tts"], begin, end)
            cells.append(f"{seconds:.2f} / {cpu_seconds:.2f}")
            cells.append(f"{coqui_seconds / seconds:.1f} / {coqui_cpu_seconds / cpu_seconds:.1f}")
        cells += [str(runs[-1].ready.memory), str(runs[-1].speaks.memory)]
        yield f"| {' | '.join(cells)} |"


def median_span(runs: list[Start], begin: str, end: str) -> tuple[float, float]:
    spans = [(getattr(run, begin), getattr(run, end)) for run in runs]
    return (
        statistics.median(last.seconds - first.seconds for first, last in spans),
        statistics.median(last.cpu_seconds - first.cpu_seconds for first, last in spans),
    )


def exactness_table(options: argparse.Namespace, folders: dict[str, Path]) -> Iterator[str]:
    with ExitStack() as stack:
        coqui, ours = (
            stack.enter_context(contender_process(name, folders[name], options.threads))
            for name in ("coqui-tts", "float32")
        )
        yield "| | text | codes | equal alone | equal in a batch | latents differ by | sound differs by |"
        yield "|---|---|---|---|---|---|---|"
        for way, do_sample in (("greedy", False), ("sampled", True)):
            expected = coqui("exact", do_sample)[0]
            alone, together = (ours("exact", do_sample, batched)[0] for batched in (False, True))
            for (language, _), theirs, one, batch in zip(EXACT_TEXTS, expected, alone, together, strict=True):
                cells = [
                    way,
                    language,
                    len(theirs.codes),
                    one.codes == theirs.codes,
                    batch.codes == theirs.codes,
                ]
                if one.codes == batch.codes == theirs.codes:
                    cells += [greatest_difference(theirs.latents, one.latents, batch.latents)]
                    cells += [greatest_difference(theirs.sound, one.sound, batch.sound)]
                yield f"| {' | '.join(map(str, cells))} |"


def greatest_difference(expected: np.ndarray, *others: np.ndarray) -> str:
    return f"{max(np.abs(other - expected).max() for other in others):.1e}"


def errors_against_float32(calls: dict[str, Callable[..., Answer]]) -> list[str]:
    codes = np.random.default_rng(1).integers(0, 1024, 60).tolist()
    exact, exact_latents = calls["float32"]("scores", codes)[0]
    lines = [
        "",
        "| weights | logit cosine (least) | top-1 agreement | latent error (of their norm) |",
        "|---|---|---|---|",
    ]
    for name in calls:
        if name in ("coqui-tts", "float32"):
            continue
        scores, latents = calls[name]("scores", codes)[0]
        norms = np.linalg.norm(scores, axis=1) * np.linalg.norm(exact, axis=1)
        cosine = ((scores * exact).sum(axis=1) / norms).min()
        agreement = (scores.argmax(axis=1) == exact.argmax(axis=1)).mean()
        error = np.linalg.norm(latents - exact_latents) / np.linalg.norm(exact_latents)
        lines.append(f"| {name} | {cosine:.6f} | {agreement:.3f} | {error:.5f} |")
    return lines


def speed_table(options: argparse.Namespace, folders: dict[str, Path]) -> Iterator[str]:
    names = list(folders)
    with ExitStack() as stack:
        calls = {
            name: stack.enter_context(contender_process(name, folder, options.threads))
            for name, folder in folders.items()
        }
        spoken: dict[tuple[str, int], list[Spoken]] = {}
        first_sounds: dict[tuple[str, int | None], list[float]] = defaultdict(list)
        peak_gib: dict[str, float] = {}
        for _ in range(options.repeats):
            for name in names:
                for codes in (None, STREAM_CODES):
                    first_sounds[name, codes].append(calls[name]("first_sound", codes)[1])
            for count in options.sentences:
                for name in names:
                    asked = min(count, options.coqui_sentences) if name == "coqui-tts" else count
                    samples, seconds, cpu_seconds, peak_gib[name] = calls[name]("speak", asked)
                    taken = Spoken(seconds, cpu_seconds, samples / 24_000)
                    spoken.setdefault((name, count), []).append(taken)
        yield (
            f"| | first sound, s | ratio | the same of {STREAM_CODES} codes | ratio | peak memory, GiB |"
            + "".join(
                f" RTF, {count} sentence{'s' * (count > 1)} | ratio | CPU ratio |"
                for count in options.sentences
            )
        )
        yield "|---|---|---|---|---|---|" + "---|---|---|" * len(options.sentences)
        for name in names:
            cells = [name]
            for codes in (None, STREAM_CODES):
                first, coqui_first = (
                    statistics.median(first_sounds[each, codes]) for each in (name, "coqui-tts")
                )
                cells += [f"{first:.2f}", f"{coqui_first / first:.1f}"]
            cells.append(f"{peak_gib[name]:.1f}")
            for count in options.sentences:
                rtf, cpu_rtf = medians(spoken[name, count])
                coqui_rtf, coqui_cpu_rtf = medians(spoken["coqui-tts", count])
                cells += [f"{rtf:.2f}", f"{coqui_rtf / rtf:.1f}", f"{coqui_cpu_rtf / cpu_rtf:.1f}"]
            yield f"| {' | '.join(cells)} |"
        if "float32" in names:
            yield from errors_against_float32(calls)


def medians(runs: list[Spoken]) -> tuple[float, float]:
    return (
        statistics.median(run.rtf for run in runs),
        statistics.median(run.cpu_seconds / run.audio_seconds for run in runs),
    )


PARTS = {"start": start_table, "exactness": exactness_table, "speed": speed_table}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--model", type=Path, help="a folder of XTTS v2 weights; without, random ones are built"
    )
    parser.add_argument("--coqui-model", type=Path, help="where to keep the copy that coqui-tts loads")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument(
        "--cold", action="store_true", help="let the system forget the weights before each start"
    )
    parser.add_argument("--sentences", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--precisions", nargs="*", default=["float32", "float16", "int8"])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument(
        "--coqui-sentences",
        type=int,
        default=1000,
        help="coqui-tts speaks one sentence after another, so its RTF can be had from this many at most",
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xtts-benchmark-") as temporary:
        folder = options.model or Path(temporary) / "xtts"
        if not options.model:
            from benchmarks.checkpoints import build_checkpoint

            build_checkpoint(folder, tiny=False)
        coqui_folder = converted_for_coqui(folder, options.coqui_model or Path(temporary) / "coqui")
        folders = {"coqui-tts": coqui_folder, **dict.fromkeys(options.precisions, folder)}
        versions = {name: version(name) for name in ("torch", "coqui-tts", "transformers")}
        print(
            f"{cpu_name()}, {options.threads} threads; {json.dumps(versions)}",
            flush=True,
        )
        for part in options.parts:
            print(f"\n{part}, load average {os.getloadavg()[0]:.1f}\n", flush=True)
            for line in PARTS[part](options, folders):
                print(line, flush=True)
        print(f"\nLoad average at the end: {os.getloadavg()[0]:.1f}")


def cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


if __name__ == "__main__":
    main()
