"""What asks the database does so in threads: the event loop waits for nothing."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from django.db import connections

Result = TypeVar("Result")


async def in_thread(function: Callable[..., Result], *args: object) -> Result:
    return await asyncio.to_thread(with_own_connection, function, *args)


def with_own_connection(function: Callable[..., Result], *args: object) -> Result:
    try:
        return function(*args)
    finally:
        connections.close_all()  # of this thread
