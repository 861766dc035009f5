"""Brokers of the tests' own: RabbitMQ and Redis."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.brokers import RABBITMQ, rabbitmq_server, redis_server
from cloning.tests.live_site import free_port


def require(program: Path | str) -> None:
    if not shutil.which(program) and not os.environ.get("CI_FORBID_SKIPS"):
        pytest.skip(f"{program} is not installed")


@pytest.fixture
def redis_url() -> Iterator[str]:
    require("redis-server")
    port = free_port()
    with redis_server(port):
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture(scope="session")
def rabbitmq_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    require(RABBITMQ)
    port = free_port()
    with rabbitmq_server(port, tmp_path_factory.mktemp("rabbitmq")):
        yield f"amqp://guest:guest@127.0.0.1:{port}//"
