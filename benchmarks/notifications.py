"""How soon another process learns of something, and has the sound: python -m benchmarks.notifications --help

One process sends, another receives, with nothing else going on. The time runs from before the sending to when the
receiver has all bytes. The receiver's processor time is taken before that, while nothing comes; that of the database
server is not in it. Tables and files are of this run alone; still, give it a database that nobody else uses.
"""

import argparse
import base64
import multiprocessing
import os
import random
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

CHUNK_BYTES = 48_000  # a second of 24 kHz, 16 bit
PAUSE_SECONDS = (0.02, 0.08)  # between two; chance keeps it out of step with polling
WAIT_SECONDS = 1.0
TABLE = "benchmark_sound"
SPAWN = multiprocessing.get_context("spawn")
NOISE = random.randbytes(CHUNK_BYTES - 8)

Send = Callable[[int], None]
"""Sends the chunk of a number."""
Receive = Callable[[], list[int]]
"""Waits, WAIT_SECONDS at most, and returns the numbers of new chunks."""


def make_chunk(number: int) -> bytes:
    return number.to_bytes(8, "big") + NOISE


def number_of(chunk: bytes | bytearray) -> int:
    assert len(chunk) == CHUNK_BYTES
    return int.from_bytes(chunk[:8], "big")


# The ways. The sender's context is entered before the receiver's, in another process.


class Way(Protocol):
    def sending(self) -> AbstractContextManager[Send]: ...

    def receiving(self) -> AbstractContextManager[Receive]: ...


class Hint:
    """No sound, the hint alone: its topic is the number."""

    @contextmanager
    def sending(self) -> Iterator[Send]:
        from cloning.jobs.notifications import notify

        yield lambda number: notify(str(number))

    @contextmanager
    def receiving(self) -> Iterator[Receive]:
        from cloning.jobs.notifications import Subscription

        with Subscription() as subscription:
            yield lambda: [int(topic) for topic in subscription.wait(WAIT_SECONDS)]


class Rows:
    """A row for each chunk, waited for by hints, or asked for again and again."""

    def __init__(self, poll_seconds: float | None = None, *, waits_for_disk: bool = True) -> None:
        self.poll_seconds = poll_seconds
        self.waits_for_disk = waits_for_disk

    @contextmanager
    def sending(self) -> Iterator[Send]:
        from django.db import connection

        from cloning.jobs.notifications import notify

        def send(number: int) -> None:
            with connection.cursor() as cursor:
                cursor.execute(f"INSERT INTO {TABLE} VALUES (%s, %s)", [number, make_chunk(number)])  # noqa: S608
            if self.poll_seconds is None:
                notify("sound")

        with connection.cursor() as cursor:
            kind = "bytea" if connection.vendor == "postgresql" else "blob"
            cursor.execute(f"CREATE TABLE {TABLE} (number integer PRIMARY KEY, pcm {kind} NOT NULL)")
            if not self.waits_for_disk:
                cursor.execute("SET synchronous_commit = off")
        try:
            yield send
        finally:
            with connection.cursor() as cursor:
                cursor.execute(f"DROP TABLE {TABLE}")
            connection.close()

    @contextmanager
    def receiving(self) -> Iterator[Receive]:
        from django.db import connection

        from cloning.jobs.notifications import Subscription

        last = -1

        def receive() -> list[int]:
            nonlocal last
            if self.poll_seconds is None:
                subscription.wait(WAIT_SECONDS)
            else:
                time.sleep(self.poll_seconds)
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT pcm FROM {TABLE} WHERE number > %s ORDER BY number", [last])  # noqa: S608
                numbers = [number_of(bytes(pcm)) for (pcm,) in cursor.fetchall()]
            last = max([last, *numbers])
            return numbers

        with ExitStack() as stack:
            if self.poll_seconds is None:
                subscription = stack.enter_context(Subscription())
            yield receive
        connection.close()


