"""How soon and how evenly sound is heard while it is made: `python -m benchmarks.streaming [--parts …]`.

Over HTTP, against a real site on this machine. The parts:

- `first`: from the request to the first 0.3 s of sound at the client, with the preview and a known voice, for texts of
  50 and of 20,000 characters, in turns.
- `underruns`: somebody starts to listen at once to five minutes of text; how often there is nothing to play.
- `other`: while 20,000 characters are spoken, how soon a sentence of another caller is heard.
- `memory`: of web server and worker, while ten listen to half an hour of speech, after each quarter of it.
- `xtts`: the same first sound with XTTS at full size with random weights, beside the engine's own in a process of its
  own, and beside coqui-tts's `inference_stream` behind gunicorn's asyncio worker, in turns; all have the same threads.
"""

import argparse
import http.client
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.site import (
    PROJECT,
    START_SECONDS,
    STOP_SECONDS,
    Site,
    find_free_port,
    list_processes,
    serving,
)

SENTENCE = "The old lighthouse keeper counted the ships that passed the harbour before sunrise. "
BYTES_PER_SECOND = {"mp3": 24_000, "pcm": 48_000}
HEARD_SECONDS = 0.3
PLAYED_AFTER_SECONDS = 0.3
"""A player of its own starts with that much in hand."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--repeats", type=int, default=7, help="of each first sound")
    parser.add_argument(
        "--format", choices=list(BYTES_PER_SECOND), default="mp3", help="but for xtts, which has pcm"
    )
    parser.add_argument("--long-chars", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=5.0, help="of text in `underruns`")
    parser.add_argument("--memory-minutes", type=float, default=30.0)
    parser.add_argument("--listeners", type=int, default=10)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of XTTS and of coqui-tts")
    parser.add_argument("--precisions", nargs="+", default=["float16", "int8"])
    parser.add_argument("--espeak", action="store_true", help="with the quicker voice of the preview")
    options = parser.parse_args()
    for part in options.parts:
        PARTS[part](options)


# Listening


@dataclass(frozen=True)
class Arrival:
    """That much of the body had come so many seconds after the request was begun."""

    seconds: float
    byte_count: int


def listen(connection: http.client.HTTPConnection) -> Iterator[Arrival]:
    """After the request was sent, its seconds beginning now."""
    began, byte_count = time.monotonic(), 0
    response = connection.getresponse()
    if response.status != 200:
        raise SystemExit(f"{response.status}: {response.read()[:500]!r}")
    while piece := response.read1(65536):
        byte_count += len(piece)
        yield Arrival(time.monotonic() - began, byte_count)


@contextmanager
def speaking(site: Site, text: str, stream_format: str) -> Iterator[Iterator[Arrival]]:
    """What comes of a text that is posted to be streamed. It is cancelled at the end of the context."""
    fields = {"stream": "true", "on_disconnect": "cancel", "format": stream_format}
    with closing(site.connect()) as connection:
        site.request(connection, text, {}, **fields)
        yield listen(connection)


def time_first_sound(site: Site, text: str, stream_format: str) -> float:
    """Seconds."""
    with speaking(site, text, stream_format) as arrivals:
        return first_sound(arrivals, stream_format)


def first_sound(arrivals: Iterator[Arrival], stream_format: str) -> float:
    wanted = HEARD_SECONDS * BYTES_PER_SECOND[stream_format]
    return next(arrival.seconds for arrival in arrivals if arrival.byte_count >= wanted)


def text_of(chars: int) -> str:
    return (SENTENCE * (chars // len(SENTENCE) + 1))[:chars]


@contextmanager
def preview_site(options: argparse.Namespace) -> Iterator[Site]:
    """With a known voice."""
    settings = {
        "ENGINE": "preview",
        "PREVIEW_VOICE": "espeak" if options.espeak else "kokoro",
        "MAX_TEXT_CHARS": "200000",
    }
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), **settings) as site:
        site.wait_for(site.submit(SENTENCE))
        yield site


def wait_until_idle(site: Site) -> None:
    """What was cancelled is dropped at the worker's next look."""
    while any(each["status"] in ("queued", "running") for each in site.get("/api/v1/generations")["results"]):
        time.sleep(0.1)
    time.sleep(0.5)


# Parts


