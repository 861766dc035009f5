"""What holds a thread of the web server, and what does not."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator

import pytest
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from cloning.jobs.notifications import Arrivals
from cloning.server import handler
from cloning.server.bodies import Body
from cloning.server.deferred import DeferredResponse
from cloning.server.handler import Handler, Request
from cloning.tests.server.asgi_call import Call

PATIENCE_SECONDS = 60
UPLOAD = {"content_type": "multipart/form-data; boundary=b"}
View = Callable[[Request], HttpResponseBase]


@pytest.fixture
def serve(settings, tmp_path, monkeypatch) -> Callable[[View], Handler]:
    """A server with two threads for views and one for uploads, which calls one view for all that is not refused."""
    settings.STORAGE_ROOT = tmp_path
    settings.WEB_THREADS = 2
    monkeypatch.setattr(handler, "UPLOAD_THREADS", 1)
    monkeypatch.setattr(handler, "MAX_WAITING_UPLOADS", 1)

    def make(view: View) -> Handler:
        made = Handler()
        answer = made.get_response
        monkeypatch.setattr(
            made, "get_response", lambda request: answer(request) if request.refusal else view(request)
        )
        return made

    return make


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a view waits at. Opened at the end, so that no thread stays behind."""
    event = threading.Event()
    yield event
    event.set()


async def finished(*tasks: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*tasks)


def test_pages_do_not_wait_behind_uploads(serve, gate) -> None:
    def view(request: Request) -> HttpResponse:
        if request.method == "POST":
            assert gate.wait(PATIENCE_SECONDS)
        return HttpResponse(request.method)

    async def run() -> None:
        application = serve(view)
        uploads = [Call("POST", "/", [b"--b"], **UPLOAD) for _ in range(2)]
        waiting = [upload.start(application) for upload in uploads]
        page = Call("GET", "/")
        await finished(page.start(application))
        assert (page.status, page.content) == (200, b"GET")
        gate.set()
        await finished(*waiting)
        assert [upload.content for upload in uploads] == [b"POST", b"POST"]

    asyncio.run(run())


def test_more_uploads_than_can_wait_are_refused_at_once(serve, gate) -> None:
    def view(request: Request) -> HttpResponse:
        assert gate.wait(PATIENCE_SECONDS)
        return HttpResponse()

    async def run() -> None:
        application = serve(view)
        path = "/api/v1/voice-clone/generate"
        waiting = [Call("POST", path, [b"--b"], **UPLOAD).start(application) for _ in range(2)]
        await asyncio.sleep(0.1)
        refused = Call("POST", path, [b"--b"], **UPLOAD)
        await finished(refused.start(application))
        assert refused.status == 503
        assert (b"Retry-After", b"5") in refused.sent[0]["headers"]
        assert json.loads(refused.content)["error"]["code"] == "server_busy"
        gate.set()
        await finished(*waiting)

    asyncio.run(run())


def test_an_upload_whose_sender_left_before_its_turn_is_not_begun(serve, gate) -> None:
    begun: list[str] = []

    def view(request: Request) -> HttpResponse:
        begun.append(request.path)
        assert gate.wait(PATIENCE_SECONDS)
        return HttpResponse()

    async def run() -> None:
        application = serve(view)
        first, second = Call("POST", "/first", **UPLOAD), Call("POST", "/second", [b"x" * 100_000], **UPLOAD)
        working = first.start(application)
        waiting = second.start(application)
        await asyncio.sleep(0.1)
        assert Body.bytes_at_once == 100_000
        second.leave()
        await finished(waiting)
        assert Body.bytes_at_once == 0
        gate.set()
        await finished(working)
        assert application.uploads_at_once == 0

    asyncio.run(run())
    assert begun == ["/first"]


