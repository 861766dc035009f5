"""What several generations at once gain with XTTS: python -m benchmarks.side_by_side --help

Callers in threads of their own speak one sentence each, as a worker's generations do: one after another, and together.
Weights and lengths are those of benchmarks.xtts.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from benchmarks.checkpoints import build_checkpoint
from benchmarks.contenders import Ours
from benchmarks.xtts import cpu_name


def seconds_of(speak: Callable[[Ours, int], None], engine: Ours, callers: int) -> float:
    started = time.perf_counter()
    speak(engine, callers)
    return time.perf_counter() - started


def speak_together(engine: Ours, callers: int) -> None:
    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(lambda _: engine.speak(1), range(callers)))


def speak_in_turn(engine: Ours, callers: int) -> None:
    for _ in range(callers):
        engine.speak(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--model", type=Path, help="a folder of XTTS v2 weights; without, random ones are built"
    )
    parser.add_argument("--precisions", nargs="*", default=["float32", "float16", "int8"])
    parser.add_argument("--callers", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory(prefix="xtts-benchmark-") as temporary:
        folder = options.model or Path(temporary)
        if not options.model:
            build_checkpoint(folder, tiny=False)
        print(f"{cpu_name()}, {options.threads} threads, load {os.getloadavg()[0]:.1f}")
        print(
            f"| {options.callers} callers | one after another, s | together, s | ratio |\n|---|---|---|---|"
        )
        for precision in options.precisions:
            engine = Ours(folder, precision)
            engine.speak(1)
            in_turn, together = [], []
            for _ in range(options.repeats):
                in_turn.append(seconds_of(speak_in_turn, engine, options.callers))
                together.append(seconds_of(speak_together, engine, options.callers))
            first, second = statistics.median(in_turn), statistics.median(together)
            print(f"| {precision} | {first:.1f} | {second:.1f} | {first / second:.1f} |", flush=True)


if __name__ == "__main__":
    main()
