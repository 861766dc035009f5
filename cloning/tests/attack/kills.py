"""Processes are killed at random moments while strangers post and delete; no job may be lost, or done twice."""

import contextlib
import os
import random
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from cloning.tests.attack import leftovers
from cloning.tests.attack.report import Promise, Report
from cloning.tests.attack.server import Server, attacked
from cloning.tests.attack.sizes import Size
from cloning.tests.attack.uploads import make_clips

LEASE_SECONDS = 5
VICTIMS = {
    "worker": 5,
    "web server": 2,
    "supervisor": 1,
    "everything": 1,
    "frozen worker": 1,
}  # and how often
TEXTS = ["Good morning.", "The train leaves at half past nine.", "One. Two. Three. Four. Five. " * 20]


@dataclass
class Strangers:
    """Post and delete, from threads of their own, until enough was accepted."""

    server: Server
    clips: dict[str, bytes]
    jobs: int
    dice: random.Random
    accepted: list[str] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)  # of these the answer to DELETE was lost
    done: threading.Event = field(default_factory=threading.Event)

    def post(self) -> None:
        while not self.done.is_set() and len(self.accepted) < self.jobs:
            chosen = self.dice.sample(sorted(self.clips), self.dice.choice([1, 1, 2]))
            generation = self.server.post(self.dice.choice(TEXTS), *(self.clips[name] for name in chosen))
            if generation:
                self.accepted.append(generation)
            self.done.wait(self.dice.random() * 0.4)

    def delete(self) -> None:
        while not self.done.wait(1 + 2 * self.dice.random()):
            remaining = [g for g in self.accepted[-20:] if g not in self.deleted]
            if remaining:
                victim = self.dice.choice(remaining)
                status = self.server.delete(victim)
                if status in (204, 404):
                    self.deleted.add(victim)
                else:
                    self.unsure.add(victim)


def attack(folder: Path, report: Report, size: Size) -> None:
    clips, dice = make_clips(folder), random.Random(report.seed)
    with (
        attacked(folder / "kills", report, LEASE_SECONDS=str(LEASE_SECONDS)) as server,
        report.timed("kills"),
    ):
        strangers = Strangers(server, clips, size.jobs, dice)
        threads = [
            threading.Thread(target=work) for work in (strangers.post, strangers.post, strangers.delete)
        ]
        for thread in threads:
            thread.start()
        try:
            kill_all(server, dice, choose_victims(dice, size.kills))
            server.wait_for(
                lambda: len(strangers.accepted) >= size.jobs, 3 * size.jobs + 120, "enough jobs accepted"
            )
        finally:
            strangers.done.set()
            for thread in threads:
                thread.join()
        server.wait_for_ends(120 + 3 * size.jobs)
        report.count("jobs accepted", len(strangers.accepted))
        report.count("jobs deleted meanwhile", len(strangers.deleted))
        judge(server, strangers)
        leftovers.check(server, sweeping=True)


def choose_victims(dice: random.Random, kills: int) -> list[str]:
    victims = [*VICTIMS, *dice.choices(list(VICTIMS), list(VICTIMS.values()), k=kills)][:kills]
    dice.shuffle(victims)
    return victims


def kill_all(server: Server, dice: random.Random, victims: list[str]) -> None:
    quick_deaths = 0
    for number, victim in enumerate(victims):
        time.sleep(dice.random() * 3)
        if quick_deaths == 3:  # a fifth in a row would rightly end the run
            victim = "supervisor"
        quick_deaths = 0 if victim in ("supervisor", "everything") else quick_deaths + 1
        server.report.count(f"kills: {victim}")
        server.report.count("kills")
        kill(server, victim)
        if victim in ("supervisor", "everything"):
            restart(server)
        elif number % 10 == 9:
            server.wait_for(lambda: server.ask("GET", "/") is not None, 60, "pages are answered again")


def kill(server: Server, victim: str) -> None:
    if victim == "everything":
        pids = [*server.pids("supervisor"), *server.left_processes()]
    else:
        pids = server.pids(victim.removeprefix("frozen "))
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGSTOP if victim.startswith("frozen") else signal.SIGKILL)
    if victim in ("supervisor", "everything") and server.process:
        server.process.wait()


def restart(server: Server) -> None:
    """At once, as systemd would: what the killed one left still holds the port for a moment."""
    for _ in range(5):
        server.start(wait=False)
        try:
            server.wait_until_ready()
        except RuntimeError as error:
            server.fault(Promise.RECOVERY, f"after a kill of the supervisor, {str(error)[-700:]}")
            time.sleep(5)
        else:
            return
    raise RuntimeError("the site did not come back")


def judge(server: Server, strangers: Strangers) -> None:
    rows = dict(server.rows("SELECT id, status FROM cloning_generation"))
    endings = server.rows(
        "SELECT generation, count(*) FROM attack_ending WHERE status = 'succeeded' GROUP BY generation"
    )
    audio = dict(server.rows("SELECT id, audio FROM cloning_generation"))
    for generation in strangers.accepted:
        key = generation.replace("-", "")
        if key not in rows:
            if generation not in strangers.deleted | strangers.unsure:
                server.fault(Promise.LOST, f"{generation} is gone")
        elif generation in strangers.deleted:
            server.fault(Promise.LOST, f"{generation} was deleted and is there")
    for key, count in endings:
        if count > 1:
            server.fault(Promise.DOUBLE, f"{key} succeeded {count} times")
    files = {name for name in server.files() if name.startswith("generated/")}
    for key, status in rows.items():
        server.report.count(f"jobs {status}")
        ours = {name for name in files if name.replace("-", "").startswith(f"generated/{key}")}
        if status not in ("succeeded", "failed", "cancelled"):
            server.fault(Promise.LOST, f"{key} is still {status}")
        elif ours != {audio[key]} - {""} or (status == "succeeded") > len(ours):
            server.fault(Promise.DOUBLE, f"{key} {status} with the files {ours}")
    judge_takes(server, {name for name in files if name.startswith("generated/takes/")})
    codes = server.rows(
        "SELECT error_code, count(*) FROM cloning_generation WHERE status = 'failed' GROUP BY error_code"
    )
    for code, count in codes:
        if code != "worker_lost":  # three kills in the middle of one job: documented
            server.fault(Promise.LOST, f"{count} jobs failed: {code}")


def judge_takes(server: Server, files: set[str]) -> None:
    """What was spoken is there, and was spoken once."""
    spoken = {name for (name,) in server.rows("SELECT audio FROM cloning_take WHERE status = 'succeeded'")}
    server.report.count("sentences spoken", len(spoken))
    for name in spoken - files:
        server.fault(Promise.LOST, f"{name} is gone")
    for name in files - spoken:
        server.fault(Promise.DOUBLE, f"{name} is no take's")
    again = "SELECT segment, count(*) FROM attack_take GROUP BY segment HAVING count(*) > 1"
    for segment, count in server.rows(again):
        server.fault(Promise.DOUBLE, f"the sentence {segment} was spoken {count} times")
    unspoken = (
        "SELECT generation_id FROM cloning_segment JOIN cloning_generation "
        "ON cloning_generation.id = generation_id WHERE status = 'succeeded' AND chosen_take_id IS NULL"
    )
    for (key,) in server.rows(unspoken):
        server.fault(Promise.LOST, f"{key} succeeded without one of its sentences")
