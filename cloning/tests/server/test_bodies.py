import asyncio
import errno
from typing import Any

import pytest

from cloning.errors import GenerationError
from cloning.server import bodies
from cloning.server.bodies import Body, ClientLeftError, read_body


@pytest.fixture(autouse=True)
def storage(settings, tmp_path) -> None:
    settings.STORAGE_ROOT = tmp_path
    (tmp_path / "temporary").mkdir()


@pytest.fixture(autouse=True)
def nothing_left() -> Any:
    yield
    assert Body.bytes_at_once == 0


def read(*pieces: bytes, end: dict[str, Any] | None = None, pause_seconds: float = 0.0) -> bytes:
    """The body that arrives in these pieces; `end` is what arrives instead of the last."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append(end or {"type": "http.request"})

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause_seconds)
        return messages.pop(0)

    async def run() -> bytes:
        body = await read_body(receive)
        assert Body.bytes_at_once == body.size_bytes
        content = body.read()
        body.close()
        return content

    return asyncio.run(run())


def test_the_whole_body() -> None:
    assert read(b"one", b"", b"two") == b"onetwo"
    assert read() == b""


def test_a_large_body_is_on_disk_without_a_name(tmp_path) -> None:
    pieces = [bytes([number]) * 10_000 for number in range(20)]
    assert read(*pieces) == b"".join(pieces)
    assert list((tmp_path / "temporary").iterdir()) == []
    body = Body()
    asyncio.run(body.append(bytes(bodies.MAX_BYTES_IN_MEMORY + 1)))
    assert body._rolled
    body.close()


def test_a_body_that_is_larger_than_any_form(settings) -> None:
    settings.MAX_REFERENCE_MB = 1
    assert len(read(bytes(6 * 1024**2))) == 6 * 1024**2
    with pytest.raises(GenerationError, match="larger than 6 MB") as raised:
        read(bytes(6 * 1024**2), b"x")
    assert raised.value.code == "request_too_large"


def test_a_body_that_comes_too_slowly(monkeypatch) -> None:
    monkeypatch.setattr(bodies, "GRACE_SECONDS", 0.2)
    with pytest.raises(GenerationError) as raised:
        read(*[b"x"] * 1000, pause_seconds=0.01)
    assert raised.value.code == "request_timeout"


def test_a_body_that_comes_steadily_may_take_longer(monkeypatch) -> None:
    monkeypatch.setattr(bodies, "GRACE_SECONDS", 0.2)
    monkeypatch.setattr(bodies, "MIN_BYTES_PER_SECOND", 1000)
    assert len(read(*[bytes(1000)] * 50, pause_seconds=0.01)) == 50_000


def test_no_body_may_take_for_ever(monkeypatch) -> None:
    monkeypatch.setattr(bodies, "MAX_SECONDS", 0.2)
    with pytest.raises(GenerationError) as raised:
        read(*[bytes(100_000)] * 1000, pause_seconds=0.01)
    assert raised.value.code == "request_timeout"


def test_a_sender_that_leaves() -> None:
    with pytest.raises(ClientLeftError):
        read(b"one", end={"type": "http.disconnect"})


def test_many_bodies_at_once_are_bounded(monkeypatch) -> None:
    monkeypatch.setattr(bodies, "MAX_BYTES_AT_ONCE", 1_000_000)
    other = Body()
    asyncio.run(other.append(bytes(900_000)))
    with pytest.raises(GenerationError) as raised:
        read(bytes(100_001))
    assert raised.value.code == "server_busy"
    other.close()
    assert len(read(bytes(100_001))) == 100_001


def test_a_large_body_is_refused_before_the_disk_is_full(settings) -> None:
    settings.MIN_FREE_MB = 10**9
    small = bytes(bodies.MAX_BYTES_IN_MEMORY)
    assert read(small) == small, "a form without a file takes no room"
    with pytest.raises(GenerationError) as raised:
        read(small, b"x")
    assert raised.value.code == "storage_full"


def test_a_full_disk(monkeypatch) -> None:
    def full(self: Body, chunk: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Body, "write", full)
    with pytest.raises(OSError, match="No space left"):
        read(b"one")
