"""Everything is deleted through the API: what is left then, in rows, files and folders."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import time

from cloning.tests.attack.report import Promise
from cloning.tests.attack.server import Server

SETTLE_SECONDS = 15.0  # for the work in hand to notice that it is not wanted any more
SWEEP_SECONDS = 75.0  # the worker sweeps when it starts and each minute
AGE_SECONDS = 3 * 24 * 3600
# Of no stranger: the database, the keys that sign sessions and files, and the reserve for a full disk.
EXPECTED = {"db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm", "secret_key", "c2pa.pem", ".reserve"}
TABLES = (
    "generation",
    "generation_references",
    "segment",
    "take",
    "soundchunk",
    "reference",
    "voice",
    "voice_references",
    "storedconditioning",
    "storedconditioning_references",
)


def check(server: Server, *, sweeping: bool = False) -> None:
    """On a running site. Without a crash nothing is left for the sweep; after one, it finds everything.

    It leaves young files alone, which may be somebody's work in hand: all are made three days older.
    """
    server.delete_everything()
    settled_by = time.monotonic() + SETTLE_SECONDS
    while find(server) and time.monotonic() < settled_by:
        time.sleep(0.2)
    if sweeping and (left := find(server)):
        server.report.count("orphans of crashes, left to the sweep", len(left))
        server.stop()
        make_older(server)
        server.start()
        server.wait_for(lambda: not find(server), SWEEP_SECONDS, "the sweep has found everything")
    report(server)


def report(server: Server) -> None:
    for name in find(server)[:20]:
        server.fault(Promise.ORPHANS, name)


def sweep_at_once(server: Server) -> None:
    """By the command, beside the running site: as often as work in hand still leaves something."""
    server.report.count("orphans of crashes, left to the sweep", len(find(server)))
    give_up_at = time.monotonic() + SWEEP_SECONDS
    while find(server) and time.monotonic() < give_up_at:
        make_older(server)
        command = [sys.executable, "manage.py", "sweep"]
        ended = subprocess.run(
            command, cwd=server.project(), env=server.environment, capture_output=True, text=True
        )
        server.report.count("sweeps by command")
        if ended.returncode:
            server.fault(Promise.RECOVERY, f"manage.py sweep ended with {ended.returncode}: {ended.stderr}")
            return


def find(server: Server) -> list[str]:
    counts = {name: server.rows(f"SELECT count(*) FROM cloning_{name}")[0][0] for name in TABLES}  # noqa: S608
    rows = [f"{count} rows of {name}" for name, count in counts.items() if count]
    stored = [name for name in sorted(server.files()) if name not in EXPECTED]
    takes = server.storage_root / "generated" / "takes"  # one of the storage's own folders
    folders = [
        str(each) for each in sorted(server.storage_root.glob("*/*")) if each.is_dir() and each != takes
    ]
    return rows + stored + folders + [str(path) for path in sorted(server.temporary.rglob("*"))]


def make_older(server: Server) -> None:
    long_ago = time.time() - AGE_SECONDS
    for path in server.storage_root.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # deleted in this moment
            os.utime(path, (long_ago, long_ago))
    with contextlib.closing(sqlite3.connect(f"{server.storage_root}/db.sqlite3", timeout=60)) as database:
        database.execute(
            "UPDATE cloning_reference SET created_at = strftime('%Y-%m-%d %H:%M:%f000', created_at, '-3 days')"
        )
        database.execute(
            "UPDATE cloning_generation SET deleted_at = strftime('%Y-%m-%d %H:%M:%f000', deleted_at, '-3 days')"
        )
        database.commit()
