"""What joining stored takes costs, beside joining and measuring the same speech as a whole, as it was done before.

    python -m benchmarks.joining CLIP [CLIP …] [--takes 150] [--seconds 4] [--repeats 5]

The clips are of speech, and each take is cut from one of them. "level and store" is the worker's share, take by take,
while the engine speaks; "encode" is what a result in another format than WAV takes besides. How fast the leveller is
alone, in chunks, is in seconds of speech for each of one core.
"""

import argparse
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr

from cloning.audio.joining import Piece, join
from cloning.audio.levelling import MAX_LIMITING_DB, Leveller, measure_gain
from cloning.audio.levels import Samples
from cloning.audio.loudness import SPEECH_LOUDNESS_LUFS, TRUE_PEAK_DBTP
from cloning.audio.mastering import encode, filter_samples, measure_loudness
from cloning.audio.takes import write_take
from cloning.audio.wav import write_wav
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat

RATE_HZ = 24_000
PAUSE_SECONDS = 0.35
OTHERS = [found for found in AudioFormat if found != AudioFormat.WAV]


def read_clip(path: Path) -> Samples:
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(soxr.resample(samples.mean(axis=1), rate_hz, RATE_HZ), np.float32)


def cut_takes(clips: list[Path], count: int, seconds: float) -> list[Samples]:
    size = round(seconds * RATE_HZ)
    speech = np.concatenate([read_clip(clip) for clip in clips])
    starts = itertools.islice(itertools.cycle(range(0, max(1, speech.size - size), size // 2)), count)
    return [speech[start : start + size] for start in starts]


def level(takes: list[Samples], folder: Path) -> list[Piece]:
    gain_db = measure_gain(np.concatenate(takes[:3]), RATE_HZ)
    pieces = []
    for index, take in enumerate(takes):
        leveller = Leveller(RATE_HZ, gain_db)
        target = folder / f"{index}.wav"
        sound = write_take(np.concatenate([leveller.process(take), leveller.flush()]), RATE_HZ, target)
        pieces.append(
            Piece(target, sound.duration_seconds, sound.loudness_blocks, sound.true_peak_dbtp, PAUSE_SECONDS)
        )
    return pieces


def write_whole(takes: list[Samples], target: Path) -> None:
    """Measured by FFmpeg's `ebur128`, and limited by its `alimiter` at four times the rate."""
    pause = np.zeros(round(PAUSE_SECONDS * RATE_HZ), np.float32)
    whole = np.concatenate([part for take in takes for part in (take, pause)])
    loudness_lufs, true_peak_dbtp = measure_loudness(whole, RATE_HZ)
    gain_db = min(SPEECH_LOUDNESS_LUFS - loudness_lufs, TRUE_PEAK_DBTP - true_peak_dbtp + MAX_LIMITING_DB)
    limiter = "alimiter=limit=0.866:attack=3:release=40:level=false:latency=true"
    filters = f"volume={gain_db:.2f}dB,aresample={4 * RATE_HZ},{limiter},aresample={RATE_HZ}"
    failure = GenerationError(ErrorCode.ENCODING_FAILED, "FFmpeg's limiter failed.")
    write_wav(filter_samples(whole, RATE_HZ, filters, 600, failure), RATE_HZ, target)


def rate_of_leveller(takes: list[Samples], chunk_seconds: float) -> float:
    gain_db, size = measure_gain(np.concatenate(takes[:3]), RATE_HZ), round(chunk_seconds * RATE_HZ)
    speech = np.concatenate(takes)
    leveller = Leveller(RATE_HZ, gain_db)
    started = time.process_time()
    for start in range(0, speech.size, size):
        leveller.process(speech[start : start + size])
    return speech.size / RATE_HZ / (time.process_time() - started)


def time_to_encode(joined: Path, audio_format: AudioFormat, repeats: int) -> float:
    target = joined.with_name(f"encoded{audio_format.suffix}")
    return time_of(lambda: encode(joined, target, audio_format, tags={}), repeats)


def time_of(work: Callable[[], object], repeats: int) -> float:
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--takes", type=int, default=150)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    takes = cut_takes(options.clips, options.takes, options.seconds)
    with tempfile.TemporaryDirectory(prefix="joining-") as temporary:
        folder = Path(temporary)
        pieces = level(takes, folder)
        joined = folder / "joined.wav"
        duration_seconds = join(pieces, RATE_HZ, joined).duration_seconds
        times = {
            "join": time_of(lambda: join(pieces, RATE_HZ, joined), options.repeats),
            **{
                f"encode as {found.label}": time_to_encode(joined, found, options.repeats) for found in OTHERS
            },
            "level and store": time_of(lambda: level(takes, folder), options.repeats),
            "as a whole": time_of(lambda: write_whole(takes, folder / "whole.wav"), options.repeats),
        }
    print(f"{len(pieces)} takes, {duration_seconds / 60:.1f} minutes, load {os.getloadavg()[0]:.1f}")
    print(
        "| | seconds for ten minutes of speech | as a whole it takes so many times as long |\n|---|---|---|"
    )
    for name, seconds in times.items():
        print(f"| {name} | {seconds * 600 / duration_seconds:.2f} | {times['as a whole'] / seconds:.1f} |")
    for chunk_seconds in (0.02, 0.1, 1.0):
        rate = rate_of_leveller(takes, chunk_seconds)
        print(f"the leveller alone, in chunks of {chunk_seconds:g} s: {rate:.0f} times as fast as speech")


if __name__ == "__main__":
    main()
