"""XTTS v2 against coqui-tts on the same weights: python -m benchmarks.xtts --help

The weights are random, of the real architecture and cost; what is spoken is noise, as long as speech of the text would
be. Each contender lives in a process of its own, so that its memory can be told; they take turns, sentence counts
inside repeats, so that a busy machine is busy for all.
"""

import argparse
import json
import multiprocessing
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

CODES_PER_CHARACTER = 1.4  # of English speech, at 21.5 codes a second
STREAM_CODES = 20  # decoded before the first sound, by both
SENTENCES = (
    "When the rain had stopped, everybody went out to see what was left of the roses.",
    "Nobody in the village could remember a summer in which the river had been so low.",
    "She had read the letter three times, and still did not know what it wanted of her.",
    "At the end of the road, behind the mill, there was a house that no one lived in.",
)
CHANNELS = 1024


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

        started = time.perf_counter()
        config = XttsConfig()
        config.load_json(str(folder / "config.json"))
        self._model = Xtts(config)
        self._model.load_checkpoint(config, checkpoint_dir=folder)
        self.load_seconds = time.perf_counter() - started
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

    def first_sound(self) -> None:
        stream = self._model.inference_stream(
            SENTENCES[0],
            "en",
            **self._voice,
            **self._settings,
            stream_chunk_size=STREAM_CODES,
            min_new_tokens=2 * STREAM_CODES,
        )
        next(stream)
        stream.close()


class Ours:
    def __init__(self, folder: Path, precision: str) -> None:
        from cloning.engines.base import Conditioning
        from cloning.engines.xtts.engine import XttsEngine

        class FixedLength(XttsEngine):
            def _most_codes(self, segment: str, language: str) -> int:
                return codes_for(segment)

        started = time.perf_counter()
        self._engine = FixedLength(folder, device="cpu", precision=precision)
        self.load_seconds = time.perf_counter() - started
        self._engine._gpt.stop_code = -1
        self._voice = Conditioning(voice())

    def speak(self, count: int) -> int:
        from cloning.engines.base import SynthesisOptions

        options = [SynthesisOptions(seed=seed) for seed in range(count)]
        spoken = self._engine.synthesize_all(sentences(count), "en", self._voice, options)
        return sum(len(waveform) for _, waveform in spoken)

    def first_sound(self) -> None:
        from cloning.engines.base import SynthesisOptions

        stream = self._engine.stream(SENTENCES[0], "en", self._voice, SynthesisOptions())
        next(stream)
        stream.close()  # type: ignore[attr-defined]

    def scores(self, codes: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Logits and latents at each of the codes, which are given: errors don't add up by other choices."""
        import torch

        from cloning.engines.base import SynthesisOptions
        from cloning.engines.xtts.gpt import Cache

        gpt = self._engine._gpt
        row = self._engine._row(SENTENCES[0], "en", self._voice, SynthesisOptions())
        with torch.inference_mode():
            cache = Cache(gpt, 1, row.most_positions)
            latents = [gpt.start_rows(cache, 0, [row.voice], [row.text])]
            for position, code in enumerate(codes, 1):
                latents.append(gpt.step(cache, torch.tensor([code]), [position]))
            stacked = torch.cat(latents)
            return gpt.logits(stacked).numpy(), stacked.numpy()


def contend(connection: Connection, name: str, folder: Path, threads: int) -> None:
    """The process of one contender: answers calls until it is told to end."""
    import torch

    torch.set_num_threads(threads)
    contender: Any = Coqui(folder) if name == "coqui-tts" else Ours(folder, name)
    while (call := connection.recv()) is not None:
        method, *arguments = call
        started, cpu_started = time.perf_counter(), time.process_time()
        answer = getattr(contender, method)(*arguments) if method != "facts" else contender.load_seconds
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
        peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        connection.send((answer, seconds, cpu_seconds, peak_gib))


@contextmanager
def contender_process(name: str, folder: Path, threads: int) -> Iterator[Callable[..., tuple]]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=contend, args=(theirs, name, folder, threads), daemon=True)
    process.start()

    def call(*message: Any) -> tuple:
        ours.send(message)
        return ours.recv()

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


def errors_against_float32(calls: dict[str, Callable[..., tuple]]) -> list[str]:
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


def table(options: argparse.Namespace, folder: Path, coqui_folder: Path) -> Iterator[str]:
    names = ["coqui-tts", *options.precisions]
    calls: dict[str, Callable[..., tuple]] = {}
    with ExitStack() as stack:
        load_seconds = {}
        for name in names:  # one after another: loading is timed too
            where = coqui_folder if name == "coqui-tts" else folder
            calls[name] = stack.enter_context(contender_process(name, where, options.threads))
            load_seconds[name] = calls[name]("facts")[0]
        spoken: dict[tuple[str, int], list[Spoken]] = {}
        first_sound: dict[str, list[float]] = {name: [] for name in names}
        peak_gib: dict[str, float] = {}
        for _ in range(options.repeats):
            for name in names:
                first_sound[name].append(calls[name]("first_sound")[1])
            for count in options.sentences:
                for name in names:
                    asked = min(count, options.coqui_sentences) if name == "coqui-tts" else count
                    samples, seconds, cpu_seconds, peak_gib[name] = calls[name]("speak", asked)
                    taken = Spoken(seconds, cpu_seconds, samples / 24_000)
                    spoken.setdefault((name, count), []).append(taken)
        yield "| | load, s | first sound, s | peak memory, GiB |" + "".join(
            f" RTF, {count} sentence{'s' * (count > 1)} | ratio | CPU ratio |" for count in options.sentences
        )
        yield "|---|---|---|---|" + "---|---|---|" * len(options.sentences)
        for name in names:
            cells = [
                name,
                f"{load_seconds[name]:.1f}",
                f"{statistics.median(first_sound[name]):.2f}",
                f"{peak_gib[name]:.1f}",
            ]
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--model", type=Path, help="a folder of XTTS v2 weights; without, random ones are built"
    )
    parser.add_argument("--coqui-model", type=Path, help="where to keep the copy that coqui-tts loads")
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
            from cloning.tests.xtts_checkpoint import build_checkpoint

            build_checkpoint(folder, tiny=False)
        coqui_folder = converted_for_coqui(folder, options.coqui_model or Path(temporary) / "coqui")
        versions = {name: version(name) for name in ("torch", "coqui-tts", "transformers")}
        print(
            f"{cpu_name()}, {options.threads} threads, load {os.getloadavg()[0]:.1f}; {json.dumps(versions)}",
            flush=True,
        )
        for line in table(options, folder, coqui_folder):
            print(line, flush=True)
        print(f"Load average at the end: {os.getloadavg()[0]:.1f}")


def cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


if __name__ == "__main__":
    main()
