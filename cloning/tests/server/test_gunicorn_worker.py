"""The real web server and clients that are slow, silent or gone."""

import http.client
import json
import re
import socket
import sqlite3
import subprocess
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from cloning.tests.clips import MALE_CLIP
from cloning.tests.live_site import LiveSite, running, wait_until_listening
from cloning.tests.waiting import wait_until

pytestmark = pytest.mark.alone

PAGE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
PATIENCE_SECONDS = 60.0  # with a machine under heavy load
LARGE_BYTES = 14 * 1024**2


def port(site: LiveSite) -> int:
    return int(site.url.rpartition(":")[2])


def connect(site: LiveSite, sends: bytes = b"", receive_buffer_bytes: int = 0) -> socket.socket:
    client = socket.socket()
    if receive_buffer_bytes:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
    client.settimeout(PATIENCE_SECONDS)
    client.connect(("127.0.0.1", port(site)))
    client.sendall(sends)
    return client


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def post(clip: bytes, *headers: str, length: int | None = None) -> bytes:
    start = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nGood morning.\r\n--b\r\n'
    start += b'Content-Disposition: form-data; name="reference"; filename="a.flac"\r\n\r\n'
    body = start + clip + b"\r\n--b--\r\n"
    lines = ["POST /api/v1/voice-clone/generate HTTP/1.1", "Host: localhost", *headers]
    lines += [
        "Content-Type: multipart/form-data; boundary=b",
        f"Content-Length: {length or len(body)}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


def seconds_until_closed(client: socket.socket) -> float:
    """How long the server keeps a connection on which nothing more is said."""
    started = time.monotonic()
    read_all(client)
    return time.monotonic() - started


def read_all(client: socket.socket) -> bytes:
    answer = b""
    try:
        while piece := client.recv(65536):
            answer += piece
    except ConnectionError:
        pass
    return answer


def read_answer(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    response = http.client.HTTPResponse(client)
    response.begin()
    return response.status, dict(response.getheaders()), response.read()


def status_of_page(site: LiveSite) -> int:
    with connect(site, PAGE) as client:
        return read_answer(client)[0]


def web_process(site: LiveSite) -> int:
    """The one that holds the connections: gunicorn's worker."""
    listing = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
    rows = [line.split(maxsplit=2) for line in listing.stdout.splitlines()]
    gunicorn = [(int(pid), int(parent)) for pid, parent, command in rows if "gunicorn" in command]
    (master,) = [pid for pid, parent in gunicorn if parent == site.process.pid]
    (worker,) = [pid for pid, parent in gunicorn if parent == master]
    return worker


def open_files(process: int) -> int:
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


def generations(site: LiveSite) -> int:
    with sqlite3.connect(f"file:{site.storage_root}/db.sqlite3?mode=ro", uri=True, timeout=20) as database:
        return database.execute("SELECT count(*) FROM cloning_generation").fetchone()[0]


def test_pages_are_answered_while_two_hundred_clients_are_slow(web_server, large_file) -> None:
    """Half of them send a byte a second at the most, half take as little of 14 MB."""
    request = post(MALE_CLIP.read_bytes())
    with ExitStack() as stack:
        for number in range(200):
            sends = [b"", PAGE[:20], request[: request.index(b"\r\n\r\n") + 50]][number // 2 % 3]
            if number % 2:
                sends = get(large_file)
            stack.enter_context(connect(web_server, sends, receive_buffer_bytes=4096))
        assert [status_of_page(web_server) for _ in range(20)] == [200] * 20


@pytest.mark.parametrize("sends", [b"", PAGE[:20]])
def test_a_connection_that_brings_no_request_is_closed(sends, web_server) -> None:
    with connect(web_server, sends) as client:
        assert 1 < seconds_until_closed(client) < PATIENCE_SECONDS


def test_more_connections_than_are_held_leave_room_for_a_visitor(web_server) -> None:
    with ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context(connect(web_server))
        assert status_of_page(web_server) == 200
        assert open_files(web_process(web_server)) < 1100


def test_a_body_that_comes_a_byte_at_a_time_is_answered_and_closed(web_server) -> None:
    request = post(MALE_CLIP.read_bytes())
    begin, answer = request.index(b"\r\n\r\n") + 4, b""
    with connect(web_server, request[:begin]) as client:
        client.settimeout(0.2)
        for position in range(begin, len(request)):
            client.sendall(request[position : position + 1])
            with suppress(TimeoutError):
                answer = client.recv(65536)
                break
        client.settimeout(PATIENCE_SECONDS)
        answer += read_all(client)
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout")
    assert b'"code": "request_timeout"' in answer


def test_a_reader_that_takes_nothing_is_dropped_and_a_slow_one_is_not(web_server, large_file) -> None:
    with (
        connect(web_server, get(large_file), receive_buffer_bytes=4096) as idle,
        connect(web_server, get(large_file), receive_buffer_bytes=4096) as slow,
    ):
        give_up_at = time.monotonic() + 5
        while time.monotonic() < give_up_at:  # some 80 kB a second
            assert slow.recv(16_384, socket.MSG_WAITALL)
            time.sleep(0.2)
        assert len(read_all(idle)) < LARGE_BYTES
        assert len(read_all(slow)) > 1_000_000


def test_a_client_that_left_frees_what_it_held_at_once(web_server) -> None:
    process, request = web_process(web_server), post(MALE_CLIP.read_bytes())
    known = generations(web_server)
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(web_server, request)) for _ in range(20)]
        wait_until(lambda: generations(web_server) == known + 20)
        held = open_files(process)
        for client in clients:
            client.close()
        left_at = time.monotonic()
        wait_until(lambda: open_files(process) <= held - 20)
        assert time.monotonic() - left_at < 5  # a second, on a machine that does nothing else
    assert status_of_page(web_server) == 200


def test_a_call_that_waits_is_answered_when_its_generation_has_ended(web_server) -> None:
    known = generations(web_server)
    with connect(web_server, post(MALE_CLIP.read_bytes())) as client:
        wait_until(lambda: generations(web_server) == known + 1)
        with connect(web_server, get("/api/v1/generations")) as other:
            newest = json.loads(read_answer(other)[2])["results"][0]
        cancel = f"DELETE {newest['status_url']} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with connect(web_server, cancel.encode()) as other:
            assert read_answer(other)[0] == 204
        status, headers, body = read_answer(client)
    assert (status, json.loads(body)["error"]["code"]) == (404, "not_found")
    assert "default-src" in headers["Content-Security-Policy"]


def test_stopping_answers_those_who_wait(tmp_path) -> None:
    with running("serve", "--only", "web", folder=tmp_path) as site:
        wait_until_listening(site)
        client = connect(site, post(MALE_CLIP.read_bytes()))
        wait_until(lambda: generations(site) == 1)
    with client:
        status, _, body = read_answer(client)
    assert (status, json.loads(body)["status"]) == (202, "queued")


def test_a_body_in_chunks_is_taken(web_server) -> None:
    head, _, body = post(MALE_CLIP.read_bytes(), "Prefer: respond-async").partition(b"\r\n\r\n")
    head = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head)
    chunks = [body[start : start + 10_000] for start in range(0, len(body), 10_000)]
    encoded = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])
    with connect(web_server, head + b"\r\n\r\n" + encoded) as client:
        assert read_answer(client)[0] == 202


