"""The server keeps to itself: no look-up, no connection, nothing written outside of its own folders."""

import ipaddress
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cloning.tests.clips import MALE_CLIP
from cloning.tests.live_site import PROJECT, serving
from cloning.tests.waiting import wait_until

STRACE = (
    "strace",
    "--daemonize",
    "--follow-forks",
    "--seccomp-bpf",
    "--quiet=attach",
    "--trace=network",
    "--output",
)
"""Run as a grandchild, so that signals and exit codes are those of the traced process."""
ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
RESOLVER = re.compile(r"htons\(53\)|io\.systemd\.Resolve")


def can_trace() -> bool:
    return (
        bool(shutil.which("strace"))
        and not subprocess.run(["strace", "-qq", "true"], capture_output=True).returncode
    )


def reaches_out(line: str) -> bool:
    addresses = [ipaddress.ip_address(four or six) for four, six in ADDRESS.findall(line)]
    return bool(RESOLVER.search(line)) or not all(
        each.is_loopback or each.is_unspecified for each in addresses
    )


def test_what_reaches_out_is_told() -> None:
    assert not reaches_out(
        '7 connect(4, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16)'
    )
    assert not reaches_out('7 bind(4, {sa_family=AF_INET6, inet_pton(AF_INET6, "::1", &sin6_addr)}, 28)')
    assert reaches_out(
        '7 connect(4, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.53")}, 16)'
    )
    assert reaches_out('7 sendto(4, "", 1, 0, {sa_family=AF_INET, sin_addr=inet_addr("10.0.0.1")}, 16)')
    assert reaches_out(
        '7 connect(4, {sa_family=AF_INET6, inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}, 28)'
    )


@pytest.mark.skipif(not can_trace(), reason="needs strace, and the permission to trace")
@pytest.mark.parametrize("engine", ["preview", "xtts_v2"])
def test_site_and_worker_speak_without_a_word_to_anybody(
    engine: str, tiny_weights: Path, tmp_path: Path
) -> None:
    home, temporary, trace = tmp_path / "home", tmp_path / "tmp", tmp_path / "trace"
    home.mkdir()
    temporary.mkdir()
    environment = {
        "ENGINE": engine,
        "PREVIEW_VOICE": "kokoro",
        "MODEL_CACHE": str(tiny_weights),
        "HOME": str(home),
        "TMPDIR": str(temporary),
    }
    with serving(tmp_path, tracer=(*STRACE, str(trace)), **environment) as site:
        generation = site.post("It rains again.", MALE_CLIP.read_bytes())
        wait_until(lambda: site.get(generation["status_url"])["status"] in ("succeeded", "failed"))
        answer = site.get(generation["status_url"])
    assert (answer["status"], answer["engine"]) == ("succeeded", engine)
    ended = re.compile(rf"^{site.process.pid} +\+\+\+ exited", re.MULTILINE)
    wait_until(lambda: ended.search(trace.read_text()))
    calls = trace.read_text().splitlines()
    assert any("connect(" in call for call in calls)
    assert [call for call in calls if reaches_out(call)] == []
    assert [*home.rglob("*"), *temporary.rglob("*")] == []


@pytest.mark.parametrize("package", ["benchmarks", "cloning.engines.xtts.fetch", "voiceclone_site.asgi"])
def test_libraries_learn_in_time_that_they_are_to_be_silent(package: str) -> None:
    """onnxruntime reads its variable when it is imported, the hub when it is asked for headers."""
    code = f"import {package}, os; from huggingface_hub.utils import build_hf_headers; " + (
        "print(os.environ['ORT_DISABLE_TELEMETRY'], build_hf_headers()['user-agent'])"
    )
    environment = {"PATH": os.environ["PATH"]}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"1 unknown/None; hf_hub/[\d.]+; python/[\d.]+\n", result.stdout)
