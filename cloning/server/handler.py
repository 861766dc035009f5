"""Django's views, which are synchronous, behind asyncio: what is slow or waits holds no thread.

A body is read before a thread is taken, an answer is sent after it is given back. Forms with files have threads of
their own, so that a page never stands in line behind uploads.
"""

import asyncio
import functools
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from typing import Any

from django.conf import settings
from django.core import signals
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.db import connections
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import set_script_prefix

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.notifications import Arrivals
from cloning.server.bodies import Body, ClientLeftError, Receive, discard_body, read_body, refuse_size
from cloning.server.broadcasts import Broadcasts, Listener
from cloning.server.deferred import DeferredResponse
from cloning.server.sound import Places, SoundResponse
from cloning.storage.local import explain_unavailable
from cloning.storage.temporary import temporary_root

logger = logging.getLogger(__name__)

Send = Callable[[dict[str, Any]], Awaitable[None]]

UPLOAD_THREADS = max(2, os.cpu_count() or 1)  # one more than decode: it waits for them, the others in line
MAX_WAITING_UPLOADS = 64
CHUNK_BYTES = 64 * 1024


class Request(ASGIRequest):
    is_deferrable = True
    refusal: GenerationError | None = None
    """Why the server takes it no further; `middleware.refuse` answers with it."""
    has_unread_body = False
    places: Places


class Handler(BaseHandler):
    """The ASGI application."""

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware()
        temporary_root().mkdir(mode=0o700, parents=True, exist_ok=True)
        self.stopping = asyncio.Event()
        self.arrivals = Arrivals()
        self.broadcasts = Broadcasts(self.arrivals)
        self.places = Places()
        self.views = ThreadPoolExecutor(settings.WEB_THREADS, "view")
        self.uploads = ThreadPoolExecutor(UPLOAD_THREADS, "upload")
        self.uploads_at_once = 0

    def stop(self) -> None:
        """Answers what waits with what there is, and breaks streams off."""
        self.stopping.set()
        self.broadcasts.stop()
        self.arrivals.close()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        try:
            request = await read_request(scope, receive)
        except ClientLeftError:
            return
        request.places = self.places
        answering = asyncio.create_task(self.answer(request, send))
        leaving = asyncio.create_task(wait_for_leaving(receive))
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not answering.done():
                answering.cancel()
            await asyncio.wait((answering, leaving))
        if not answering.cancelled() and answering.result() is False:
            # Without an end, and without a traceback: gunicorn closes the connection, so that the client notices.
            raise asyncio.CancelledError
        if request.has_unread_body:
            await discard_body(receive)

    async def answer(self, request: Request, send: Send) -> bool:
        """Whether the answer was sent to its end."""
        is_upload = request.content_type == "multipart/form-data"
        if is_upload and self.uploads_at_once >= UPLOAD_THREADS + MAX_WAITING_UPLOADS:
            request.refusal = GenerationError(ErrorCode.SERVER_BUSY, "Too many uploads are waiting.")
            is_upload = False
        self.uploads_at_once += is_upload
        try:
            pool = self.uploads if is_upload else self.views
            response = await self.in_thread(pool, request, functools.partial(self.respond, request))
        finally:
            self.uploads_at_once -= is_upload
        if isinstance(response, DeferredResponse):
            await first_of(response.until(self.arrivals), self.stopping.wait())
            response = await self.in_thread(self.views, request, functools.partial(complete, response))
        try:
            if isinstance(response, SoundResponse):
                return await self.send_sound(request, response, send)
            await send_response(response, send, with_body=request.method != "HEAD")
        finally:
            if response.streaming:
                await asyncio.shield(asyncio.to_thread(close, response))
        return True

    async def send_sound(self, request: Request, response: SoundResponse, send: Send) -> bool:
        """Whether it came to its end, or was refused."""
        async with self.broadcasts.listen(response.key) as listener:
            try:
                await listener.wait_for_sound()
            except GenerationError as error:
                response.has_left, refuse = False, functools.partial(response.refusal, error)
            else:
                is_whole = await send_pieces(response, listener, send)
                response.has_left = False
                return is_whole
        refusal = await self.in_thread(self.views, request, functools.partial(in_view, refuse))
        await send_response(refusal, send, with_body=True)
        return True

    def respond(self, request: Request) -> HttpResponseBase:
        """In a thread: middleware and view. What is not streamed is complete, and closed, when this returns."""
        set_script_prefix(request.script_name or "")
        signals.request_started.send(sender=self.__class__, scope=request.scope)
        try:
            response = self.get_response(request)
        except BaseException:
            request.close()
            raise
        if response.streaming:
            connections.close_all()  # of this thread; another closes the response
        else:
            response.close()
        return response

    async def in_thread(
        self, pool: ThreadPoolExecutor, request: Request, function: Callable[[], HttpResponseBase]
    ) -> HttpResponseBase:
        """Given up at once when the client leaves: what waits is not begun, and what comes of the rest is closed."""
        future = pool.submit(function)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            future.add_done_callback(functools.partial(abandon, request))
            raise


