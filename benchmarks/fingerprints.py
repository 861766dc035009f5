"""What a store of fingerprints takes up, and how soon `/api/v1/verify` answers with it.

    python -m benchmarks.fingerprints FOLDER [--minutes 10000] [--database-url URL]

FOLDER is that of `benchmarks.trust`, with clips of real speakers and with results. A real site over HTTP has a database
of its own, which is filled first; `--database-url` names an empty one that may be filled. What is filled in are the
fingerprints of the results again and again, each time with three other bits of every word turned. Asked about are a
minute of clips, which is nowhere, and a minute of results.
"""

import argparse
import io
import json
import os
import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
import soundfile
import soxr

from benchmarks.history import set_up_django
from benchmarks.site import Site, serving
from cloning.audio.fingerprint import Fingerprint, Words, take_fingerprint, take_question
from cloning.audio.levels import Samples

RATE_HZ = 24_000
TAKES_AT_ONCE = 2000
TURNED_BITS = 3
BOUNDARY = "benchmark-boundary"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--database-url", default="", help="SQLite where none is given")
    options = parser.parse_args()
    results = [read(path) for path in sorted((options.folder / "results").glob("*.flac"))[:100]]
    clips = [read(path) for path in sorted(options.folder.glob("*.flac"))]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database_url = options.database_url or f"sqlite:///{folder}/storage/db.sqlite3"
        os.environ["DATABASE_URL"], os.environ["STORAGE_ROOT"] = database_url, str(folder / "storage")
        with serving(folder, DATABASE_URL=database_url) as site:
            set_up_django()
            before = measure_bytes()
            began = time.perf_counter()
            minutes, keys = fill(results, options.minutes)
            filled_seconds = time.perf_counter() - began
            grown = measure_bytes() - before
            print(f"| {minutes:.0f} minutes | |\n|---|---|")
            print(f"| filled in | {filled_seconds:.0f} s |")
            print(f"| keys a minute | {keys / minutes:.0f} |")
            print(f"| bytes a minute, of words, keys and indexes | {grown / minutes:.0f} |\n", flush=True)
            for what, speech in (("clips", clips), ("results", results)):
                minute = np.resize(np.concatenate(speech), 60 * RATE_HZ)
                time_question(what, minute, options.repeats)
                time_answers(site, what, minute, options.repeats)


def read(path: Path) -> Samples:
    samples, rate_hz = soundfile.read(path, dtype="float32")
    return np.asarray(soxr.resample(samples, rate_hz, RATE_HZ), np.float32)


def fill(results: list[Samples], minutes: int) -> tuple[float, int]:
    """How many minutes there are now, and how many keys."""
    from cloning.models import Channel, Generation, Segment, Take

    dice = np.random.default_rng(0)
    prints = [take_fingerprint(each, RATE_HZ) for each in results]
    seconds = [each.size / RATE_HZ for each in results]
    count = round(60 * minutes * len(results) / sum(seconds))
    for first in range(0, count, TAKES_AT_ONCE):
        numbers = range(first, min(count, first + TAKES_AT_ONCE))
        generation = Generation.objects.create(text="Filled.", language="en", requested_via=Channel.API)
        segments = Segment.objects.bulk_create(
            Segment(generation=generation, index=number, text="Filled.", pause_seconds=0.0)
            for number in numbers
        )
        takes = Take.objects.bulk_create(Take(segment=segment, text="Filled.") for segment in segments)
        store(takes, [turn_bits(prints[number % len(prints)], dice) for number in numbers])
    total = sum(seconds[number % len(seconds)] for number in range(count)) / 60
    return total, sum(prints[number % len(prints)].keys.size for number in range(count))


def turn_bits(stored: Fingerprint, dice: np.random.Generator) -> Fingerprint:
    bits = dice.integers(0, 32, (TURNED_BITS, stored.words.size), np.uint32)
    turned: Words = stored.words ^ np.bitwise_or.reduce(np.uint32(1) << bits, axis=0)
    return Fingerprint(turned, turned[stored.places], stored.places)


def store(takes: list[Any], prints: list[Fingerprint]) -> None:
    from django.db import connection

    from cloning.models import Fingerprint as Row

    rows = Row.objects.bulk_create(
        Row(take=take, words=each.words.astype("<u4").tobytes())
        for take, each in zip(takes, prints, strict=True)
    )

    def keys() -> Iterator[tuple[int, int, int]]:
        for row, each in zip(rows, prints, strict=True):
            for key, place in zip(each.keys.view(np.int32).tolist(), each.places.tolist(), strict=True):
                yield key, row.pk, place

    columns = "cloning_fingerprintkey (key, fingerprint_id, place)"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {columns} FROM STDIN") as copy:
                for each in keys():
                    copy.write_row(each)
        else:
            cursor.executemany(f"INSERT INTO {columns} VALUES (%s, %s, %s)", list(keys()))  # noqa: S608


def measure_bytes() -> int:
    """Of the two tables, with their indexes; of SQLite the whole file."""
    from django.db import connection

    tables = "'cloning_fingerprint'", "'cloning_fingerprintkey'"
    sizes = " + ".join(f"pg_total_relation_size({table})" for table in tables)
    query = f"SELECT {sizes}"
    if connection.vendor == "sqlite":
        query = "SELECT sum(pgsize) FROM dbstat WHERE name LIKE 'cloning_fingerprint%'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0] or 0)


def time_question(what: str, minute: Samples, repeats: int) -> None:
    from cloning.jobs.fingerprints import find_same_speech

    question = take_question(minute, RATE_HZ)
    seconds: list[float] = []
    for _ in range(repeats):
        began = time.perf_counter()
        found = find_same_speech(question)
        seconds.append(time.perf_counter() - began)
    print(f"| a minute of {what}, {'found' if found else 'not found'} | median ms | p95 ms |\n|---|---|---|")
    print_row("the fingerprint's queries", seconds)


def time_answers(site: Site, what: str, minute: Samples, repeats: int) -> None:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes((minute.clip(-1, 1) * 32_767).astype("<i2").tobytes())
    disposition = 'Content-Disposition: form-data; name="audio"; filename="a.wav"'
    body = (
        f"--{BOUNDARY}\r\n{disposition}\r\n\r\n".encode()
        + content.getvalue()
        + f"\r\n--{BOUNDARY}--\r\n".encode()
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    seconds: list[float] = []
    answer: dict[str, Any] = {}
    while len(seconds) < repeats:
        connection = site.connect()
        began = time.perf_counter()
        connection.request("POST", "/api/v1/verify", body, headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        if response.status == 429:  # too many by one caller
            time.sleep(float(response.headers["Retry-After"]))
        elif response.status != 200:
            raise SystemExit(f"{response.status}: {answer}")
        else:
            seconds.append(time.perf_counter() - began)
    print_row("the whole answer, over HTTP", seconds)
    print(f"\n{json.dumps(answer)}\n", flush=True)


def print_row(name: str, seconds: list[float]) -> None:
    print(f"| {name} | {1000 * median(seconds):.0f} | {1000 * quantiles(seconds, n=20)[-1]:.0f} |")


if __name__ == "__main__":
    main()
