"""HTTP as bytes: an attacker needs requests that no client library would send, and answers taken as they come."""

import json
import selectors
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

BOUNDARY = "attack-boundary"
GENERATE = "/api/v1/voice-clone/generate"
PATIENCE_SECONDS = 0.3
TIMEOUT_SECONDS = 90.0  # beyond any promise, on a machine that is shared with others


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # by lower-case name
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Part:
    """One part of a multipart body; with a file name it is an upload."""

    name: str
    content: bytes
    filename: str | None = None
    content_type: str = "application/octet-stream"


@dataclass(frozen=True)
class Exchange:
    answers: list[Answer]
    seconds: float
    is_timed_out: bool


def exchange(
    port: int, payload: bytes, *, timeout_seconds: float = TIMEOUT_SECONDS, half_closing: bool = False
) -> Exchange:
    """Sends `payload` and reads until the server ends the connection; a refusal of a body comes before its end.

    `half_closing` ends its own side when no answer comes for a while: for requests that may be incomplete.
    """
    started_at, received = time.monotonic(), bytearray()
    is_timed_out = False
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout_seconds) as connection:
            is_timed_out = not _converse(
                connection, payload, received, started_at + timeout_seconds, half_closing
            )
    except TimeoutError:
        is_timed_out = True
    except OSError:
        pass  # the server has had enough; what it said before counts
    return Exchange(parse_answers(bytes(received)), time.monotonic() - started_at, is_timed_out)


def _converse(
    connection: socket.socket, payload: bytes, received: bytearray, give_up_at: float, half_closing: bool
) -> bool:
    """Whether the server came to an end in time."""
    connection.setblocking(False)
    unsent = memoryview(payload)
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while (left_seconds := give_up_at - time.monotonic()) > 0:
            happened = selector.select(min(left_seconds, PATIENCE_SECONDS if half_closing else left_seconds))
            if not happened and half_closing and not unsent:
                connection.shutdown(socket.SHUT_WR)
                half_closing = False
            for _, events in happened:
                if events & selectors.EVENT_READ:
                    if not (chunk := connection.recv(65536)):
                        return True
                    received += chunk
                if events & selectors.EVENT_WRITE:
                    unsent = unsent[connection.send(unsent) :] if unsent else unsent
                    if not unsent:
                        selector.modify(connection, selectors.EVENT_READ)
    return False


def parse_answers(received: bytes) -> list[Answer]:
    """All complete answers of a connection. The last one may be cut short: its body is what came."""
    answers: list[Answer] = []
    while received:
        head, separator, rest = received.partition(b"\r\n\r\n")
        status_line, _, header_lines = head.partition(b"\r\n")
        if not separator or not status_line.startswith(b"HTTP/1."):
            break
        status = int(status_line.split()[1])
        lines = (line.partition(b":") for line in header_lines.split(b"\r\n"))
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1").strip() for name, _, value in lines
        }
        if headers.get("transfer-encoding") == "chunked":
            body, received = _unchunk(rest)
        elif "content-length" in headers:
            size_bytes = int(headers["content-length"])
            if rest[:7] == b"HTTP/1." or status in (204, 304):  # an answer to HEAD
                size_bytes = 0
            body, received = rest[:size_bytes], rest[size_bytes:]
        elif 100 <= status < 200 or status in (204, 304):
            body, received = b"", rest
        else:
            body, received = rest, b""
        if status >= 200:
            answers.append(Answer(status, headers, body))
    return answers


def _unchunk(rest: bytes) -> tuple[bytes, bytes]:
    body = bytearray()
    while rest:
        size_line, _, rest = rest.partition(b"\r\n")
        size_bytes = int(size_line.split(b";")[0] or b"0", 16)
        if not size_bytes:
            return bytes(body), rest.partition(b"\r\n")[2]
        body += rest[:size_bytes]
        rest = rest[size_bytes + 2 :]
    return bytes(body), b""


def multipart(parts: Iterable[Part], boundary: str = BOUNDARY) -> bytes:
    """Names go into the body as they are, quotes and line breaks included."""
    pieces: list[bytes] = []
    for part in parts:
        disposition = f'form-data; name="{part.name}"'
        kind = ""
        if part.filename is not None:
            disposition += f'; filename="{part.filename}"'
            kind = f"Content-Type: {part.content_type}\r\n"
        head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\n{kind}\r\n"
        pieces += [head.encode("utf-8", "surrogatepass"), part.content, b"\r\n"]
    return b"".join(pieces) + f"--{boundary}--\r\n".encode()


def request(
    method: str,
    path: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    *,
    host: str = "localhost",
) -> bytes:
    """One request on a connection of its own; a header given replaces the usual one of that name."""
    usual = {"Host": host, "Connection": "close"}
    if body or method in ("POST", "PUT", "PATCH"):
        usual["Content-Length"] = str(len(body))
    given = list(headers)
    names = {name.lower() for name, _ in given}
    lines = [(name, value) for name, value in usual.items() if name.lower() not in names] + given
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines)
    return head.encode("latin-1", "replace") + b"\r\n" + body


def post_form(
    path: str, parts: Iterable[Part], headers: Iterable[tuple[str, str]] = (), *, host: str = "localhost"
) -> bytes:
    kind = ("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
    return request("POST", path, [kind, *headers], multipart(parts), host=host)


@dataclass(frozen=True)
class Case:
    """One request of an attack and what may be expected of its answer."""

    kind: str
    payload: bytes = field(repr=False)
    path: str = "/"
    method: str = "GET"
    is_well_formed: bool = True  # else the server's parser may answer, or hang up


DOCUMENTED_FAILURES = {
    "speech_silent",
    "synthesis_failed",
    "deadline_exceeded",
}  # of a generation, as its result


def complaint(case: Case, exchanged: Exchange) -> str:
    """What is wrong with the answer, or nothing."""
    if exchanged.is_timed_out:
        return f"no end of the answer within {exchanged.seconds:.0f} s"
    if not exchanged.answers:
        return "the connection was closed without an answer" if case.is_well_formed else ""
    for answer in exchanged.answers:
        if answer.status >= 500 and not is_documented(case, answer):
            return f"undocumented {answer.status}: {answer.body[:200]!r}"
    answer = exchanged.answers[0]
    if (
        case.is_well_formed
        and case.path.startswith("/api/")
        and not case.path.startswith("/api/v1/health")  # answers 503 with its checks
        and answer.status >= 400
        and case.method != "HEAD"
    ):
        return shape_complaint(answer)
    return ""


def is_documented(case: Case, answer: Answer) -> bool:
    if answer.status == 503:
        return "retry-after" in answer.headers or case.path.startswith("/api/v1/health")
    if not case.is_well_formed and answer.status in (501, 505):
        return True  # RFC 9110: an unknown transfer coding or method, an unknown version of HTTP
    if answer.status == 500 and answer.headers.get("content-type") == "application/json":
        body = answer.json()
        return "id" in body and body["error"]["code"] in DOCUMENTED_FAILURES
    return False


def shape_complaint(answer: Answer) -> str:
    if answer.status == 416 and not answer.body:
        return ""
    try:
        error = answer.json()["error"]
        if set(error) != {"code", "message", "field"} or not error["code"] or not error["message"]:
            return f"{answer.status}: not the documented error: {error}"
    except (ValueError, KeyError, TypeError):
        return f"{answer.status}: not the documented JSON error but {answer.body[:120]!r}"
    return ""
