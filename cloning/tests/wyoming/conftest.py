import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from wyoming.client import AsyncClient

from cloning.jobs.notifications import Arrivals
from cloning.wyoming.server import Server

Result = TypeVar("Result")


@pytest.fixture
def talk(transactional_db) -> Callable[[Callable[[AsyncClient], Awaitable[Result]]], Result]:
    """Runs a server in this process while a client of the package `wyoming` talks to it."""

    def run(conversation: Callable[[AsyncClient], Awaitable[Result]]) -> Result:
        async def main() -> Result:
            port = asyncio.get_running_loop().create_future()
            with Arrivals() as arrivals:
                serving = asyncio.create_task(Server(arrivals).run("127.0.0.1", 0, port.set_result))
                try:
                    uri = f"tcp://127.0.0.1:{await port}"
                    async with AsyncClient.from_uri(uri, read_timeout=120) as client:
                        return await conversation(client)
                finally:
                    serving.cancel()
                    await asyncio.wait({serving})

        return asyncio.run(main())

    return run
