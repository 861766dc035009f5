"""How well the mark is found, how often where there is none, and what it does to the sound.

    pip install -r benchmarks/requirements-trust.txt
    python -m benchmarks.trust FOLDER [--results 60] [--perth]

FOLDER holds clips of real speakers, clean. Marked are results of the preview, spoken with its stock voices, one to
three sentences each, and the clips themselves. Searched is what becomes of them in other programs: formats, rates,
noise, a second cut out of the midst. False alarms are counted on the clips, in pieces of three seconds, each searched
for many keys; a key is to speech as good as another. Prints the tables of docs/trust.md.
"""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import soxr

from cloning.audio import find_ffmpeg
from cloning.audio.levels import Samples
from cloning.audio.watermark import SEARCH_RATE_HZ, Search, mark
from cloning.engines.base import SynthesisOptions
from cloning.engines.preview import ENTRY, speaker
from cloning.engines.preview.stock import VOICES

RATE_HZ = SEARCH_RATE_HZ
KEY = b"of this run"
SENTENCES = (
    "The old lighthouse keeper counted the ships that passed the harbour before sunrise.",
    "Nobody had told him that the last of them would not come back.",
    "He wrote their names into a book, and closed it.",
    "When the fog came in from the sea, he lit the lamp and waited for the bell to answer.",
    "There is a tide in the affairs of men.",
)
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
    "10 % faster": ("wav", "-af", "atempo=1.1"),
    "5 % higher": ("wav", "-af", f"asetrate={RATE_HZ * 1.05:.0f},aresample={RATE_HZ}"),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--results", type=int, default=60, help="of the preview")
    parser.add_argument("--keys", type=int, default=50, help="that each piece of a clip is searched for")
    parser.add_argument("--perth", action="store_true", help="beside Perth's implicit mark")
    options = parser.parse_args()
    clips = [read(path) for path in sorted(options.folder.glob("*.flac"))]
    began = time.process_time()
    results = list(speak(options.results))
    spoken_seconds = time.process_time() - began
    speech = results + clips
    began = time.process_time()
    marked = [mark(each, RATE_HZ, KEY) for each in speech]
    marked_seconds = (time.process_time() - began) * sum(map(len, results)) / sum(map(len, speech))
    report_found(marked, find_ours, "ours")
    report_false_alarms(clips, options.keys)
    report_changes(speech, marked, marked_seconds / spoken_seconds, "ours")
    if options.perth:
        report_perth(speech, spoken_seconds)


def read(path: Path) -> Samples:
    raw = ("-f", "f32le", "-ac", "1", "-ar", str(RATE_HZ), "pipe:1")
    command = [find_ffmpeg(), "-v", "error", "-i", str(path), *raw]
    output = subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout
    return np.frombuffer(output, "<f4").astype(np.float32)


def change(samples: Samples, suffix: str, *arguments: str) -> Samples:
    """Through FFmpeg and a file, as another program changes it."""
    raw = ("-f", "f32le", "-ac", "1", "-ar", str(RATE_HZ), "-i", "pipe:0")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"changed.{suffix}"
        command = [find_ffmpeg(), "-v", "error", *raw, *arguments, str(path)]
        subprocess.run(command, check=True, input=samples.astype("<f4").tobytes())
        return read(path)


def add_noise(samples: Samples) -> Samples:
    """20 dB below the speech, white."""
    noise = np.random.default_rng(0).standard_normal(samples.size)
    return np.asarray(samples + noise * np.sqrt(np.mean(samples**2)) / 10, np.float32)


def cut_second(samples: Samples) -> Samples:
    """The loudest: a second in which nobody speaks has no mark."""
    squares = np.cumsum(np.square(samples, dtype=np.float64))
    start = int(np.argmax(squares[RATE_HZ:] - squares[:-RATE_HZ])) if samples.size > RATE_HZ else 0
    return samples[start : start + RATE_HZ]


def speak(count: int) -> Iterator[Samples]:
    """As the worker has them, before they are marked."""
    from django.conf import settings

    engine = ENTRY.load(settings)
    keys = sorted(VOICES["en"])
    for number in range(count):
        conditioning = engine.stock_conditioning(keys[number % len(keys)], "en")
        said = [SENTENCES[(number + step) % len(SENTENCES)] for step in range(1 + number % 3)]
        options = [SynthesisOptions(seed=number)] * len(said)
        spoken = sorted(engine.synthesize_all(said, "en", conditioning, options), key=lambda each: each[0])
        yield np.concatenate([sound for _, sound in spoken])


Find = Callable[[Samples], bool]


def find_ours(samples: Samples) -> bool:
    return Search(samples).find(KEY).is_found


def report_found(marked: list[Samples], find: Find, name: str) -> None:
    ways: dict[str, Callable[[Samples], Samples]] = {
        way: lambda samples, arguments=arguments: change(samples, *arguments)  # type: ignore[misc]
        for way, arguments in FORMATS.items()
    }
    ways |= {"20 dB of noise": add_noise, "a second of it": cut_second}
    print(f"| {name}, found in {len(marked)} | |\n|---|---|")
    for way, make in ways.items():
        found = [find(make(each)) for each in marked]
        print(f"| {way} | {100 * mean(found):.1f} % |", flush=True)
    print()


def report_false_alarms(clips: list[Samples], keys: int) -> None:
    pieces = [
        clip[start : start + 3 * RATE_HZ]
        for clip in clips
        for start in range(0, clip.size - 3 * RATE_HZ + 1, 3 * RATE_HZ)
    ]
    findings = [Search(piece) for piece in pieces]
    found = [search.find(b"%d" % key) for search in findings for key in range(keys)]
    alarms = sum(finding.is_found for finding in found)
    print("| searched where there is no mark | |\n|---|---|")
    print(f"| pieces × keys | {len(pieces)} × {keys} |")
    print(f"| false alarms | {alarms} ({1000 * alarms / len(found):.2f} of 1,000) |")
    print(f"| highest score | {max(finding.score for finding in found):.2f} |\n")


def report_changes(speech: list[Samples], marked: list[Samples], cost: float, name: str) -> None:
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
    print(f"| processor time, of synthesis | {100 * cost:.2f} % |")
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


def report_perth(speech: list[Samples], spoken_seconds: float) -> None:
    import perth

    marker = perth.PerthImplicitWatermarker()
    began = time.process_time()
    marked = [
        marker.apply_watermark(each, watermark=None, sample_rate=RATE_HZ).astype(np.float32)
        for each in speech
    ]
    cost = (time.process_time() - began) / spoken_seconds

    def find(samples: Samples) -> bool:
        return bool(np.mean(marker.get_watermark(samples, sample_rate=RATE_HZ)) > 0.5)

    report_found(marked, find, "Perth")
    report_changes(speech, marked, cost, "Perth")


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceclone_site.settings")
    django.setup()
    main()
