"""The supervisor with its real children: what `make run` starts."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from django.core.management.base import CommandError

from cloning.management.commands import serve
from cloning.tests.clips import MALE_CLIP
from cloning.tests.live_site import PROJECT, LiveSite, running, serving, wait_until_ready
from cloning.tests.waiting import wait_until

LONG_TEXT = (
    "This is a sentence of a text that is long enough to be interrupted in the middle of its synthesis. " * 30
)


IMPATIENT = """
import os, runpy, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "voiceclone_site.settings"
import django
django.setup()
from cloning.management import supervision
supervision.MIN_FROZEN_SECONDS, supervision.CHECK_SECONDS = 6.0, 1.0
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def rows(site: LiveSite, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{site.storage_root}/db.sqlite3?mode=ro", uri=True, timeout=20) as connection:
        return connection.execute(query).fetchall()


def worker_pids(site: LiveSite) -> list[int]:
    return [pid for (pid,) in rows(site, "SELECT pid FROM cloning_worker ORDER BY seen_at DESC")]


def running_segments(site: LiveSite) -> int:
    return sum(
        done
        for (done,) in rows(site, "SELECT segments_done FROM cloning_generation WHERE status = 'running'")
    )


def takes_that_were_spoken(site: LiveSite) -> list[tuple[Any, ...]]:
    return rows(site, "SELECT id, audio, attempts FROM cloning_take WHERE status = 'succeeded'")


def test_a_killed_worker_loses_nothing_and_no_sentence_is_spoken_twice(tmp_path):
    with serving(tmp_path, LEASE_SECONDS="6") as site:
        generation = site.post(LONG_TEXT, MALE_CLIP.read_bytes())
        wait_until(lambda: running_segments(site) >= 2)
        os.kill(worker_pids(site)[0], signal.SIGKILL)
        before = takes_that_were_spoken(site)
        result = wait_until(lambda: (g := site.get(generation["status_url"]))["status"] == "succeeded" and g)
        spoken = takes_that_were_spoken(site)
        assert set(before) <= set(spoken), "what was finished stays as it is"
        assert len(spoken) == len(result["segments"]) == rows(site, "SELECT count(*) FROM cloning_take")[0][0]
        assert max(attempts for _, _, attempts in spoken) <= 2
        stored = {
            str(path.relative_to(site.storage_root))
            for path in (site.storage_root / "generated").rglob("*.wav")
        }
        [(joined,)] = rows(site, "SELECT audio FROM cloning_generation")
        assert stored == {joined, *(audio for _, audio, _ in spoken)}
        duration_seconds = soundfile.info(site.storage_root / joined).duration
        assert duration_seconds == pytest.approx(result["duration_seconds"], abs=0.01)
        assert rows(site, "SELECT count(*) FROM cloning_generation") == [(1,)]
        assert "The worker ended with exit code -9; starting it again" in site.log.read_text()


def test_stopping_in_the_middle_loses_nothing_and_the_next_run_goes_on(tmp_path):
    with serving(tmp_path) as site:
        generation = site.post(LONG_TEXT, MALE_CLIP.read_bytes())
        wait_until(lambda: running_segments(site) >= 1)
    assert not rows(site, "SELECT 1 FROM cloning_take WHERE status = 'running' OR claim_token IS NOT NULL")
    assert {attempts for _, _, attempts in takes_that_were_spoken(site)} == {1}
    assert rows(site, "SELECT max(attempts) FROM cloning_take WHERE status = 'queued'") == [(0,)]
    assert rows(site, "SELECT count(*) FROM cloning_worker") == [(0,)]

    with serving(tmp_path) as site:
        wait_until(lambda: site.get(generation["status_url"])["status"] == "succeeded")


def healthcheck(part: str, site: LiveSite) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.environ["PATH"], "PORT": site.url.rpartition(":")[2], **kept_in(site)}
    return subprocess.run(
        [sys.executable, "manage.py", "healthcheck", part],
        cwd=PROJECT,
        env=variables,
        capture_output=True,
        text=True,
    )