def test_a_body_in_chunks_without_end_is_refused(web_server) -> None:
    head, _, _ = post(b"").partition(b"\r\n\r\n")
    head = re.sub(rb"Content-Length: \d+", b"Transfer-Encoding: chunked", head)
    chunk = b"%x\r\n%b\r\n" % (2**20, bytes(2**20))
    with connect(web_server, head + b"\r\n\r\n") as client:
        for _ in range(126):
            client.sendall(chunk)
        with suppress(ConnectionError):
            client.sendall(chunk)
        status, _, body = read_answer(client)
    assert (status, json.loads(body)["error"]["code"]) == (413, "request_too_large")


def test_too_large_a_length_is_refused_before_the_body_is_sent(web_server) -> None:
    request = post(MALE_CLIP.read_bytes(), "Expect: 100-continue", length=10**9)
    with connect(web_server, request[: request.index(b"\r\n\r\n") + 4]) as client:
        status, _, body = read_answer(client)
    assert (status, json.loads(body)["error"]["code"]) == (413, "request_too_large")


def test_a_client_that_waits_for_leave_to_send_gets_it(web_server) -> None:
    request = post(MALE_CLIP.read_bytes(), "Expect: 100-continue", "Prefer: respond-async")
    begin = request.index(b"\r\n\r\n") + 4
    with connect(web_server, request[:begin]) as client:
        assert client.recv(25, socket.MSG_WAITALL) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(request[begin:])
        assert read_answer(client)[0] == 202


def test_headers_alone(web_server, large_file) -> None:
    with connect(web_server, get(large_file).replace(b"GET", b"HEAD")) as client:
        response = http.client.HTTPResponse(client, method="HEAD")
        response.begin()
        assert (response.status, response.headers["Content-Length"]) == (200, str(LARGE_BYTES))
        client.sendall(PAGE)
        assert read_answer(client)[0] == 200, "the connection is still good"


@pytest.mark.parametrize("path", ["/%ff", "/%00", "/api/v1/%ff", "/generations/%E2%28%A1/"])
def test_paths_that_are_no_text(path: str, web_server) -> None:
    with connect(web_server, get(path)) as client:
        assert read_answer(client)[0] == 404


def test_a_query_that_is_no_text(web_server) -> None:
    with connect(web_server, get("/?page=").replace(b"page=", b"page=\xff\xfe")) as client:
        assert read_answer(client)[0] in (200, 400)


def test_a_websocket_is_refused_in_silence(web_server) -> None:
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    with connect(web_server, f"GET / HTTP/1.1\r\nHost: localhost\r\n{upgrade}{key}".encode()) as client:
        assert read_answer(client)[0] == 403


def test_nothing_of_this_is_an_error_in_the_log(web_server) -> None:
    assert "Traceback" not in web_server.log.read_text()
    assert "ERROR" not in web_server.log.read_text()
