"""Batches, webhooks and keys of requests on a real site, whose worker is killed in the middle."""

import csv
import io
import json
import os
import signal
import subprocess
import time
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Receiver

from cloning.tests.clips import MALE_CLIP
from cloning.tests.jobs.webhooks.targets import Target, listening
from cloning.tests.live_site import LiveSite, serving

ROWS = 8
WAIT_SECONDS = 120.0


@pytest.fixture(scope="module")
def target():
    with listening() as found:
        yield found


@pytest.fixture(scope="module")
def site(tmp_path_factory, target):
    networks = {"WEBHOOKS": "true", "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8,::1", "LEASE_SECONDS": "2"}
    with serving(tmp_path_factory.mktemp("site"), **networks) as found:
        yield found


def call(site: LiveSite, path: str, body: bytes | None = None, content_type: str = "", **headers: str) -> Any:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if content_type:
        headers["Content-Type"] = content_type
    with urllib.request.urlopen(urllib.request.Request(site.url + path, body, headers)) as response:
        return response.read()


def wait_for(find, seconds: float = WAIT_SECONDS) -> Any:
    give_up_at = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < give_up_at
        time.sleep(0.1)
    return found


def find_worker(site: LiveSite) -> int:
    children = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(site.process.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    [line] = [each for each in children.stdout.splitlines() if each.rstrip().endswith(" worker")]
    return int(line.split()[0])


def test_batch_outlives_its_worker_and_its_end_is_told(
    site: LiveSite, target: Target, tmp_path: Path
) -> None:
    hook = json.dumps({"url": f"http://localhost:{target.port}/told", "events": ["batch.completed"]}).encode()
    made = json.loads(call(site, "/api/v1/webhooks", hook, "application/json"))
    arguments = [
        "curl",
        "-sS",
        "-F",
        "name=Ada",
        "-F",
        f"reference=@{MALE_CLIP}",
        site.url + "/api/v1/voices",
    ]
    subprocess.run(arguments, check=True, capture_output=True)
    lines = [
        "voice,text,name",
        *(f"Ada,This is sentence number {number}.,n{number}" for number in range(ROWS)),
    ]
    table = "\n".join(lines).encode()
    told = [
        json.loads(call(site, "/api/v1/batches", table, "text/csv", Idempotency_Key="nightly"))
        for _ in range(2)
    ]
    assert told[0]["id"] == told[1]["id"]
    address = told[0]["status_url"]
    wait_for(lambda: site.get(address)["counts"]["succeeded"])
    os.kill(find_worker(site), signal.SIGKILL)
    ended = wait_for(lambda: None if (found := site.get(address))["is_active"] else found)
    assert ended["counts"] == {"waiting": 0, "running": 0, "succeeded": ROWS, "failed": 0, "cancelled": 0}
    archive = zipfile.ZipFile(io.BytesIO(call(site, ended["archive_url"])))
    assert archive.testzip() is None
    table_of_all = list(csv.DictReader(io.StringIO(archive.read("rows.csv").decode())))
    assert [each["name"] for each in table_of_all] == [f"n{number}" for number in range(ROWS)]
    assert sorted(each["file"] for each in table_of_all) == sorted(archive.namelist())[:ROWS]
    [(headers, body)] = wait_for(lambda: target.received)
    event = Receiver(made["secret"]).verify(body, {name.lower(): value for name, value in headers.items()})
    assert (event["type"], event["data"]["id"]) == ("batch.completed", ended["id"])


def test_stream_that_is_asked_for_again_is_the_same(site: LiveSite) -> None:
    asked = json.dumps(
        {"text": "Good morning.", "voice": voice_of(site), "stream": True, "format": "wav"}
    ).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": "a stream"}
    ids = set()
    for _ in range(2):
        request = urllib.request.Request(site.url + "/api/v1/voice-clone/generate", asked, headers)
        with urllib.request.urlopen(request) as response:
            assert len(response.read()) > 10_000  # spoken, or read from what was: not the same to the byte
            ids.add(response.headers["X-Generation-Id"])
    assert len(ids) == 1
    found = [each for each in site.get("/api/v1/generations")["results"] if each["text"] == "Good morning."]
    assert len(found) == 1


def voice_of(site: LiveSite) -> str:
    return next(each["id"] for each in site.get("/api/v1/voices")["results"] if each["name"] == "Ada")