def test_a_deferred_answer_holds_no_thread_and_keeps_the_headers_of_the_middleware(serve) -> None:
    async def run() -> None:
        ended = asyncio.Event()

        async def until(_arrivals: Arrivals) -> None:
            await ended.wait()

        def view(request: Request) -> HttpResponseBase:
            if request.path == "/":
                return HttpResponse()
            response = DeferredResponse(until, lambda: HttpResponse("done", status=201))
            response["Content-Security-Policy"] = "strict"
            return response

        application = serve(view)
        calls = [Call("GET", "/wait") for _ in range(10)]
        waiting = [call.start(application) for call in calls]
        await asyncio.sleep(0.1)
        page = Call("GET", "/")
        await finished(page.start(application))
        assert [call.sent for call in calls] == [[]] * 10
        ended.set()
        await finished(*waiting)
        assert {(call.status, call.content) for call in calls} == {(201, b"done")}
        assert (b"Content-Security-Policy", b"strict") in calls[0].sent[0]["headers"]

    asyncio.run(run())


@pytest.mark.parametrize("end", ["the client leaves", "the server stops"])
def test_waiting_ends(end: str, serve) -> None:
    async def run() -> None:
        answered = threading.Event()

        async def forever(_arrivals: Arrivals) -> None:
            await asyncio.Event().wait()

        def answer() -> HttpResponse:
            answered.set()
            return HttpResponse("so far", status=202)

        application = serve(lambda request: DeferredResponse(forever, answer))
        call = Call("GET", "/wait")
        waiting = call.start(application)
        await asyncio.sleep(0.1)
        call.leave() if end == "the client leaves" else application.stop()
        await finished(waiting)
        assert answered.is_set() == (end == "the server stops")
        assert bool(call.sent) == answered.is_set()

    asyncio.run(run())


def test_a_stream_is_sent_piece_by_piece_and_closed(serve) -> None:
    closed = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"one"
        yield b"two"

    def view(request: Request) -> HttpResponseBase:
        response = StreamingHttpResponse(pieces())
        response._resource_closers.append(closed.set)
        return response

    async def run() -> Call:
        call = Call("GET", "/")
        await finished(call.start(serve(view)))
        return call

    call = asyncio.run(run())
    assert [message["body"] for message in call.sent[1:]] == [b"one", b"two", b""]
    assert closed.is_set()


def test_a_stream_that_breaks_has_no_end(serve) -> None:
    """So that the server ends the connection and the client does not take it for the whole."""

    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise OSError("the disk is gone")

    async def run() -> Call:
        call = Call("GET", "/")
        with pytest.raises(OSError, match="the disk is gone"):
            await finished(call.start(serve(lambda request: StreamingHttpResponse(pieces()))))
        return call

    call = asyncio.run(run())
    assert call.content == b"one"
    assert call.sent[-1]["more_body"]


def test_a_stream_that_its_listener_left_is_closed(serve, gate) -> None:
    closed = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"one"
        assert gate.wait(PATIENCE_SECONDS)
        yield b"two"

    def view(request: Request) -> HttpResponseBase:
        response = StreamingHttpResponse(pieces())
        response._resource_closers.append(closed.set)
        return response

    async def run() -> None:
        call = Call("GET", "/")
        streaming = call.start(serve(view))
        while len(call.sent) < 2:
            await asyncio.sleep(0.01)
        call.leave()
        await finished(streaming)
        assert closed.is_set()
        gate.set()

    asyncio.run(run())


def test_what_a_view_returns_after_its_client_left_is_closed(serve, gate) -> None:
    begun, closed = threading.Event(), threading.Event()

    def view(request: Request) -> HttpResponseBase:
        begun.set()
        assert gate.wait(PATIENCE_SECONDS)
        response = StreamingHttpResponse([b"one"])
        response._resource_closers.append(closed.set)
        return response

    async def run() -> None:
        call = Call("GET", "/")
        answering = call.start(serve(view))
        await asyncio.to_thread(begun.wait)
        call.leave()
        await finished(answering)
        assert call.sent == []

    asyncio.run(run())
    assert not closed.is_set()
    gate.set()
    assert closed.wait(PATIENCE_SECONDS)
