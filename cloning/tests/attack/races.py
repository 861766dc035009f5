"""Deletes that meet everything else: the post of the same clip, a claim, a success, another delete."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cloning.tests.attack import leftovers
from cloning.tests.attack.exchange import GENERATE, Case, request
from cloning.tests.attack.report import Promise, Report
from cloning.tests.attack.server import Server, attacked
from cloning.tests.attack.sizes import Size
from cloning.tests.attack.uploads import make_clips

CLIENTS = 6


def attack(folder: Path, report: Report, size: Size) -> None:
    clips = make_clips(folder)
    shared = [clips["flac"], clips["mp3"]]
    with attacked(folder / "races", report) as server, report.timed("races"):
        dice = random.Random(report.seed)
        with ThreadPoolExecutor(CLIENTS) as pool:
            tasks = [
                pool.submit(post_and_delete, server, shared, random.Random(dice.random()))
                for _ in range(size.races)
            ]
            for task in tasks:
                task.result()
                report.count("races")
        server.wait_for_ends(300)
        if "ended with exit code" in server.log.read_text(errors="replace"):
            server.fault(Promise.RECOVERY, f"a process died: {server.log_end()}")
        leftovers.check(server)


def post_and_delete(server: Server, clips: list[bytes], dice: random.Random) -> None:
    chosen = dice.sample(clips, dice.choice([1, 1, 2]))
    posted = Case(
        "post of a clip that is being deleted", server.generation_request("Hello.", *chosen), GENERATE, "POST"
    )
    answer = server.send(posted)
    if answer is None or answer.status != 202:
        return
    path = f"/api/v1/generations/{answer.json()['id']}"
    if dice.random() < 0.5:
        server.wait_for(
            lambda: server.status_of(path.rpartition("/")[2]) != "queued", 120, "a generation was taken"
        )
    delete = Case("delete", request("DELETE", path), path, "DELETE")
    if dice.random() < 0.3:  # both at once
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(server.send, [delete, delete]))
    else:
        server.send(delete)
