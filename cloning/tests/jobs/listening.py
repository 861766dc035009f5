"""Processes that listen, for the tests of notifications."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from cloning.jobs.notifications import Subscription
from cloning.tests.live_site import PROJECT

MAX_SECONDS = 300.0  # then a listener is killed; for machines under heavy load
SCRIPT = """
import os, sys, django
django.setup()
from cloning.jobs.notifications import Subscription
"""
LISTEN = """
with Subscription(*sys.argv[1:]) as subscription:
    print("listening", flush=True)
    while True:
        for topic in sorted(subscription.wait(600)):
            print(topic, flush=True)
"""


@dataclass
class Listener:
    process: "subprocess.Popen[str]"

    def next_line(self) -> str:
        """Waits for it; nothing when the process has ended."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()


@contextmanager
def running(script: str, *topics: str) -> Iterator[Listener]:
    """A process on the test's own database and storage."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT + script, *topics],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "voiceclone_site.settings",
            "STORAGE_ROOT": str(settings.STORAGE_ROOT),
            "DATABASE_URL": database_url(),
        },
    )
    watchdog = threading.Timer(MAX_SECONDS, process.kill)
    watchdog.start()
    try:
        yield Listener(process)
    finally:
        watchdog.cancel()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with its children, which hold its output open
        process.communicate()


@contextmanager
def listener(*topics: str) -> Iterator[Listener]:
    with running(LISTEN, *topics) as process:
        assert process.next_line() == "listening"
        yield process


def database_url() -> str:
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    user = f"{quote(values['USER'])}:{quote(values['PASSWORD'])}@" if values["USER"] else ""
    host, port = quote(values["HOST"], safe=""), f":{values['PORT']}" if values["PORT"] else ""
    return f"postgresql://{user}{host}{port}/{values['NAME']}"


def next_topics(subscription: Subscription) -> set[str]:
    """Whatever comes next; a minute is for machines under heavy load."""
    return subscription.wait(60)
