"""How long a page takes while others are slow, wait or upload: python -m benchmarks.web_server --help

Starts each candidate on the same data, one after another and round after round, and asks for `/` while the load is
on. A connection that the server closes is opened again, so that the load stays. Servers other than gunicorn are left
out unless they are installed (benchmarks/requirements-web-server.txt; PYTHONPATH may point to where). A round of the
default candidates takes some two and a half minutes on an idle machine.
"""

import argparse
import asyncio
import contextlib
import functools
import importlib.util
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
CLIP = PROJECT / "cloning/tests/data/1688-142285-0007.flac"
GUNICORN = [
    "gunicorn", "--no-control-socket", "--log-level", "error", "--timeout", "60", "--bind", "127.0.0.1:{port}",
]  # fmt: skip
WSGI, DJANGO_ASGI = "benchmarks.web_server:wsgi", "django.core.asgi:get_asgi_application"
CANDIDATES = {
    "threads-16": [*GUNICORN, "--worker-class", "gthread", "--threads", "16", WSGI],
    "threads-512": [*GUNICORN, "--worker-class", "gthread", "--threads", "512", WSGI],
    "gevent": [*GUNICORN, "--worker-class", "gevent", WSGI],
    "waitress": ["waitress", "--threads", "16", "--connection-limit", "1000", "--port", "{port}", WSGI],
    "granian": ["granian", "--interface", "wsgi", "--blocking-threads", "16", "--port", "{port}", WSGI],
    "uvicorn": ["uvicorn", "--factory", "--log-level", "error", "--port", "{port}", DJANGO_ASGI],
    "gunicorn-asgi": [*GUNICORN, "--worker-class", "asgi", f"{DJANGO_ASGI}()"],
    "ours": [*GUNICORN, "--worker-class", "cloning.server.gunicorn_worker.Worker", "voiceclone_site.asgi"],
}  # fmt: skip
DEFAULT = ("threads-16", "threads-512", "ours")
LARGE_BYTES = 14 * 1024**2
PAGE_TIMEOUT_SECONDS = 10.0
SETTLE_SECONDS = 4.0


@functools.cache
def wsgi_application() -> Any:
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def wsgi(environ: dict[str, Any], start_response: Any) -> Any:
    return wsgi_application()(environ, start_response)


# Clients


@dataclass
class Target:
    port: int
    file_path: str
    voice: str
    clip: bytes
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


@contextlib.asynccontextmanager
async def connection(target: Target, receive_buffer_bytes: int = 0) -> AsyncIterator[socket.socket]:
    with socket.socket() as client:
        if receive_buffer_bytes:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", target.port))
        yield client


async def fetch(target: Target, request: bytes) -> tuple[int, bytes]:
    """Status and everything of an answer, on a connection of its own."""
    loop, answer = asyncio.get_running_loop(), b""
    async with connection(target) as client:
        await loop.sock_sendall(client, request)
        while piece := await loop.sock_recv(client, 65536):
            answer += piece
    if not answer:
        raise ConnectionError("closed without an answer")
    return int(answer.split(b" ", 2)[1]), answer


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


def post(clip: bytes, *headers: str) -> bytes:
    field = b'--b\r\nContent-Disposition: form-data; name="reference"; filename="a.flac"\r\n\r\n'
    return post_form(field + clip + b"\r\n", *headers)