class GrowingFile:
    """Appended to, and waited for by hints."""

    path = Path("sound.pcm")

    @contextmanager
    def sending(self) -> Iterator[Send]:
        from cloning.jobs.notifications import notify

        def send(number: int) -> None:
            file.write(make_chunk(number))
            notify("sound")

        with self.path.open("wb", buffering=0) as file:
            yield send

    @contextmanager
    def receiving(self) -> Iterator[Receive]:
        from cloning.jobs.notifications import Subscription

        rest = b""

        def receive() -> list[int]:
            nonlocal rest
            subscription.wait(WAIT_SECONDS)
            rest += file.read()
            whole = len(rest) // CHUNK_BYTES * CHUNK_BYTES
            numbers = [number_of(rest[at : at + CHUNK_BYTES]) for at in range(0, whole, CHUNK_BYTES)]
            rest = rest[whole:]
            return numbers

        with Subscription() as subscription, self.path.open("rb") as file:
            yield receive


class UnixSocket:
    """From the one process straight into the other."""

    path = "sound.socket"

    @contextmanager
    def sending(self) -> Iterator[Send]:
        peers: list[socket.socket] = []

        def send(number: int) -> None:
            if not peers:
                peers.append(server.accept()[0])
            peers[0].sendall(make_chunk(number))

        with socket.socket(socket.AF_UNIX) as server:
            server.bind(self.path)
            server.listen()
            yield send
            peers[0].close()

    @contextmanager
    def receiving(self) -> Iterator[Receive]:
        chunk = bytearray()

        def receive() -> list[int]:
            try:
                while len(chunk) < CHUNK_BYTES:
                    chunk.extend(client.recv(CHUNK_BYTES - len(chunk)))
            except TimeoutError:
                return []
            number = number_of(chunk)
            chunk.clear()
            return [number]

        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(WAIT_SECONDS)
            client.connect(self.path)
            yield receive


