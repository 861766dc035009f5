"""Gunicorn's configuration in these tests: deadlines that a test can wait for."""

from typing import Any


def post_worker_init(worker: Any) -> None:
    from cloning.server import bodies, gunicorn_worker

    gunicorn_worker.HEAD_SECONDS = 2.0
    gunicorn_worker.STALL_SECONDS = 2.0
    gunicorn_worker.SWEEP_SECONDS = 0.2
    bodies.GRACE_SECONDS = 2.0
    bodies.LINGER_SECONDS = 0.5