def measure_first_sound(options: argparse.Namespace) -> None:
    texts = {"50": text_of(50), f"{options.long_chars:,}": text_of(options.long_chars)}
    seconds: dict[str, list[float]] = {name: [] for name in texts}
    with preview_site(options) as site:
        for _ in range(options.repeats):
            for name, text in texts.items():
                seconds[name].append(time_first_sound(site, text, options.format))
                wait_until_idle(site)
    print(
        f"| first {HEARD_SECONDS} s of sound at the client, preview, {options.format} | median s | slowest s |"
    )
    print("|---|---|---|")
    for name, each in seconds.items():
        print(f"| {name} characters ({len(each)} times) | {median(each):.2f} | {max(each):.2f} |")
    print()


def measure_underruns(options: argparse.Namespace) -> None:
    chars = round(options.minutes * 60 * 15)  # spoken at some 15 a second
    with preview_site(options) as site, speaking(site, text_of(chars), options.format) as arrivals:
        heard = list(arrivals)
    rate = BYTES_PER_SECOND[options.format]
    lacking = find_underruns(heard, rate)
    spoken_seconds = heard[-1].byte_count / rate
    print("| who listens at once | |\n|---|---|")
    print(f"| speech | {spoken_seconds:.0f} s, made in {heard[-1].seconds:.0f} s |")
    print(f"| times as quick as speech | {spoken_seconds / heard[-1].seconds:.1f} |")
    print(f"| underruns | {len(lacking)}, {sum(lacking):.2f} s in all |\n")


def find_underruns(heard: list[Arrival], bytes_per_second: int) -> list[float]:
    """How long a player waited, each time that it had nothing to play. It starts with PLAYED_AFTER_SECONDS in hand."""
    waits: list[float] = []
    started_at: float | None = None
    played_seconds = 0.0  # what had come by the arrival before
    for arrival in heard:
        if started_at is not None and arrival.seconds > started_at + played_seconds:
            waits.append(arrival.seconds - started_at - played_seconds)
            started_at += waits[-1]
        played_seconds = arrival.byte_count / bytes_per_second
        if started_at is None and played_seconds >= PLAYED_AFTER_SECONDS:
            started_at = arrival.seconds
    return waits


def measure_another_caller(options: argparse.Namespace) -> None:
    seconds: list[float] = []
    with (
        preview_site(options) as site,
        speaking(site, text_of(options.long_chars), options.format) as arrivals,
    ):
        reader = threading.Thread(target=lambda: list(until_closed(arrivals)), daemon=True)
        reader.start()
        for _ in range(options.repeats):
            time.sleep(2)
            seconds.append(time_first_sound(site, SENTENCE, options.format))
    print(f"| another caller's sentence, while {options.long_chars:,} characters are spoken | s |\n|---|---|")
    print(f"| heard after, median of {len(seconds)} | {median(seconds):.2f} |")
    print(f"| slowest | {max(seconds):.2f} |\n")


def until_closed(arrivals: Iterator[Arrival]) -> Iterator[Arrival]:
    try:
        yield from arrivals
    except (OSError, ValueError, AttributeError, http.client.HTTPException):
        return


def measure_memory(options: argparse.Namespace) -> None:
    chars = round(options.memory_minutes * 60 * 15)
    with preview_site(options) as site:
        generation = site.submit(text_of(chars))
        counts = [0] * options.listeners
        listeners = [
            threading.Thread(target=count_bytes, args=(site, generation["id"], counts, number), daemon=True)
            for number in range(options.listeners)
        ]
        for listener in listeners:
            listener.start()
        rows = [("at the beginning", read_memory(site))]
        for quarter in range(1, 5):
            while site.get(generation["status_url"])["progress"] < quarter / 4:
                time.sleep(0.5)
            rows.append((f"after {quarter} of 4 quarters", read_memory(site)))
        for listener in listeners:
            listener.join()
        spoken_seconds = site.wait_for(generation)["duration_seconds"]
        rows.append(("when all is heard", read_memory(site)))
    print(
        f"| {options.listeners} listeners to {spoken_seconds / 60:.1f} minutes | web MiB | worker MiB |\n|---|---|---|"
    )
    for name, memory in rows:
        print(f"| {name} | {memory['web']:.0f} | {memory['worker']:.0f} |")
    print(f"| bytes to each | {min(counts):,} | {max(counts):,} |\n")


def count_bytes(site: Site, generation_id: str, counts: list[int], number: int) -> None:
    with closing(site.connect()) as connection:
        connection.request("GET", f"/api/v1/generations/{generation_id}/stream.mp3")
        for arrival in listen(connection):
            counts[number] = arrival.byte_count


