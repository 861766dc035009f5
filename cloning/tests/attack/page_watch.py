"""A process that asks for a page every 100 ms, whatever else goes on, until its standard input ends.

Each time counts from when the page was due, so that one that hangs is not one sample but all that came due meanwhile.
Run as `python page_watch.py PORT PATH …`; prints a line per page: seconds, status (0: none), path.
"""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

EVERY_SECONDS = 0.1
GIVE_UP_SECONDS = 60.0
MAX_ASKED = 50  # at the same time


@dataclass(frozen=True)
class Page:
    seconds: float
    status: int
    path: str


class Pages(list[Page]):
    def percentile(self, percent: int) -> float:
        times = sorted(page.seconds for page in self)
        return times[min(len(times) - 1, len(times) * percent // 100)] if times else 0.0

    @property
    def failed(self) -> list[Page]:
        return [page for page in self if page.status not in (200, 204)]


@contextlib.contextmanager
def watching_pages(port: int, *paths: str) -> Iterator[Pages]:
    """What was seen is in the list when the context has ended."""
    command = [sys.executable, "-P", __file__, str(port), *paths]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pages = Pages()
    try:
        yield pages
    finally:
        output, _ = process.communicate(timeout=GIVE_UP_SECONDS + 30)
        for line in output.splitlines():
            seconds, status, path = line.split(" ", 2)
            pages.append(Page(float(seconds), int(status), path))


async def ask(port: int, path: str, due_at: float, room: asyncio.Semaphore) -> None:
    status = 0
    with contextlib.suppress(OSError, TimeoutError):
        async with room, asyncio.timeout(GIVE_UP_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            received = await reader.read()
            writer.close()
            if received.startswith(b"HTTP/1."):
                status = int(received.split(maxsplit=2)[1])
    print(f"{time.monotonic() - due_at:.4f} {status} {path}")


async def watch(port: int, paths: list[str]) -> None:
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    asked: set[asyncio.Task[None]] = set()
    room = asyncio.Semaphore(MAX_ASKED)
    due_at, number = time.monotonic(), 0
    while not ended.done():
        asked.add(asyncio.create_task(ask(port, paths[number % len(paths)], due_at, room)))
        number, due_at = number + 1, due_at + EVERY_SECONDS
        await asyncio.sleep(max(0.0, due_at - time.monotonic()))
    await asyncio.gather(*asked)


if __name__ == "__main__":
    asyncio.run(watch(int(sys.argv[1]), sys.argv[2:]))
