"""Bytes that are hardly HTTP, as a hypothesis strategy."""

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from cloning.tests.attack.exchange import BOUNDARY, GENERATE, Case, multipart, post_form, request
from cloning.tests.attack.requests import PAGES, parts

FORM = ("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
# fmt: off
LENGTHS = [
    "0", "1", "99999", "-1", "1e3", "abc", "+5", "0x10", "", " 5", "5, 5", "9" * 30, "132000000", "1_0", "²",
]
CODINGS = ["chunked", "gzip, chunked", "chunked, chunked", "identity", "x", "Chunked"]
LINES = [
    "GET / HTTP/1.1", "GET / HTTP/9.9", "GET /", "GET http://evil.example/ HTTP/1.1", "get / http/1.1", "* * *",
    "GET  /  HTTP/1.1", "CONNECT a:1 HTTP/1.1", "PRI * HTTP/2.0", "GET /\x00 HTTP/1.1", "GET ? HTTP/1.0",
    "POST /api/v1/voice-clone/generate HTTP/1.0",
]
HEADER_LINES = [
    "A: b\r\n c\r\n", "A\r\n", ": b\r\n", "A: \x00\r\n", "A : b\r\n", "A: b\r\n" * 200, f"A: {'b' * 70_000}\r\n",
    "Transfer-Encoding: chunked\r\n", "Content-Length: 3\r\n", "Host: a\r\n", "A_B: c\r\n", "Upgrade: h2c\r\n", "\r\n",
]
# fmt: on


@st.composite
def half(draw: DrawFn) -> bytes:
    whole = post_form(GENERATE, draw(parts()))
    return whole[: draw(st.integers(0, len(whole)))]


@st.composite
def lying_about_length(draw: DrawFn) -> bytes:
    length = draw(st.one_of(st.sampled_from(LENGTHS), st.integers(0, 2**40).map(str)))
    return request("POST", GENERATE, [FORM, ("Content-Length", length)], multipart(draw(parts())))


@st.composite
def chunked(draw: DrawFn) -> bytes:
    body, coded = multipart(draw(parts())), b""
    for count in draw(st.lists(st.integers(0, 50), max_size=8)):
        size = draw(st.sampled_from([f"{count:x}", f"{count:x};a=b", "-1", "ffffffffffffffff", "zz", ""]))
        coded, body = coded + f"{size}\r\n".encode() + body[:count] + b"\r\n", body[count:]
    length = "" if draw(st.booleans()) else "Content-Length: 5\r\n"
    coding = f"Transfer-Encoding: {draw(st.sampled_from(CODINGS))}"
    head = f"POST {GENERATE} HTTP/1.1\r\nHost: localhost\r\n{length}{coding}\r\n"
    end = draw(st.sampled_from([b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b""]))
    return head.encode() + f"{FORM[0]}: {FORM[1]}\r\n\r\n".encode() + coded + end


@st.composite
def pipelined(draw: DrawFn) -> bytes:
    pages = draw(st.lists(st.sampled_from(PAGES), min_size=2, max_size=20))
    return b"".join(request("GET", page, [("Connection", "keep-alive")]) for page in pages) + request(
        "GET", "/"
    )


@st.composite
def flipped(draw: DrawFn) -> bytes:
    changed = bytearray(post_form(GENERATE, draw(parts())))
    for position in draw(st.lists(st.integers(0, min(len(changed), 400) - 1), min_size=1, max_size=5)):
        changed[position] = draw(st.integers(0, 255))
    return bytes(changed)


@st.composite
def odd_lines(draw: DrawFn) -> bytes:
    more = "".join(draw(st.lists(st.sampled_from(HEADER_LINES), max_size=3)))
    head = f"{draw(st.sampled_from(LINES))}\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n"
    return head.encode("latin-1") + draw(st.binary(max_size=40))


@st.composite
def expecting(draw: DrawFn) -> bytes:
    expected = ("Expect", draw(st.sampled_from(["100-continue", "x", "100-continue, 100-continue"])))
    return request("POST", GENERATE, [FORM, expected], multipart(draw(parts())))


KINDS = [
    half(),
    lying_about_length(),
    chunked(),
    pipelined(),
    flipped(),
    odd_lines(),
    expecting(),
    st.binary(max_size=500),
]


def raw_requests() -> st.SearchStrategy[Case]:
    """The web server's parser may answer, or hang up; it has to do either."""
    return st.one_of(KINDS).map(
        lambda payload: Case("raw HTTP", payload, GENERATE, "POST", is_well_formed=False)
    )
