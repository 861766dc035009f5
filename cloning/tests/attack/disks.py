"""A disk that is full to the last block, and a database that somebody else has locked."""

import contextlib
import os
import random
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloning.tests.attack import leftovers
from cloning.tests.attack.exchange import GENERATE, Case, post_form, request
from cloning.tests.attack.report import Promise, Report
from cloning.tests.attack.requests import CSRF_COOKIE, token
from cloning.tests.attack.server import Server, attacked
from cloning.tests.attack.sizes import Size
from cloning.tests.attack.uploads import make_clips

DISK_MB = 48
LONG_TEXT = "This is a sentence of a text that takes some time to be spoken. " * 10


def attack(folder: Path, report: Report, size: Size) -> None:
    clips = make_clips(folder)
    with report.timed("locked database"):
        lock(folder, report, clips, size)
    if can_mount(folder):
        with report.timed("full disk"):
            fill(folder, report, clips)
    else:
        report.figures["full disk"] = "skipped: mounting a small disk takes root"


def lock(folder: Path, report: Report, clips: dict[str, bytes], size: Size) -> None:
    with attacked(folder / "lock", report, LEASE_SECONDS="10") as server:
        running = server.post(LONG_TEXT * 6, clips["flac"])
        finished = server.post("Good morning.", clips["mp3"])
        assert running and finished
        server.wait_for(lambda: server.status_of(running) != "queued", 120, "a generation runs")
        accepted: list[str] = []
        with contextlib.closing(sqlite3.connect(f"{server.storage_root}/db.sqlite3", timeout=60)) as outsider:
            outsider.isolation_level = None
            outsider.execute("BEGIN EXCLUSIVE")
            timer = threading.Timer(size.lock_seconds, lambda: None)
            timer.start()
            threads = [
                threading.Thread(target=knock, args=(server, clips, timer, accepted, n)) for n in range(4)
            ]
            for thread in threads:
                thread.start()
            timer.join()
            outsider.execute("ROLLBACK")
        for thread in threads:
            thread.join()
        server.wait_for(
            lambda: server.post("Good morning.", clips["wav"]), 30, "a post was accepted after the lock"
        )
        server.wait_for_ends(300)
        for generation in [running, *accepted]:
            if server.status_of(generation) != "succeeded":
                server.fault(
                    Promise.LOST, f"{generation} is {server.status_of(generation) or 'gone'} after the lock"
                )
        leftovers.check(server)


def knock(
    server: Server, clips: dict[str, bytes], lasting: threading.Timer, accepted: list[str], number: int
) -> None:
    """Everything a visitor does, until the lock is over."""
    dice = random.Random(number)
    unknown = "/api/v1/generations/00000000-0000-4000-8000-000000000000"
    page_post = post_form("/", [token], CSRF_COOKIE)
    cases = [
        Case("page, locked", request("GET", "/"), "/"),
        Case("list, locked", request("GET", "/api/v1/generations"), "/api/v1/generations"),
        Case("health, locked", request("GET", "/api/v1/health"), "/api/v1/health"),
        Case("delete, locked", request("DELETE", unknown), unknown, "DELETE"),
        Case("form, locked", page_post, "/", "POST"),
        Case(
            "post, locked",
            server.generation_request("Hello.", dice.choice(list(clips.values()))),
            GENERATE,
            "POST",
        ),
    ]
    while lasting.is_alive():
        server.report.count("requests while locked")
        answer = server.send(dice.choice(cases))
        if answer and answer.status == 202:
            accepted.append(answer.json()["id"])