def post_form(fields: bytes, *headers: str) -> bytes:
    text = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nGood morning.\r\n'
    body = text + fields + b"--b--\r\n"
    lines = ["POST /api/v1/voice-clone/generate HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    lines += ["Content-Type: multipart/form-data; boundary=b", f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


async def send_nothing(target: Target) -> None:
    async with connection(target) as client:
        await asyncio.get_running_loop().sock_recv(client, 1)


async def send_slowly(target: Target, request: bytes, quick_bytes: int) -> None:
    """The beginning at once, then a byte a second."""
    loop = asyncio.get_running_loop()
    async with connection(target) as client:
        await loop.sock_sendall(client, request[:quick_bytes])
        for position in range(quick_bytes, len(request)):
            await loop.sock_sendall(client, request[position : position + 1])
            with contextlib.suppress(TimeoutError):
                if await asyncio.wait_for(loop.sock_recv(client, 1024), 1):
                    return  # an answer, whatever it says


async def send_head_slowly(target: Target) -> None:
    await send_slowly(target, get("/" + "a" * 1000), 20)


async def send_body_slowly(target: Target) -> None:
    request = post(target.clip)
    await send_slowly(target, request, request.index(b"\r\n\r\n") + 50)


async def read_slowly(target: Target, bytes_a_second: int = 1) -> None:
    loop = asyncio.get_running_loop()
    async with connection(target, receive_buffer_bytes=4096) as client:
        await loop.sock_sendall(client, get(target.file_path))
        while await loop.sock_recv(client, bytes_a_second):
            await asyncio.sleep(1)


async def listen(target: Target) -> None:
    """As a player of MP3 with 64 kbit/s."""
    await read_slowly(target, 8000)


async def wait_for_result(target: Target) -> None:
    body = f'--b\r\nContent-Disposition: form-data; name="voice"\r\n\r\n{target.voice}\r\n'
    await fetch(target, post_form(body.encode()))


async def upload(target: Target) -> None:
    """A clip that the server has not seen; comes back when it is told to."""
    clip = target.clip[:-8] + random.randbytes(8)
    status, _ = await fetch(target, post(clip, "Prefer: respond-async"))
    target.count(f"uploads answered {status}")
    if status == 503:
        await asyncio.sleep(5)


async def ask_for_status(target: Target) -> None:
    await fetch(target, get(target.file_path.replace("files", "generations").removesuffix(".wav")))


Client = Callable[[Target], Awaitable[None]]
LOADS: dict[str, list[tuple[int, Client]]] = {
    "idle": [],
    "slow": [(34, send_nothing), (33, send_head_slowly), (33, send_body_slowly), (100, read_slowly)],
    "listeners": [(200, listen), (100, wait_for_result), (50, send_head_slowly), (50, send_body_slowly)],
    "uploads": [(200, upload)],
}


async def keep_on(target: Target, client: Client) -> None:
    while True:
        try:
            await client(target)
        except OSError:
            target.count("connections closed")
        await asyncio.sleep(0.1)


async def time_pages(target: Target, seconds: float) -> list[float]:
    """Seconds of each of the requests for `/` that two visitors make one after another."""
    times: list[float] = []

    async def visit() -> None:
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at:
            started = time.monotonic()
            try:
                status, _ = await asyncio.wait_for(fetch(target, get("/")), PAGE_TIMEOUT_SECONDS)
                assert status == 200, status
                times.append(time.monotonic() - started)
            except (TimeoutError, OSError, AssertionError, IndexError) as error:
                target.count(f"page: {error!r}")
                times.append(PAGE_TIMEOUT_SECONDS)
            await asyncio.sleep(0.05)

    await asyncio.gather(visit(), visit())
    return times


async def measure(target: Target, load: str, seconds: float) -> list[float]:
    clients = [keep_on(target, client) for count, client in LOADS[load] for _ in range(count)]
    tasks = [asyncio.create_task(client) for client in clients]
    await asyncio.sleep(SETTLE_SECONDS if tasks else 0)
    times = await time_pages(target, seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return times


# Servers


@contextlib.contextmanager
def serving(
    command: list[str], environment: dict[str, str], log: Path
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [argument.format(port=port) for argument in command]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=PROJECT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        give_up_at = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10).close()
                break
            except OSError as error:
                if time.monotonic() > give_up_at or process.poll() is not None:
                    raise RuntimeError(f"{command[0]} does not serve:\n{log.read_text()}") from error
                time.sleep(0.2)
        yield process, port
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def peak_megabytes(session: int) -> float:
    """The highest resident memory of the processes of a session, summed."""
    kilobytes = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            if os.getsid(int(status.parent.name)) == session:
                lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
                kilobytes += int(lines.get("VmHWM", "0").split()[0])
    return kilobytes / 1024


def prepare(folder: Path) -> tuple[dict[str, str], str, str]:
    """A storage with a page full of generations; the environment to serve it, the path of a large file, a voice."""
    os.environ |= {
        "STORAGE_ROOT": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "DJANGO_SETTINGS_MODULE": "voiceclone_site.settings",
        "ENGINE": "preview",
        "MAX_QUEUED": "100000",
        "LOG_LEVEL": "ERROR",
        "PYTHONWARNINGS": "ignore",
    }
    import django

    django.setup()
    from django.core.files.base import ContentFile
    from django.core.management import call_command
    from django.db import connection

    from cloning.models import Channel, Generation, Reference, Status, Voice

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    for number in range(20):
        generation = Generation(
            text=f"Sentence number {number}. " * 40,
            requested_via=Channel.API,
            status=Status.SUCCEEDED,
            engine="preview",
            peaks=[0.5] * 300,
            duration_seconds=300.0,
            sample_rate_hz=24_000,
        )
        generation.audio.save("", ContentFile(bytes(LARGE_BYTES if number == 19 else 1000)), save=False)
        generation.save()
    reference = Reference(sha256="0" * 64, format_name="flac", duration_seconds=7.0, size_bytes=1)
    reference.file.save("", ContentFile(CLIP.read_bytes()), save=False)
    reference.save()
    voice = Voice.objects.create(name="Ada")
    voice.references.add(reference)
    connection.close()  # and so all is in the one file
    return dict(os.environ), f"/api/v1/files/{generation.pk}.wav", str(voice.pk)


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000


def run(name: str, load: str, seconds: float, folder: Path, database: Path) -> dict[str, float | str]:
    environment, file_path, voice = json.loads((folder / "prepared.json").read_text())
    shutil.copy(database, folder / "storage/db.sqlite3")
    for leftover in ("db.sqlite3-wal", "db.sqlite3-shm"):
        (folder / "storage" / leftover).unlink(missing_ok=True)
    with serving(CANDIDATES[name], environment, folder / "log") as (process, port):
        target = Target(port, file_path, voice, CLIP.read_bytes())
        asyncio.run(time_pages(target, 1.0))
        target.counts.clear()
        times = asyncio.run(measure(target, load, seconds))
        return {
            "p50 ms": round(percentile(times, 0.5)),
            "p95 ms": round(percentile(times, 0.95)),
            "max ms": round(max(times) * 1000),
            "pages": len(times),
            "MB": round(peak_megabytes(process.pid)),
            "notes": ", ".join(f"{count} {what}" for what, count in target.counts.items()),
        }


Results = dict[tuple[str, str], list[dict[str, float | str]]]
"""By load and candidate, what each round measured."""


def is_installed(name: str) -> bool:
    module = "gevent" if name == "gevent" else CANDIDATES[name][0]
    if importlib.util.find_spec(module):
        return True
    print(f"{name} is left out: {module} is not installed", file=sys.stderr, flush=True)
    return False


def run_rounds(names: list[str], options: argparse.Namespace, folder: Path, database: Path) -> Results:
    """As many as there is time for; at least one."""
    results: Results = {}
    end_at = time.monotonic() + options.minutes * 60
    for _ in range(options.rounds):
        started_at = time.monotonic()
        for load in options.loads.split(","):
            for name in names:
                found = run(name, load, options.seconds, folder, database)
                results.setdefault((load, name), []).append(found)
                print(f"{load}: {name}: {found}", file=sys.stderr, flush=True)
        now = time.monotonic()
        if now + (now - started_at) > end_at:
            break
    return results


def print_tables(results: Results) -> None:
    columns = ["p50 ms", "p95 ms", "max ms", "MB"]
    for load in dict.fromkeys(load for load, _ in results):
        rows = {name: rounds for (of, name), rounds in results.items() if of == load}
        count = max(map(len, rows.values()))
        print(f"\n{load} (median of rounds: {count})\n\n| server | {' | '.join(columns)} |")
        print("|---|---|---|---|---|")
        for name, rounds in rows.items():
            medians = [
                f"{statistics.median(float(found[column]) for found in rounds):.0f}" for column in columns
            ]
            print(f"| {name} | {' | '.join(medians)} |")
    print(f"\nCores: {os.cpu_count()}, load of the last five minutes: {os.getloadavg()[1]:.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", default=",".join(DEFAULT), help=f"of {', '.join(CANDIDATES)}")
    parser.add_argument("--loads", default=",".join(LOADS))
    parser.add_argument("--rounds", type=int, default=3, help="at most")
    parser.add_argument("--minutes", type=float, default=5.5, help="no round begins that would end later")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    options = parser.parse_args()
    names = [name for name in options.candidates.split(",") if is_installed(name)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "prepared.json").write_text(json.dumps(prepare(folder / "storage")))
        database = Path(shutil.move(folder / "storage/db.sqlite3", folder / "db.sqlite3"))
        print_tables(run_rounds(names, options, folder, database))


if __name__ == "__main__":
    main()
