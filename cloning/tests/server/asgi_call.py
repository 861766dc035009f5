"""Requests to an ASGI application without a server in between."""

import asyncio
from collections.abc import Sequence
from typing import Any


class Call:
    """A request and what was answered to it so far. `leave` is what a closed connection is to the application."""

    def __init__(self, method: str, path: str, body: Sequence[bytes] = (), **headers: str) -> None:
        self.scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
            + [(b"host", b"localhost")],
        }
        self._messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in body]
        self._messages.append({"type": "http.request", "body": b"", "more_body": False})
        self._left = asyncio.Event()
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if self._messages:
            return self._messages.pop(0)
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    def leave(self) -> None:
        self._left.set()

    def start(self, application: Any) -> "asyncio.Task[None]":
        return asyncio.create_task(application(self.scope, self.receive, self.send))

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    @property
    def content(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def is_complete(self) -> bool:
        return bool(self.sent) and not self.sent[-1].get(
            "more_body", self.sent[-1]["type"] != "http.response.body"
        )