def can_mount(folder: Path) -> bool:
    probe = folder / "probe"
    probe.mkdir(exist_ok=True)
    try:
        with small_disk(probe):
            return True
    except (subprocess.CalledProcessError, FileNotFoundError):
        return False


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)],
        check=True,
        capture_output=True,
    )
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, report: Report, clips: dict[str, bytes]) -> None:
    disk = folder / "disk"
    disk.mkdir(exist_ok=True)
    with small_disk(disk):
        start_on_full_disk(folder, report, disk)
    with (
        small_disk(disk),
        attacked(folder / "full", report, storage_root=disk / "storage", LEASE_SECONDS="10") as server,
    ):
        done = [server.post(LONG_TEXT, clips["flac"]) for _ in range(3)]
        server.wait_for_ends(180)
        running = server.post(LONG_TEXT * 6, clips["flac"])
        server.wait_for(lambda: server.status_of(running or "") != "queued", 120, "a generation runs")
        fill_up(disk / "filler")
        while_full(server, clips)
        for generation in filter(None, done):
            path = f"/api/v1/generations/{generation}"
            free_bytes = free(disk)
            answer = server.send(Case("delete, full disk", request("DELETE", path), path, "DELETE"))
            if answer is None or answer.status != 204:
                status = answer.status if answer else "nothing"
                server.fault(
                    Promise.RECOVERY, f"DELETE on a full disk answered {status}: nothing can be freed"
                )
            elif free(disk) <= free_bytes:
                server.fault(Promise.RECOVERY, "DELETE on a full disk freed nothing")
        (disk / "filler").unlink(missing_ok=True)
        after(server, clips, running)


def fill_up(filler: Path) -> None:
    with filler.open("ab", buffering=0) as file:
        for chunk_bytes in (1024**2, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(chunk_bytes))


def free(disk: Path) -> int:
    state = os.statvfs(disk)
    return state.f_bavail * state.f_frsize


def while_full(server: Server, clips: dict[str, bytes]) -> None:
    cases = [
        Case("page, full disk", request("GET", "/"), "/"),
        Case("list, full disk", request("GET", "/api/v1/generations"), "/api/v1/generations"),
        Case("health, full disk", request("GET", "/api/v1/health"), "/api/v1/health"),
        Case("post, full disk", server.generation_request("Hello.", clips["ogg"]), GENERATE, "POST"),
        Case("form, full disk", post_form("/", [token], CSRF_COOKIE), "/", "POST"),
    ]
    for case in cases * 3:
        server.report.count("requests while full")
        answer = server.send(case)
        if (
            case.method == "GET"
            and case.path in ("/", "/api/v1/generations")
            and (answer is None or answer.status != 200)
        ):
            server.fault(Promise.NO_5XX, f"{case.kind}: {answer.status if answer else 'no answer'}")
        if case.path == GENERATE and answer and answer.status == 202:
            server.fault(Promise.RECOVERY, "a post was accepted with no block free")


def after(server: Server, clips: dict[str, bytes], running: str | None) -> None:
    server.wait_for_ends(300)
    ended = server.rows(
        "SELECT status, error_code FROM cloning_generation WHERE id = ?", (running or "").replace("-", "")
    )
    if ended not in ([("succeeded", "")], [("failed", "storage_full")]):
        server.fault(Promise.LOST, f"the generation that ran when the disk was full: {ended}")
    again = server.post("Good morning.", clips["wav"])
    server.wait_for(
        lambda: again and server.status_of(again) == "succeeded", 120, "a generation succeeds after all"
    )
    leftovers.check(server)


def start_on_full_disk(folder: Path, report: Report, disk: Path) -> None:
    """The first start meets a full disk: the next one, with room again, has to work."""
    fill_up(disk / "filler")
    server = Server(folder / "first start", report, storage_root=disk / "storage")
    try:
        server.start(wait=False)
        assert server.process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.process.wait(10)
        server.end()
        (disk / "filler").unlink()
        server.start()
        if server.ask("GET", "/") is None:
            server.fault(Promise.RECOVERY, "no page after a first start on a full disk")
        server.stop()
    except RuntimeError as error:
        server.fault(Promise.RECOVERY, f"after a first start on a full disk: {str(error)[-500:]}")
    finally:
        server.end()
