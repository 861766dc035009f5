"""The supervisor with its real children: what `make run` starts."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
from django.core.management.base import CommandError

from cloning.management.commands import serve
from cloning.tests.clips import MALE_CLIP
from cloning.tests.live_site import PROJECT, LiveSite, running, serving, wait_until_ready
from cloning.tests.waiting import wait_until

LONG_TEXT = (
    "This is a sentence of a text that is long enough to be interrupted in the middle of its synthesis. "
    * 150
)


def rows(site: LiveSite, query: str) -> list[tuple]:
    with sqlite3.connect(f"file:{site.storage_root}/db.sqlite3?mode=ro", uri=True, timeout=20) as connection:
        return connection.execute(query).fetchall()


def worker_pids(site: LiveSite) -> list[int]:
    return [pid for (pid,) in rows(site, "SELECT pid FROM cloning_worker ORDER BY seen_at DESC")]


def running_segments(site: LiveSite) -> int:
    return sum(
        done
        for (done,) in rows(site, "SELECT segments_done FROM cloning_generation WHERE status = 'running'")
    )


def test_a_killed_worker_loses_nothing_and_the_generation_succeeds_exactly_once(tmp_path):
    with serving(tmp_path, LEASE_SECONDS="6") as site:
        generation = site.post(LONG_TEXT, MALE_CLIP.read_bytes())
        wait_until(lambda: running_segments(site) >= 2)
        os.kill(worker_pids(site)[0], signal.SIGKILL)
        wait_until(lambda: rows(site, "SELECT 1 FROM cloning_generation WHERE attempts = 2"))
        result = wait_until(lambda: (g := site.get(generation["status_url"]))["status"] == "succeeded" and g)
        files = list((site.storage_root / "generated").iterdir())
        assert len(files) == 1
        assert soundfile.info(files[0]).duration == pytest.approx(result["duration_seconds"], abs=0.01)
        assert rows(site, "SELECT count(*) FROM cloning_generation") == [(1,)]
        assert "The worker ended with exit code -9; starting it again" in site.log.read_text()


def test_stopping_in_the_middle_loses_nothing_and_the_next_run_goes_on(tmp_path):
    with serving(tmp_path) as site:
        generation = site.post(LONG_TEXT, MALE_CLIP.read_bytes())
        wait_until(lambda: running_segments(site) >= 1)
    assert rows(site, "SELECT status, attempts FROM cloning_generation") == [("queued", 0)]
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


def test_a_port_in_use_is_said_in_a_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run_serve(tmp_path, PORT=str(port))
    assert ended.returncode == 1
    assert f"Port {port} of 127.0.0.1 can't be used" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_wrong_setting_is_said_in_a_sentence(tmp_path):
    ended = run_serve(tmp_path, PORT="eighty")
    assert ended.returncode == 1
    assert 'Environment variable "PORT" invalid' in ended.stderr
    assert "Traceback" not in ended.stderr


def watch(child: serve.Child, enough: Callable[[], bool] = lambda: False) -> None:
    def looked_after() -> bool:
        child.look_after()
        return enough()

    wait_until(looked_after)


@pytest.fixture
def started(monkeypatch) -> list[float]:
    """When children were started."""
    times: list[float] = []
    start = serve.Child.start
    monkeypatch.setattr(serve.Child, "start", lambda self: (times.append(time.monotonic()), start(self)))
    return times


def test_five_quick_deaths_end_the_run_with_the_reason(monkeypatch, caplog):
    monkeypatch.setattr(serve, "LONGEST_PAUSE_SECONDS", 0.05)
    child = serve.Child("worker", ["sh", "-c", "exit 3"])
    with pytest.raises(CommandError, match=r"ended 5 times .* exit code 3"):
        watch(child)
    assert caplog.text.count("starting it again") == serve.MAX_QUICK_DEATHS - 1


def test_pauses_grow_with_each_quick_death(started):
    watch(serve.Child("worker", ["false"]), lambda: len(started) == 3)
    assert started[1] - started[0] >= 1.0
    assert started[2] - started[1] >= 3.0


def test_a_child_that_ran_long_enough_is_forgiven(monkeypatch, started):
    monkeypatch.setattr(serve, "QUICK_DEATH_SECONDS", 0.2)
    child = serve.Child("worker", ["sleep", "0.4"])
    watch(child, lambda: len(started) == 3)
    assert child.quick_deaths == 0
    child.process.wait()


def test_a_child_that_ignores_sigterm_is_killed(tmp_path):
    ignoring = tmp_path / "ignoring"
    child = serve.Child("worker", ["sh", "-c", 'trap "" TERM; touch "$0"; exec sleep 600', str(ignoring)])
    child.start()
    wait_until(ignoring.exists)
    child.ask_to_stop()
    child.wait(time.monotonic() + 0.5)
    assert child.process is not None
    assert child.process.returncode == -signal.SIGKILL
