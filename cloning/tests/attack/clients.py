"""Many clients at once, some of them too slow on purpose, while pages are asked for."""

import asyncio
import contextlib
import random
import time
from pathlib import Path

from cloning.tests.attack import hostile, leftovers
from cloning.tests.attack.exchange import parse_answers, request
from cloning.tests.attack.page_watch import watching_pages
from cloning.tests.attack.report import Promise, Report
from cloning.tests.attack.server import Server, attacked
from cloning.tests.attack.sizes import Size
from cloning.tests.attack.uploads import make_clips

LONG_TEXT = "This sentence is one of many that fill a long file. " * 60
MAX_RESTING_SECONDS = 1.0


def attack(folder: Path, report: Report, size: Size) -> None:
    clips = make_clips(folder)
    with attacked(folder / "clients", report, LEASE_SECONDS="30") as server:
        known = server.post(LONG_TEXT, clips["flac"])
        assert known is not None
        server.wait_for(
            lambda: server.status_of(known) == "succeeded", 300, "a long generation has succeeded"
        )
        pages_asked = ("/", f"/api/v1/generations/{known}")
        with report.timed("clients"):
            with watching_pages(server.port, *pages_asked) as pages:
                time.sleep(min(5.0, size.client_seconds))
            hostile.judge_pages(server, "no client", pages)
            with watching_pages(server.port, *pages_asked) as pages:
                posted = asyncio.run(Crowd(server, known, clips["mp3"], size).act())
            hostile.judge_pages(server, f"{size.clients} clients", pages)
            server.wait_for_ends(60 + 3 * len(posted))
        for generation in posted:
            if server.status_of(generation) != "succeeded":
                server.fault(Promise.LOST, f"{generation} is {server.status_of(generation) or 'gone'}")
        report.count("jobs accepted", len(posted))
        leftovers.check(server)


class Crowd:
    """Of five clients one posts, two ask for states, one sends a byte a second, one reads a long file as slowly."""

    def __init__(self, server: Server, known: str, clip: bytes, size: Size) -> None:
        self.server, self.known, self.clip, self.size = server, known, clip, size
        self.posted: list[str] = []

    async def act(self) -> list[str]:
        kinds = [self.post, self.poll, self.poll, self.send_slowly, self.read_slowly]
        end_at = time.monotonic() + self.size.client_seconds
        await asyncio.gather(*(kinds[number % 5](end_at) for number in range(self.size.clients)))
        return self.posted

    async def ask(self, payload: bytes) -> bytes:
        """Everything that comes back, or nothing."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(120):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
                writer.write(payload)
                received = await reader.read()
                writer.close()
                return received
        return b""

    async def post(self, end_at: float) -> None:
        payload = self.server.generation_request("Good morning.", self.clip)
        while time.monotonic() < end_at and len(self.posted) < self.size.jobs // 2:
            answers = parse_answers(await self.ask(payload))
            if answers and answers[0].status == 202:
                self.posted.append(answers[0].json()["id"])
            elif not answers or answers[0].status != 503 or "retry-after" not in answers[0].headers:
                self.server.fault(
                    Promise.NO_5XX, f"a post among many: {answers[0] if answers else 'no answer'}"
                )
            await asyncio.sleep(1 + random.random() * 4)

    async def poll(self, end_at: float) -> None:
        while time.monotonic() < end_at:
            answers = parse_answers(await self.ask(request("GET", f"/api/v1/generations/{self.known}")))
            self.server.report.count("polls")
            if not answers or answers[0].status != 200:
                self.server.fault(
                    Promise.NO_5XX, f"a poll among many: {answers[0] if answers else 'no answer'}"
                )
            await asyncio.sleep(MAX_RESTING_SECONDS * (0.5 + random.random()))

    async def send_slowly(self, end_at: float) -> None:
        payload = self.server.generation_request("Good morning.", self.clip)
        while time.monotonic() < end_at:
            with contextlib.suppress(OSError):  # the server may hang up: that is its defence
                _, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
                for position in range(len(payload)):
                    if time.monotonic() > end_at or writer.is_closing():
                        break
                    writer.write(payload[position : position + 1])
                    await writer.drain()
                    await asyncio.sleep(1)
                writer.close()
            await asyncio.sleep(0.1)

    async def read_slowly(self, end_at: float) -> None:
        while time.monotonic() < end_at:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port, limit=1)
                writer.write(request("GET", f"/api/v1/files/{self.known}.wav"))
                while time.monotonic() < end_at and await reader.read(1):
                    await asyncio.sleep(1)
                writer.close()
            await asyncio.sleep(0.1)