class Payload:
    """In the hints themselves, of which PostgreSQL takes 8,000 bytes: text, so in base64."""

    piece_bytes = 5_850
    channel = "benchmark_sound"

    @contextmanager
    def sending(self) -> Iterator[Send]:
        from django.db import connection, transaction

        def send(number: int) -> None:
            chunk = make_chunk(number)
            pieces = [chunk[at : at + self.piece_bytes] for at in range(0, CHUNK_BYTES, self.piece_bytes)]
            rows = [
                (self.channel, f"{number} {at} {base64.b64encode(piece).decode()}")
                for at, piece in enumerate(pieces)
            ]
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.executemany("SELECT pg_notify(%s, %s)", rows)

        yield send
        connection.close()

    @contextmanager
    def receiving(self) -> Iterator[Receive]:
        import psycopg

        from cloning.jobs.notifications.postgresql import connection_parameters

        pieces: list[bytes] = []

        def receive() -> list[int]:
            numbers = []
            for hint in listening.notifies(timeout=WAIT_SECONDS, stop_after=1):
                pieces.append(base64.b64decode(hint.payload.split()[2]))
                if len(pieces) == -(-CHUNK_BYTES // self.piece_bytes):
                    numbers.append(number_of(b"".join(pieces)))
                    pieces.clear()
            return numbers

        with psycopg.connect(**connection_parameters(), autocommit=True) as listening:
            listening.execute(f"LISTEN {self.channel}")
            yield receive


COMMON: dict[str, Way] = {
    "hint alone": Hint(),
    "rows, hint": Rows(),
    "rows, asked for every 50 ms": Rows(0.05),
    "rows, asked for every 300 ms": Rows(0.3),
}
WAYS: dict[str, dict[str, Way]] = {
    "SQLite": {**COMMON, "growing file, hint": GrowingFile(), "UNIX socket": UnixSocket()},
    "PostgreSQL": {
        **COMMON,
        "rows, hint, synchronous_commit off": Rows(waits_for_disk=False),
        "in the hint": Payload(),
    },
}


# Measuring


@dataclass(frozen=True)
class Measured:
    arrival_seconds: list[float]
    sending_seconds: list[float]
    idle_cpu_share: float


def receive_all(ways: list[Way], count: int, idle_seconds: float, sender: "Connection[Any, Any]") -> None:
    """The receiving process: for each way, says what it took while idle, then when each number came."""
    import django

    django.setup()
    for way in ways:
        assert sender.recv() == "ready to send"
        with way.receiving() as receive:
            receive()  # whatever is done once
            started_at, started_cpu_at = time.monotonic(), time.process_time()
            while time.monotonic() - started_at < idle_seconds:
                receive()
            sender.send((time.process_time() - started_cpu_at) / (time.monotonic() - started_at))
            came_at: dict[int, float] = {}
            while len(came_at) < count:
                for number in receive():
                    came_at[number] = time.monotonic()  # the same clock in all processes
        sender.send(came_at)


def measure(way: Way, count: int, receiver: "Connection[Any, Any]") -> Measured:
    with way.sending() as send:
        receiver.send("ready to send")
        idle_cpu_share = receiver.recv()
        sent_at, sending_seconds = [], []
        for number in range(count):
            time.sleep(random.uniform(*PAUSE_SECONDS))
            sent_at.append(time.monotonic())
            send(number)
            sending_seconds.append(time.monotonic() - sent_at[-1])
        came_at = receiver.recv()
    return Measured([came_at[n] - sent_at[n] for n in range(count)], sending_seconds, idle_cpu_share)


def measure_all(database: str, count: int, idle_seconds: float) -> None:
    """In a process of its own, as Django knows one database in a process."""
    import django

    django.setup()
    ways = WAYS[database]
    ours, theirs = SPAWN.Pipe()
    arguments = (list(ways.values()), count, idle_seconds, theirs)
    receiver = SPAWN.Process(target=receive_all, args=arguments, daemon=True)
    receiver.start()
    theirs.close()  # so that its death is seen
    for name, way in ways.items():
        measured = measure(way, count, ours)
        figures = (
            f"{statistics.median(measured.arrival_seconds) * 1000:.2f}",
            f"{statistics.quantiles(measured.arrival_seconds, n=20)[-1] * 1000:.2f}",
            f"{statistics.median(measured.sending_seconds) * 1000:.2f}",
            f"{measured.idle_cpu_share * 100:.2f}",
        )
        print(f"| {database} | {name} | {' | '.join(figures)} |", flush=True)
    receiver.join()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--chunks", type=int, default=80, help="for each figure (80)")
    parser.add_argument("--idle-seconds", type=float, default=2.0)
    parser.add_argument(
        "--postgresql",
        default=os.environ.get("TEST_DATABASE_URL", ""),
        metavar="URL",
        help="(TEST_DATABASE_URL)",
    )
    options = parser.parse_args()
    print(f"{options.chunks} chunks of {CHUNK_BYTES:,} bytes, load average {os.getloadavg()[0]:.1f}\n")
    print("| database | way | median ms | p95 ms | sending, median ms | idle, % of a core |")
    print("|---|---|---|---|---|---|", flush=True)
    project = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "voiceclone_site.settings",
            "STORAGE_ROOT": folder,
            "PYTHONPATH": str(project),
        }
        os.chdir(folder)
        for database, url in (("SQLite", ""), ("PostgreSQL", options.postgresql)):
            if database == "PostgreSQL" and not url:
                print("\nWithout PostgreSQL: neither --postgresql nor TEST_DATABASE_URL names one.")
                continue
            os.environ["DATABASE_URL"] = url
            arguments = (database, options.chunks, options.idle_seconds)
            process = SPAWN.Process(target=measure_all, args=arguments)
            process.start()
            process.join()
            if process.exitcode:
                raise SystemExit(process.exitcode)
        print(f"\nload average at the end {os.getloadavg()[0]:.1f}")
        os.chdir(project)


if __name__ == "__main__":
    main()
