"""Brokers for benchmarks and tests: RabbitMQ and Redis, as Debian has them, on ports of their own."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.site import find_free_port

RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # the one on PATH changes to another user
START_SECONDS = 120.0


@contextmanager
def redis_server(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """An empty one. Killed, it has kept nothing."""
    with server(["redis-server", "--port", str(port), "--save", "", "--appendonly", "no"], port) as process:
        yield process


@contextmanager
def rabbitmq_server(port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """With its own port mapper, which would else stay after the last of its servers."""
    mapper_port, inner_port = (str(each) for each in find_other_ports(2, port))
    (folder / "plugins").write_text("[].")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ERL_EPMD_PORT": mapper_port,
        "RABBITMQ_NODENAME": f"test-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": inner_port,
        "RABBITMQ_MNESIA_BASE": str(folder / "database"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",  # does not spin while others work
    }
    with (
        server(["epmd", "-port", mapper_port, "-address", "127.0.0.1"], int(mapper_port), environment),
        server([str(RABBITMQ)], port, environment) as process,
    ):
        yield process


def find_other_ports(count: int, taken: int) -> list[int]:
    """A port that was just found to be free is found again at times."""
    found = {taken}
    while len(found) <= count:
        found.add(find_free_port())
    return [*(found - {taken})]


@contextmanager
def server(
    command: list[str], port: int, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """With all that it starts."""
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_until_listening(process, port)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, f"{process.args!r} ended"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        assert time.monotonic() < give_up_at, f"{process.args!r} does not listen"
        time.sleep(0.05)
