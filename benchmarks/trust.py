"""How well the mark is found, how often where there is none, and what it does to the sound.

    pip install -r benchmarks/requirements-trust.txt
    python -m benchmarks.trust FOLDER [--results 500] [--espeak 400] [--perth]

FOLDER holds clips of real speakers, clean. Marked are results of the preview, each a sentence in one of its stock
voices, so many of them by espeak-ng instead, and the clips themselves. What was spoken stays in FOLDER/results, so that
a run that was stopped goes on. Searched is what becomes of them in other programs: formats, rates, noise, a second cut
out of the midst; for the mark, and for the fingerprint among those of all results. False alarms are counted on the
clips, in pieces of three seconds: for the mark each is searched for many keys, a key is to speech as good as another;
for the fingerprint each is looked for among all that isn't it. Prints the tables of docs/trust.md.

`benchmarks.fingerprints` has what a large store of them costs.
"""

import argparse
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import soxr

from benchmarks.spoken import read_espeak, read_spoken
from cloning.audio import find_ffmpeg
from cloning.audio.fingerprint import compare, take_fingerprint, take_question
from cloning.audio.levels import Samples
from cloning.audio.watermark import FORMANT_STRENGTH_DB, SEARCH_RATE_HZ, Search, mark
from cloning.engines.preview import speaker

RATE_HZ = SEARCH_RATE_HZ
KEY = b"of this run"
FORMATS = {
    "WAV": ("wav", "-c:a", "pcm_s16le"),
    "FLAC": ("flac",),
    "MP3, 80 kbit/s": ("mp3", "-c:a", "libmp3lame", "-b:a", "80k"),
    "MP3, 64 kbit/s": ("mp3", "-c:a", "libmp3lame", "-b:a", "64k"),
    "Opus, 64 kbit/s": ("opus", "-c:a", "libopus", "-b:a", "64k"),
    "Opus, 24 kbit/s": ("opus", "-c:a", "libopus", "-b:a", "24k"),
    "AAC, 96 kbit/s": ("m4a", "-c:a", "aac", "-b:a", "96k"),
    "16 kHz": ("wav", "-ar", "16000"),
    "8 kHz": ("wav", "-ar", "8000"),
    "6 dB louder": ("wav", "-af", "volume=6dB"),
    "6 dB quieter": ("wav", "-af", "volume=-6dB"),
    "40 dB quieter": ("wav", "-af", "volume=-40dB"),
    "10 % faster": ("wav", "-af", "atempo=1.1"),
    "5 % higher": ("wav", "-af", f"asetrate={RATE_HZ * 1.05:.0f},aresample={RATE_HZ}"),
}
TEMPI = {"10 % faster": 1.1, "5 % higher": 1.05}
GAP_SECONDS = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--results", type=int, default=500, help="of the preview")
    parser.add_argument("--espeak", type=int, default=0, help="of these, by espeak-ng")
    parser.add_argument("--repeated", type=int, default=12, help="that are spoken with another seed, too")
    parser.add_argument("--keys", type=int, default=50, help="that each piece of a clip is searched for")
    parser.add_argument("--perth", action="store_true", help="beside Perth's implicit mark")
    options = parser.parse_args()
    clips = [read(path) for path in sorted(options.folder.glob("*.flac"))]
    folder = options.folder / "results"
    spoken = list(read_spoken(folder, options.results - options.espeak))
    formant = list(read_espeak(folder, options.espeak))
    results = [*spoken, *formant]
    marked = [
        *(mark(each, RATE_HZ, KEY) for each in spoken),
        *(mark(each, RATE_HZ, KEY, FORMANT_STRENGTH_DB) for each in formant),
        *(mark(each, RATE_HZ, KEY) for each in clips),
    ]
    report_costs(results)
    report_fingerprint_alarms(results, clips, list(read_spoken(folder, options.repeated, seed=1)))
    report_false_alarms(clips, options.keys)
    report_found(marked[: len(results)], clips)
    report_changes(results + clips, marked, "ours")
    if options.perth:
        report_perth(results + clips)


def read(path: Path) -> Samples:
    raw = ("-f", "f32le", "-ac", "1", "-ar", str(RATE_HZ), "pipe:1")
    command = [find_ffmpeg(), "-v", "error", "-i", str(path), *raw]
    output = subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout
    return np.frombuffer(output, "<f4").astype(np.float32)


