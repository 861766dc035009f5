"""Generations and voices that share references are deleted in any order, several at once, by everyone who can.

By the API, the page and, as the admin does it, row by row in a process of its own; web server, worker and that
process are killed meanwhile. A sweep later nothing may be left of any voice.
"""

import json
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cloning.tests.attack import leftovers
from cloning.tests.attack.exchange import GENERATE, Part, post_form
from cloning.tests.attack.kills import kill, restart
from cloning.tests.attack.report import Promise, Report
from cloning.tests.attack.requests import CSRF_COOKIE, token
from cloning.tests.attack.server import Server, attacked
from cloning.tests.attack.sizes import Size
from cloning.tests.attack.uploads import make_clips

GENERATIONS = 7
VOICES = 3
CLIENTS = 4
FINISHED_SHARE = 0.6  # of the generations when the deletions begin; the others wait or run
MAX_PAUSE_SECONDS = 1.0  # before a kill
LEASE_SECONDS = 3
KILLED = -9
UNHARMED = (0, 200, 204, 302, 404, 503)  # 0: the web server was killed with the request in hand

ADMIN = """
import json, sys, django
django.setup()
from concurrent.futures import ThreadPoolExecutor
from django.db import connection, transaction
from cloning.models import Generation, Reference, Voice
MODELS = {"generation": Generation, "reference": Reference, "voice": Voice}

def change(action, kind, pk):
    try:
        with transaction.atomic():
            row = MODELS[kind].objects.filter(pk=pk).first()
            if row and action == "delete":
                row.delete()
            elif row:  # a voice, of which one reference is kept
                row.references.set(row.references.all()[:1])
    finally:
        connection.close()

with ThreadPoolExecutor(3) as pool:
    for done in [pool.submit(change, *each) for each in json.load(sys.stdin)]:
        done.result()
"""


def attack(folder: Path, report: Report, size: Size) -> None:
    clips, dice = make_clips(folder), random.Random(report.seed)
    shared = [clips["flac"], clips["ogg"], clips["mp3"]]
    with (
        attacked(folder / "deletions", report, LEASE_SECONDS=str(LEASE_SECONDS)) as server,
        report.timed("deletions"),
    ):
        for number in range(size.deletion_rounds):
            make_rows(server, dice, shared)
            # Everything every other time: a supervisor waits longer after each death in a row, and at last gives up.
            delete_all(server, dice, "everything" if number % 2 else "admin")
            leave_nothing(server)


def make_rows(server: Server, dice: random.Random, clips: list[bytes]) -> None:
    """Each set of references belongs to several generations or voices, and each reference to several sets."""

    def post(chosen: list[bytes]) -> str | None:
        return server.post("Hello.", *chosen)

    sets = [dice.sample(clips, dice.choice([1, 1, 2, 3])) for _ in range(GENERATIONS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        posted = [generation for generation in pool.map(post, sets) if generation]
    for number, generation in enumerate(dice.sample(posted, min(VOICES, len(posted)))):
        parts = [token, Part("name", f"Voice {number}".encode())]
        server.ask_for(post_form(f"/generations/{generation}/voice/", parts, CSRF_COOKIE))
    for (voice,) in server.rows("SELECT id FROM cloning_voice"):
        parts = [Part("text", b"Hello."), Part("voice", voice.encode())]
        server.ask_for(post_form(GENERATE, parts, [("Prefer", "respond-async")]))
    finished = "SELECT count(*) FROM cloning_generation WHERE status = 'succeeded'"
    enough = FINISHED_SHARE * len(posted)
    server.wait_for(lambda: server.rows(finished)[0][0] >= enough, 120, "most generations succeeded")


def delete_all(server: Server, dice: random.Random, third_victim: str) -> None:
    rows = {
        kind: [pk for (pk,) in server.rows(f"SELECT id FROM cloning_{kind}")]  # noqa: S608
        for kind in ("generation", "voice", "reference")
    }
    generations = dice.sample(rows["generation"], len(rows["generation"]))
    of_admin = [("delete", "generation", pk) for pk in generations[::3]]
    of_admin += [(dice.choice(["delete", "narrow"]), "voice", pk) for pk in rows["voice"]]
    of_admin += [("delete", "reference", pk) for pk in rows["reference"][:1]]
    dice.shuffle(of_admin)
    admin = start_admin(server, of_admin)
    strangers = [pk for pk in generations if ("delete", "generation", pk) not in of_admin]
    strangers += dice.sample(strangers, 2)  # by two at once
    with ThreadPoolExecutor(CLIENTS) as pool:
        deletions = [pool.submit(delete, server, pk, random.Random(pk)) for pk in strangers]
        kill_some(
            server, admin, dice, third_victim
        )  # in this thread: a site ends with the one that started it
    for deletion in deletions:
        deletion.result()
    end_admin(server, admin)
    server.wait_for(lambda: server.ask("GET", "/") is not None, 60, "pages are answered again")


def delete(server: Server, pk: str, dice: random.Random) -> None:
    """By the API or the page, after a moment, so that kills come between."""
    time.sleep(dice.random())
    if dice.random() < 0.5:
        status = server.delete(with_dashes(pk))
    else:
        answer = server.ask_for(post_form(f"/generations/{with_dashes(pk)}/delete/", [token], CSRF_COOKIE))
        status = answer.status if answer else 0
    server.report.count("deletions")
    if status not in UNHARMED:
        server.fault(Promise.NO_5XX, f"a deletion was answered with {status}")


def with_dashes(pk: str) -> str:
    return "-".join((pk[:8], pk[8:12], pk[12:16], pk[16:20], pk[20:]))


def kill_some(server: Server, admin: subprocess.Popen[bytes], dice: random.Random, third_victim: str) -> None:
    victims = ["worker", "web server", third_victim]
    dice.shuffle(victims)
    for victim in victims:
        time.sleep(dice.random() * MAX_PAUSE_SECONDS)
        server.report.count(f"kills while deleting: {victim}")
        server.report.count("kills while deleting")
        if victim == "admin":
            admin.kill()
        else:
            kill(server, victim)
    if "everything" in victims:
        restart(server)


def start_admin(server: Server, changes: list[tuple[str, str, str]]) -> subprocess.Popen[bytes]:
    environment = {**server.environment, "DJANGO_SETTINGS_MODULE": "voiceclone_site.settings"}
    command = [sys.executable, "-c", ADMIN]
    process = subprocess.Popen(
        command, cwd=server.project(), env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(changes).encode())
    process.stdin.close()
    server.report.count("deletions", len(changes))
    return process


def end_admin(server: Server, admin: subprocess.Popen[bytes]) -> None:
    assert admin.stderr is not None
    said = admin.stderr.read().decode(errors="replace")
    if admin.wait() not in (0, KILLED):
        server.fault(Promise.NO_5XX, f"the admin's deletions ended with {admin.returncode}: {said[-500:]}")


def leave_nothing(server: Server) -> None:
    """What the kills spared is deleted, and what they left is swept."""
    voices = [("delete", "voice", pk) for (pk,) in server.rows("SELECT id FROM cloning_voice")]
    end_admin(server, start_admin(server, voices))
    server.delete_everything()
    leftovers.sweep_at_once(server)
    leftovers.report(server)
