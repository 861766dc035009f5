"""How soon a worker begins, and how good the estimates are: `python -m benchmarks.waiting [--database-url URL]`.

Over HTTP, against a real site with the preview. Two things are measured:

- From the answered submission to the worker's first step, on a site with nothing else to do.
- Half-way through a generation, the estimated time that is left against what it took; alone, and beside a second text.
"""

import argparse
import tempfile
import time
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.site import Site, serving

SENTENCE = "The old lighthouse keeper counted the ships that passed the harbour before sunrise. "
SHORT = "Good morning."


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=20, help="submissions whose first step is timed")
    parser.add_argument("--texts", type=int, default=6, help="texts whose estimates are checked")
    parser.add_argument("--sentences", type=int, default=25, help="of each of these texts")
    parser.add_argument("--database-url", default="", help="SQLite where none is given")
    parser.add_argument("--espeak", action="store_true", help="with the quicker voice of the preview")
    options = parser.parse_args()
    environment = {"PREVIEW_VOICE": "espeak" if options.espeak else "kokoro"}
    if options.database_url:
        environment["DATABASE_URL"] = options.database_url
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), **environment) as site:
        site.wait_for(site.submit(SHORT))  # the voice is learnt
        first_steps = [time_first_step(site) for _ in range(options.repeats)]
        print("| from the answered submission to the worker's first step | ms |\n|---|---|")
        print(f"| median of {len(first_steps)} | {1000 * median(first_steps):.0f} |")
        print(f"| slowest | {1000 * max(first_steps):.0f} |\n")
        print("| half-way: estimated time left against what it took | median error | worst |\n|---|---|---|")
        for name, is_accompanied in (("alone", False), ("beside another text", True)):
            errors = [measure_error(site, options.sentences, is_accompanied) for _ in range(options.texts)]
            print(f"| {name} ({len(errors)} texts) | {median(errors):.0%} | {max(errors):.0%} |")


def time_first_step(site: Site) -> float:
    """Seconds. Negative where the worker was quicker than the answer."""
    submitted = site.submit(SHORT)
    answered_at = time.time()
    ended = site.wait_for(submitted)
    time.sleep(0.3)  # nothing is to be done when the next one comes
    return parse_time(ended["started_at"]) - answered_at


def parse_time(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def measure_error(site: Site, sentence_count: int, is_accompanied: bool) -> float:
    """Of the estimate at half-way, as a share of the time that was left then."""
    generation = site.submit(SENTENCE * sentence_count)
    other = site.submit(SENTENCE * (sentence_count // 2)) if is_accompanied else None
    half_way = wait_for_progress(site, generation, 0.5)
    asked_at = time.time()
    ended = site.wait_for(half_way)
    left_seconds = parse_time(ended["finished_at"]) - asked_at
    if other:
        site.wait_for(other)
    estimated: float | None = half_way["estimated_seconds_left"]
    if estimated is None:
        raise SystemExit("No estimate was given.")
    return abs(estimated - left_seconds) / left_seconds


def wait_for_progress(site: Site, generation: dict[str, Any], share: float) -> dict[str, Any]:
    while generation["progress"] < share:
        time.sleep(0.05)
        generation = site.get(generation["status_url"])
    return generation


if __name__ == "__main__":
    main()
