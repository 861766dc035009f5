"""Gunicorn's asyncio worker, with the deadlines and the bound on connections that it lacks (27.0).

A connection that brings no request, or takes nothing of its answer, is closed after a while. When there are too many,
those go first that have waited longest without a request, so that a visitor who has one is still served.
"""

import asyncio
import resource
from typing import Any

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers import gasgi

HEAD_SECONDS = 15.0
STALL_SECONDS = 60.0
SWEEP_SECONDS = 1.0


class Protocol(ASGIProtocol):
    worker: "Worker"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.head_due_at: float | None = self.worker.loop.time() + HEAD_SECONDS
        self.stalled_at: float | None = None
        self.worker.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.worker.protocols.pop(self, None)
        super().connection_lost(exc)

    def _on_headers_complete(self) -> Any:
        self.head_due_at = None
        return super()._on_headers_complete()

    def pause_writing(self) -> None:
        self.stalled_at = self.worker.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.stalled_at = None
        super().resume_writing()

    @property
    def is_in_use(self) -> bool:
        return not self._awaiting_request

    def is_overdue(self, now: float) -> bool:
        """Whether its first request or, over a whole buffer's length, its reading is not to be waited for."""
        if self.head_due_at is not None and now > self.head_due_at:
            return True
        if self.transport.is_closing() and self.stalled_at is None:
            self.stalled_at = now  # what is left in the buffer has to go out as well
        return self.stalled_at is not None and now > self.stalled_at + STALL_SECONDS


class Worker(gasgi.ASGIWorker):
    loop: asyncio.AbstractEventLoop

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.protocols: dict[Protocol, None] = {}  # oldest first

    def init_process(self) -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 4 * self.worker_connections  # a connection may hold its body and a file of the answer
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (min(wanted, hard) if hard != resource.RLIM_INFINITY else wanted, hard)
        )
        gasgi.ASGIProtocol = Protocol  # the name that the worker makes connections with
        super().init_process()

    def handle_exit_signal(self) -> None:
        super().handle_exit_signal()
        self.asgi.stop()

    async def _serve(self) -> None:
        sweeping = self.loop.create_task(self.sweep())
        try:
            await super()._serve()
        finally:
            sweeping.cancel()

    async def sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            now = self.loop.time()
            for protocol in list(self.protocols):
                if protocol.is_overdue(now) or not (self.alive or protocol.is_in_use):
                    protocol.transport.abort()

    def add(self, protocol: Protocol) -> None:
        self.protocols[protocol] = None
        if len(self.protocols) > self.worker_connections:
            idle = (other for other in self.protocols if other.head_due_at is not None)
            next(idle, protocol).transport.abort()