def change_all(speech: list[Samples], suffix: str, *arguments: str, tempo: float = 1.0) -> list[Samples]:
    """Through FFmpeg and a file, as another program changes them; all in one, with silence between."""
    gap = np.zeros(round(GAP_SECONDS * RATE_HZ), np.float32)
    raw = ("-f", "f32le", "-ac", "1", "-ar", str(RATE_HZ), "-i", "pipe:0")
    joined = np.concatenate([piece for each in speech for piece in (gap, each)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"changed.{suffix}"
        command = [find_ffmpeg(), "-v", "error", *raw, *arguments, str(path)]
        subprocess.run(command, check=True, input=joined.astype("<f4").tobytes())
        changed = read(path)
    ends = np.cumsum([gap.size + each.size for each in speech])
    starts = ends - [each.size for each in speech]
    return [
        changed[round(start / tempo) : round(end / tempo)] for start, end in zip(starts, ends, strict=True)
    ]


def add_noise(samples: Samples) -> Samples:
    """20 dB below the speech, white."""
    noise = np.random.default_rng(0).standard_normal(samples.size)
    return np.asarray(samples + noise * np.sqrt(np.mean(samples**2)) / 10, np.float32)


def cut_loudest(samples: Samples, seconds: float) -> Samples:
    """A second in which nobody speaks has no mark."""
    size = round(seconds * RATE_HZ)
    squares = np.cumsum(np.square(samples, dtype=np.float64))
    start = int(np.argmax(squares[size:] - squares[:-size])) if samples.size > size else 0
    return samples[start : start + size]


class Store:
    """Fingerprints in memory, asked as `jobs/fingerprints.py` asks the database."""

    def __init__(self, speech: list[Samples]) -> None:
        self.rows: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.stored = [take_fingerprint(each, RATE_HZ) for each in speech]
        for number, each in enumerate(self.stored):
            for key, place in zip(each.keys.tolist(), each.places.tolist(), strict=True):
                self.rows[key].append((number, place))

    def find(self, samples: Samples) -> dict[int, float]:
        """Those that are heard in it, each with the share of bits that differ."""
        question = take_question(samples, RATE_HZ)
        found: dict[int, float] = {}
        for key, asked_place in zip(question.keys.tolist(), question.places.tolist(), strict=True):
            for number, place in self.rows.get(key, ()):
                words = self.stored[number].words
                if (share := compare(words, question.words, place, asked_place)) is not None:
                    found[number] = min(share, found.get(number, 1.0))
        return found


def report_found(marked: list[Samples], clips: list[Samples]) -> None:
    ways: dict[str, Callable[[], list[Samples]]] = {
        way: lambda way=way, arguments=arguments: change_all(  # type: ignore[misc]
            marked, *arguments, tempo=TEMPI.get(way, 1.0)
        )
        for way, arguments in FORMATS.items()
    }
    ways |= {
        "white noise, 20 dB below": lambda: [add_noise(each) for each in marked],
        "a second of it": lambda: [cut_loudest(each, 1.0) for each in marked],
        "half a second of it": lambda: [cut_loudest(each, 0.5) for each in marked],
        "a second of it, as MP3, 64 kbit/s": lambda: change_all(
            [cut_loudest(each, 1.0) for each in marked], *FORMATS["MP3, 64 kbit/s"]
        ),
    }
    store = Store(marked + clips)
    print(f"| found in {len(marked)} | mark | fingerprint |\n|---|---|---|")
    for way, make in ways.items():
        changed = make()
        found = mean(Search(each).find(KEY).is_found for each in changed)
        known = mean(number in store.find(each) for number, each in enumerate(changed))
        print(f"| {way} | {100 * found:.1f} % | {100 * known:.1f} % |", flush=True)
    print()


def report_costs(results: list[Samples]) -> None:
    seconds = sum(map(len, results)) / RATE_HZ
    print(f"| {len(results)} results, {seconds / 60:.1f} minutes | |\n|---|---|")
    for name, work in (
        ("mark", lambda each: mark(each, RATE_HZ, KEY)),
        ("fingerprint", lambda each: take_fingerprint(each, RATE_HZ)),
    ):
        began = time.process_time()
        for each in results:
            work(each)
        print(
            f"| {name}, ms of processor for each second | {1000 * (time.process_time() - began) / seconds:.2f} |"
        )
    stored = [take_fingerprint(each, RATE_HZ) for each in results]
    print(f"| keys a minute | {60 * sum(each.keys.size for each in stored) / seconds:.0f} |")
    print(f"| bytes of words a minute | {60 * sum(each.words.nbytes for each in stored) / seconds:.0f} |\n")


def report_fingerprint_alarms(results: list[Samples], clips: list[Samples], repeated: list[Samples]) -> None:
    store = Store(results)
    pieces = [piece for seconds in (1, 3) for clip in clips for piece in cut(clip, seconds, step=0.1)]
    print("| fingerprints: taken for what it is not | |\n|---|---|")
    print(f"| pieces of clips, of 1 and 3 s, looked for in {len(results)} results | {len(pieces)} |")
    print(f"| false alarms | {sum(bool(store.find(piece)) for piece in pieces)} |")
    again = [number in store.find(each) for number, each in enumerate(repeated)]
    print(f"| of {len(again)} with another seed, taken for the first | {sum(again)} |")
    others = [store.find(each).keys() - {number} for number, each in enumerate(results)]
    print(f"| results in which another is heard | {sum(map(bool, others))} |\n", flush=True)


def cut(clip: Samples, seconds: float, step: float) -> list[Samples]:
    """Pieces of so many seconds, one every `step` seconds."""
    size = round(seconds * RATE_HZ)
    return [clip[start : start + size] for start in range(0, clip.size - size + 1, round(step * RATE_HZ))]


def report_false_alarms(clips: list[Samples], keys: int) -> None:
    pieces = [piece for clip in clips for piece in cut(clip, 3.0, step=3.0)]
    findings = [Search(piece) for piece in pieces]
    found = [search.find(b"%d" % key) for search in findings for key in range(keys)]
    alarms = sum(finding.is_found for finding in found)
    print("| searched where there is no mark | |\n|---|---|")
    print(f"| pieces × keys | {len(pieces)} × {keys} |")
    print(f"| false alarms | {alarms} ({1000 * alarms / len(found):.2f} of 1,000) |")
    print(f"| highest score | {max(finding.score for finding in found):.2f} |\n")


def report_changes(speech: list[Samples], marked: list[Samples], name: str) -> None:
    noise_db = [
        10 * np.log10(np.sum((after[: each.size] - each[: after.size]) ** 2) / np.sum(each**2))
        for each, after in zip(speech, marked, strict=True)
    ]
    likeness = [
        float(embed(each) @ embed(after))
        for each, after in zip(speech, marked, strict=True)
        if each.size > 2 * RATE_HZ
    ]
    print(f"| {name}, what it does | |\n|---|---|")
    print(f"| what is added, to the speech | {median(noise_db):.1f} dB |")
    print(f"| likeness of the speaker to the unmarked | {mean(likeness):.4f} |")
    if scores := [score_quality(each, after) for each, after in zip(speech, marked, strict=True)]:
        for quality in ("ovrl_mos", "sig_mos", "bak_mos"):
            before, after = (mean(pair[index][quality] for pair in scores) for index in (0, 1))
            print(f"| DNSMOS {quality[:-4]} | {before:.3f} → {after:.3f} |")
    print()


def embed(samples: Samples) -> Any:
    at_rate = soxr.resample(samples, RATE_HZ, speaker.SAMPLE_RATE_HZ)
    total = speaker.encode(speaker.pieces(at_rate.astype(np.float64))).mean(axis=0)
    return total / np.linalg.norm(total)


def score_quality(before: Samples, after: Samples) -> tuple[dict[str, float], dict[str, float]]:
    from speechmos import dnsmos

    def score(samples: Samples) -> dict[str, float]:
        at_rate = soxr.resample(samples, RATE_HZ, 16_000)
        found: dict[str, float] = dnsmos.run(at_rate / max(1.0, float(np.abs(at_rate).max())), sr=16_000)
        return found

    return score(before), score(after)


def report_perth(speech: list[Samples]) -> None:
    import perth

    marker = perth.PerthImplicitWatermarker()
    marked = [
        marker.apply_watermark(each, watermark=None, sample_rate=RATE_HZ).astype(np.float32)
        for each in speech
    ]
    print(f"| Perth, found in {len(marked)} | |\n|---|---|")
    for way, arguments in FORMATS.items():
        changed = change_all(marked, *arguments, tempo=TEMPI.get(way, 1.0))
        found = [np.mean(marker.get_watermark(each, sample_rate=RATE_HZ)) > 0.5 for each in changed]
        print(f"| {way} | {100 * float(np.mean(found)):.1f} % |", flush=True)
    report_changes(speech, marked, "Perth")


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceclone_site.settings")
    django.setup()
    main()
