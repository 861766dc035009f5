"""The server: whoever connects gets a conversation, and those that are too many a sentence."""

import asyncio
import logging
import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from ipaddress import ip_address

from django.conf import settings
from wyoming.error import Error

from cloning.accounts.addresses import name_address, parse_address
from cloning.errors import ErrorCode
from cloning.jobs.notifications import Arrivals
from cloning.wyoming.announcing import announced
from cloning.wyoming.conversation import Conversation
from cloning.wyoming.speaking import Speech
from cloning.wyoming.voices import Offer
from cloning.wyoming.wire import max_line_bytes, write_event

logger = logging.getLogger(__name__)

THREADS = 16
MAX_CONNECTIONS = 200
MAX_CONNECTIONS_OF_ADDRESS = 50
LEAVING_SECONDS = 5.0


class Server:
    def __init__(self, arrivals: Arrivals) -> None:
        self._speech = Speech(arrivals)
        self._offer = Offer()
        self._connected: Counter[str] = Counter()  # by address
        self._tasks: set[asyncio.Task[None]] = set()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        address = name_address(parse_address(str(peer[0]))) if peer else ""
        is_too_much = self._connected.total() >= MAX_CONNECTIONS
        if is_too_much or self._connected[address] >= MAX_CONNECTIONS_OF_ADDRESS:
            try:
                error = Error("Too many are connected already.", str(ErrorCode.SERVER_BUSY))
                await write_event(error.event(), writer)
            except ConnectionError:
                pass
            writer.close()
            return
        self._connected[address] += 1
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            await Conversation(reader, writer, address, self._speech, self._offer).run()
        finally:
            self._tasks.discard(task)
            self._connected[address] -= 1
            self._connected = +self._connected  # without those that have none any more

    async def run(self, host: str, port: int, tell: Callable[[int], None]) -> None:
        """Until it is cancelled. `tell` is called with the port once connections are taken. Raises OSError."""
        await self._offer.refresh()
        server = await asyncio.start_server(self.converse, host, port, limit=max_line_bytes())
        async with AsyncExitStack() as stack:
            address, port = server.sockets[0].getsockname()[:2]
            if settings.WYOMING_ZEROCONF and not ip_address(address).is_loopback:
                await stack.enter_async_context(announced(address, port))
            tell(port)
            try:
                await asyncio.Event().wait()
            finally:
                server.close()
                await self._leave()

    async def _leave(self) -> None:
        self._speech.stop()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LEAVING_SECONDS)


async def serve(host: str, port: int, tell: Callable[[int], None]) -> None:
    """Until SIGTERM or Ctrl-C. Raises OSError where the address can't be had."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS, "wyoming"))
    with Arrivals() as arrivals:
        running = asyncio.create_task(Server(arrivals).run(host, port, tell))
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, running.cancel)
        await asyncio.wait({running})
        if not running.cancelled():
            running.result()