def read_memory(site: Site) -> dict[str, float]:
    """What is resident now of web server and worker, their own processes alone, in MiB."""
    resident: dict[str, float] = {}
    for line in list_processes(site.supervisor.pid):
        pid, _, command = line.strip().partition(" ")
        kind = "worker" if "manage.py worker" in command else "web" if "gunicorn" in command else ""
        if kind:
            status = Path(f"/proc/{pid}/status").read_text()
            resident[kind] = max(
                resident.get(kind, 0.0), int(status.partition("VmRSS:")[2].split()[0]) / 1024
            )
    return resident


# XTTS


def measure_xtts(options: argparse.Namespace) -> None:
    from benchmarks.checkpoints import build_checkpoint
    from benchmarks.xtts import converted_for_coqui
    from cloning.engines.xtts.weights import FOLDER_NAME

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        checkpoint = folder / "models" / FOLDER_NAME
        build_checkpoint(checkpoint, tiny=False)
        converted = converted_for_coqui(checkpoint, folder / "coqui")
        print(
            "| first sound, XTTS | engine s | at the client s | after the engine s | coqui-tts s | times sooner |"
        )
        print("|---|---|---|---|---|---|")
        for precision in options.precisions:
            measure_precision(options, precision, folder, checkpoint, converted)
    print()


def measure_precision(
    options: argparse.Namespace, precision: str, folder: Path, checkpoint: Path, converted: Path
) -> None:
    """The three in turns. Those that do not speak hold their memory and nothing else."""
    from benchmarks.contenders import SENTENCES, contender_process

    environment = {
        "ENGINE": "xtts_v2",
        "MODEL_CACHE": str(checkpoint.parent),
        "XTTS_PRECISION": precision,
        "XTTS_THREADS": str(options.threads),
    }
    storage = folder / precision
    storage.mkdir()
    engine_seconds: list[float] = []
    client_seconds: list[float] = []
    coqui_seconds: list[float] = []
    with (
        serving(storage, **environment) as site,
        coqui_serving(converted, options.threads) as coqui_port,
        contender_process(precision, checkpoint, options.threads) as engine,
    ):
        site.wait_for(site.submit(SENTENCE * 4))  # by which the voice's level is known
        for number in range(options.repeats + 1):
            _, seconds, *_ = engine("first_sound", None)
            engine_seconds.append(seconds)
            client_seconds.append(time_any_sound(site, SENTENCES[0]))
            wait_until_idle(site)
            coqui_seconds.append(time_coqui(coqui_port, SENTENCES[0]))
            if number == 0:  # the first warms up
                for each in (engine_seconds, client_seconds, coqui_seconds):
                    each.clear()
    engine_median, client, coqui = median(engine_seconds), median(client_seconds), median(coqui_seconds)
    print(
        f"| {precision} | {engine_median:.2f} | {client:.2f} | {client - engine_median:.2f} | {coqui:.2f} | "
        f"{coqui / client:.1f} |",
        flush=True,
    )


def time_any_sound(site: Site, text: str) -> float:
    with speaking(site, text, "pcm") as arrivals:
        return next(arrivals).seconds


def time_coqui(port: int, text: str) -> float:
    """The whole is read, so that nothing of it is computed any more when the next one speaks."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=600)) as connection:
        connection.request("POST", "/", text.encode())
        heard = list(listen(connection))
    return heard[0].seconds


@contextmanager
def coqui_serving(folder: Path, threads: int) -> Iterator[int]:
    port = find_free_port()
    command = [
        sys.executable, "-m", "gunicorn", "benchmarks.coqui_server:application", "--worker-class", "asgi",
        "--bind", f"127.0.0.1:{port}", "--timeout", "600", "--log-level", "error", "--no-control-socket",
    ]  # fmt: skip
    environment = {**os.environ, "COQUI_FOLDER": str(folder), "COQUI_THREADS": str(threads)}
    server = subprocess.Popen(command, cwd=PROJECT, env=environment)
    try:
        yield wait_for_coqui(server, port)
    finally:
        server.terminate()
        server.wait(STOP_SECONDS)


def wait_for_coqui(server: "subprocess.Popen[bytes]", port: int) -> int:
    give_up_at = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < give_up_at:
        try:
            time_coqui(port, SENTENCE)
            return port
        except OSError:
            time.sleep(0.5)
    raise SystemExit("coqui-tts did not start.")


PARTS: dict[str, Callable[[Any], None]] = {
    "first": measure_first_sound,
    "underruns": measure_underruns,
    "other": measure_another_caller,
    "memory": measure_memory,
    "xtts": measure_xtts,
}

if __name__ == "__main__":
    main()
