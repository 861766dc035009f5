import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from django.contrib.auth.models import AnonymousUser, User
from mcp import Client

from cloning.agents.tools import Tools, build_server
from cloning.jobs.acting import Actor
from cloning.jobs.notifications import Arrivals
from cloning.models import ApiKey

Result = TypeVar("Result")


@pytest.fixture
def ask(transactional_db) -> Callable[..., Any]:
    """Runs a conversation of the official client with a server in this process, as somebody."""

    def run(
        conversation: Callable[[Client], Awaitable[Result]],
        user: User | None = None,
        key: ApiKey | None = None,
    ) -> Result:
        async def main() -> Result:
            with Arrivals() as arrivals:
                actor = Actor(user or AnonymousUser(), key)
                async with Client(build_server(Tools(arrivals, actor)), read_timeout_seconds=120) as client:
                    return await conversation(client)

        return asyncio.run(main())

    return run