def kept_in(site: LiveSite) -> dict[str, str]:
    return {
        "STORAGE_ROOT": str(site.storage_root),
        "DATABASE_URL": f"sqlite:///{site.storage_root}/db.sqlite3",
    }


def test_web_server_and_worker_run_apart_each_with_its_own_health(tmp_path):
    with running("serve", "--only", "web", folder=tmp_path) as site:
        wait_until(lambda: healthcheck("web", site).returncode == 0)
        ended = healthcheck("worker", site)
        assert ended.returncode == 1
        assert "was seen lately" in ended.stderr
        assert "Ready" not in site.log.read_text()

        with running("worker", folder=tmp_path):
            wait_until_ready(site.process, site.log)
            assert healthcheck("worker", site).returncode == 0
            generation = site.post("Good morning.", MALE_CLIP.read_bytes())
            wait_until(lambda: site.get(generation["status_url"])["status"] == "succeeded")

        assert healthcheck("worker", site).returncode == 1  # a worker that was stopped says goodbye
        assert healthcheck("web", site).returncode == 0
    ended = healthcheck("web", site)
    assert ended.returncode == 1
    assert "does not answer" in ended.stderr


def run_serve(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "STORAGE_ROOT": str(tmp_path), "ENGINE": "preview", **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def taken_port(settings) -> Iterator[socket.socket]:
    with socket.socket() as taken:
        taken.bind((settings.HOST, 0))
        taken.listen()
        settings.PORT = taken.getsockname()[1]
        yield taken


def test_a_port_that_stays_in_use_is_said_in_a_sentence(taken_port, settings, monkeypatch):
    monkeypatch.setattr(serve, "PORT_SECONDS", 0.1)
    with pytest.raises(CommandError, match=f"Port {settings.PORT} of 127.0.0.1 can't be used") as caught:
        serve.prepare()
    assert "PORT=8001" in str(caught.value)


def test_a_port_that_is_given_up_is_waited_for(taken_port):
    threading.Timer(0.5, taken_port.close).start()
    serve.wait_for_port(taken_port.getsockname()[0], taken_port.getsockname()[1], "")


def test_an_address_of_another_machine_is_said_at_once():
    with pytest.raises(CommandError, match=r"of 192\.0\.2\.1 can't be used .* Take another\."):
        serve.wait_for_port("192.0.2.1", 8000, "Take another.")


def test_a_supervisor_that_was_killed_is_followed_by_the_next_at_once(tmp_path):
    with serving(tmp_path) as site:
        os.kill(site.process.pid, signal.SIGKILL)
        site.process.wait()
        with serving(tmp_path, PORT=site.url.rpartition(":")[2]) as following:
            generation = following.post("Good morning.", MALE_CLIP.read_bytes())
            wait_until(lambda: following.get(generation["status_url"])["status"] == "succeeded")


def test_a_frozen_worker_is_replaced(tmp_path):
    """Stopped in the middle of a generation, which then succeeds all the same."""
    with serving(tmp_path, tracer=[sys.executable, "-c", IMPATIENT], LEASE_SECONDS="2") as site:
        generation = site.post(LONG_TEXT[:1500], MALE_CLIP.read_bytes())
        wait_until(lambda: running_segments(site) >= 1)
        [frozen] = worker_pids(site)
        os.kill(frozen, signal.SIGSTOP)
        wait_until(lambda: site.get(generation["status_url"])["status"] == "succeeded")
        assert worker_pids(site)[0] != frozen
        assert "The worker shows no life any more and is killed" in site.log.read_text()
        assert not Path(f"/proc/{frozen}").exists()


def test_a_wrong_setting_is_said_in_a_sentence(tmp_path):
    ended = run_serve(tmp_path, PORT="eighty")
    assert ended.returncode == 1
    assert 'Environment variable "PORT" invalid' in ended.stderr
    assert "Traceback" not in ended.stderr
