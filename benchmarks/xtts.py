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
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.contenders import EXACT_TEXTS, STREAM_CODES, Answer, Start, contender_process, start


@dataclass(frozen=True)
class Spoken:
    seconds: float
    cpu_seconds: float
    audio_seconds: float

    @property
    def rtf(self) -> float:
        return self.seconds / self.audio_seconds


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
