"""Events as they come from a stranger: nothing is read that is longer than it may be.

An event is a line of JSON, then `data_length` bytes of JSON, then `payload_length` bytes. The package `wyoming`
reads as much as the line says.
"""

import asyncio
import json
from typing import Any

from django.conf import settings
from wyoming.event import Event, async_write_event

IDLE_SECONDS = 300.0  # between two events: whoever feeds a stream may be thinking
ARRIVAL_SECONDS = 30.0  # for the rest of an event that was begun
SENDING_SECONDS = 60.0  # for a client that takes nothing
MAX_PAYLOAD_BYTES = 1024**2
"""Nothing that is asked of a voice has one: it is read past."""
BLOCK_BYTES = 64 * 1024


class WrongEventError(Exception):
    """What came is no event, or too long to be read: nothing can be known of what follows it."""


def max_line_bytes() -> int:
    """Of a line, and of the data that follow it: a character may be written as `\\ud83d\\ude00`."""
    return 12 * settings.MAX_TEXT_CHARS + 64 * 1024


async def read_event(reader: asyncio.StreamReader) -> Event | None:
    """None at the end, and where nothing comes for long. The reader's limit is `max_line_bytes`.

    Raises WrongEventError.
    """
    try:
        line = await asyncio.wait_for(reader.readuntil(b"\n"), IDLE_SECONDS)
        header = parse(line)
        data = header.get("data") or {}
        if not isinstance(data, dict) or not isinstance(header.get("type"), str):
            raise WrongEventError("An event needs a type, and its data have to be an object.")
        if length := read_length(header, "data_length", max_line_bytes()):
            data |= parse(await asyncio.wait_for(reader.readexactly(length), ARRIVAL_SECONDS))
        length = read_length(header, "payload_length", MAX_PAYLOAD_BYTES)
        await asyncio.wait_for(skip(reader, length), ARRIVAL_SECONDS)
    except (asyncio.IncompleteReadError, TimeoutError, ConnectionError):
        return None
    except asyncio.LimitOverrunError as error:
        raise WrongEventError(f"A line has more than {max_line_bytes()} bytes.") from error
    return Event(header["type"], data)


def parse(source: bytes) -> dict[str, Any]:
    try:
        members = json.loads(source)
    except (ValueError, RecursionError) as error:
        raise WrongEventError("That is no JSON.") from error
    if not isinstance(members, dict):
        raise WrongEventError("That is no JSON object.")
    return members


def read_length(header: dict[str, Any], name: str, most: int) -> int:
    length = header.get(name) or 0
    if isinstance(length, bool) or not isinstance(length, int) or not 0 <= length <= most:
        raise WrongEventError(f"{name} has to be a whole number up to {most}.")
    return length


async def skip(reader: asyncio.StreamReader, length: int) -> None:
    while length:
        length -= len(await reader.readexactly(min(length, BLOCK_BYTES)))


async def write_event(event: Event, writer: asyncio.StreamWriter) -> None:
    """Raises ConnectionError where the client has gone, or takes nothing."""
    try:
        await asyncio.wait_for(async_write_event(event, writer), SENDING_SECONDS)
    except TimeoutError as error:
        writer.transport.abort()
        raise ConnectionAbortedError from error