def abandon(request: Request, future: "Future[HttpResponseBase]") -> None:
    if future.cancelled():
        request.close()
    elif not future.exception():
        close(future.result())


def complete(deferred: DeferredResponse) -> HttpResponseBase:
    return in_view(deferred.complete)


def in_view(answer: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    try:
        return answer()
    finally:
        connections.close_all()  # of this thread


def close(response: HttpResponseBase) -> None:
    response.close()
    connections.close_all()  # of this thread


async def read_request(scope: dict[str, Any], receive: Receive) -> Request:
    """Raises ClientLeftError. Whatever else is wrong with the body becomes the request's refusal."""
    body, refusal = Body(), refuse_size(declared_length(scope))
    try:
        if refusal is None:
            body = await read_body(receive)
    except GenerationError as error:
        refusal = error
    except OSError as error:
        if (refusal := explain_unavailable(error)) is None:
            raise
    query = scope["query_string"].decode("utf-8", "replace")
    request = Request({**scope, "query_string": query}, body)
    request.META["CONTENT_LENGTH"] = str(body.size_bytes)
    request.refusal = refusal
    request.has_unread_body = refusal is not None
    return request


def declared_length(scope: dict[str, Any]) -> int:
    """0 for a body in chunks, which may be of any length."""
    return int(dict(scope["headers"]).get(b"content-length", 0))


async def wait_for_leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def first_of(*awaitables: Awaitable[Any]) -> None:
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    for task in tasks:
        if task.done() and not task.cancelled():
            task.result()


async def send_pieces(response: SoundResponse, listener: Listener, send: Send) -> bool:
    """Whether the sound came to its end."""
    await send_start(response, send)
    try:
        async with aclosing(listener.pieces()) as pieces:
            async for piece in pieces:
                body = response.wrapping.wrap(piece)
                await send({"type": "http.response.body", "body": body, "more_body": True})
    except GenerationError as error:
        logger.info("A stream of %s broke off: %s", response.key[0], error)
        return False
    await send({"type": "http.response.body", "body": response.wrapping.ending})
    return True


async def send_start(response: HttpResponseBase, send: Send) -> None:
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    headers += [
        (b"Set-Cookie", cookie.OutputString().encode("ascii")) for cookie in response.cookies.values()
    ]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})


async def send_response(response: HttpResponseBase, send: Send, *, with_body: bool) -> None:
    await send_start(response, send)
    if isinstance(response, StreamingHttpResponse) and with_body:
        async with aclosing(iterate(response)) as chunks:
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
    content = response.content if isinstance(response, HttpResponse) and with_body else b""
    await send({"type": "http.response.body", "body": content})


async def iterate(response: StreamingHttpResponse) -> AsyncGenerator[bytes, None]:
    """The pieces of a stream; one that blocks, as files do, is read in threads."""
    if response.is_async:
        async for piece in response:
            yield piece
        return
    pieces = iter(response)

    def next_piece() -> bytes:
        return next(pieces, b"")

    while piece := await asyncio.to_thread(next_piece):
        yield piece
