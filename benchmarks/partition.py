"""Two web and three worker machines, one of which is cut off in the middle: `python -m benchmarks.partition`, as root.

Each machine is a network namespace of its own on a bridge, PostgreSQL beside them, and their clocks differ by up to two
minutes. The storage is one folder, as by NFS: who is cut off still reaches the files, and could overwrite them. The
engine only waits. Ends with what was wrong, or says:

- what the machine had in hand that was cut off is taken up by others, and all is spoken while it is away;
- nothing that was accepted is spoken again;
- when it comes back, it overwrites nothing, and goes on to work.
"""

import argparse
import hashlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.site import find_free_port
from benchmarks.waiting_site import ask, generate, running, wait_until_listening

NETWORK = "10.77.0"
DATABASE_HOST = f"{NETWORK}.254"
WEB_PORT = 8000
LEASE_SECONDS = 6.0
CLOCKS = {"web2": 45, "worker1": -60, "worker3": 60}  # seconds wrong
SENTENCE = "The old lighthouse keeper counted all the ships that passed the harbour before the sun rose over the sea, "
TEXT = " ".join(f"{SENTENCE}and wrote number {number} into his book." for number in ("one", "two", "three"))
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True)
class Machine:
    name: str
    namespace: str
    link: str  # its end at the bridge
    address: str

    def set_link(self, state: str) -> None:
        ip("link", "set", self.link, state)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--generations", type=int, default=24, help="of three sentences each")
    parser.add_argument(
        "--wait-seconds", type=float, default=2.0, help="that the engine takes for a sentence"
    )
    options = parser.parse_args()
    clocks = ", ".join(f"{name} {offset:+} s" for name, offset in CLOCKS.items())
    print(f"Clocks: {clocks}. Load average: {os.getloadavg()[0]:.1f}.", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)  # PostgreSQL runs as a user of its own
        machines = stack.enter_context(network())
        database = stack.enter_context(postgresql(folder))
        os.environ.update(
            DATABASE_URL=database,
            STORAGE_ROOT=str(folder / "storage"),
            LEASE_SECONDS=str(LEASE_SECONDS),
            WAIT_SECONDS=str(options.wait_seconds),
            WAIT_TAKES_AT_ONCE="2",
        )
        start(stack, folder, machines)
        cut_one_off(folder, machines, database, options.generations)


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


@contextmanager
def network() -> Iterator[dict[str, Machine]]:
    """A bridge with an address of this machine, and a namespace for each of the others."""
    tag = f"vc{os.getpid() % 100_000}"
    names = ("web1", "web2", "worker1", "worker2", "worker3")
    machines = {
        name: Machine(name, f"{tag}-{name}", f"{tag}p{number}", f"{NETWORK}.{10 + number}")
        for number, name in enumerate(names)
    }
    bridge = f"{tag}br"
    with ExitStack() as stack:
        ip("link", "add", bridge, "type", "bridge")
        stack.callback(ip, "link", "delete", bridge)
        ip("address", "add", f"{DATABASE_HOST}/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        for each in machines.values():
            ip("netns", "add", each.namespace)
            stack.callback(ip, "netns", "delete", each.namespace)
            ip("link", "add", each.link, "type", "veth", "peer", "name", "eth0", "netns", each.namespace)
            ip("link", "set", each.link, "master", bridge, "up")
            ip("-n", each.namespace, "link", "set", "lo", "up")
            ip("-n", each.namespace, "address", "add", f"{each.address}/24", "dev", "eth0")
            ip("-n", each.namespace, "link", "set", "eth0", "up")
        yield machines


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A server of its own on the bridge, whose files go with the folder."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    data, port = folder / "postgresql", find_free_port()
    data.mkdir()
    subprocess.run(["chown", "postgres", data], check=True)

    def run(*command: str) -> None:
        subprocess.run(
            ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command], check=True
        )

    run(str(programs / "initdb"), "-D", str(data), "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
    with (data / "pg_hba.conf").open("a") as file:
        file.write(f"host all all {NETWORK}.0/24 trust\n")
    options = f"-h {DATABASE_HOST} -p {port} -k {data} -F"
    run(str(programs / "pg_ctl"), "-D", str(data), "-l", str(data / "log"), "-o", options, "-w", "start")
    try:
        yield f"postgresql://postgres@{DATABASE_HOST}:{port}/postgres"
    finally:
        run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")


def start(stack: ExitStack, folder: Path, machines: dict[str, Machine]) -> None:
    for each in machines.values():
        is_web = each.name.startswith("web")
        environment = {
            "CLOCK_OFFSET_SECONDS": str(CLOCKS.get(each.name, 0)),
            "HOST": "0.0.0.0",  # noqa: S104
            "PORT": str(WEB_PORT),
            "ALLOWED_HOSTS": each.address,
            "STATIC_ROOT": str(folder / f"static-{each.name}"),
            "GUNICORN_CMD_ARGS": "--config python:benchmarks.waiting_gunicorn",
        }
        command = ["serve", "--only", "web"] if is_web else ["worker"]
        prefix = ["ip", "netns", "exec", each.namespace]
        process = stack.enter_context(running(folder, each.name, *command, prefix=prefix, **environment))
        if is_web:
            wait_until_listening(url_of(each), process, folder / f"{each.name}.log")


def url_of(machine: Machine) -> str:
    return f"http://{machine.address}:{WEB_PORT}"


def cut_one_off(folder: Path, machines: dict[str, Machine], database: str, generations: int) -> None:
    webs = [url_of(machines[name]) for name in ("web1", "web2")]
    with psycopg.connect(database, autocommit=True) as connection:

        def select(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query).fetchall()

        def succeeded() -> int:
            return int(select("SELECT count(*) FROM cloning_generation WHERE status = 'succeeded'")[0][0])

        submit(webs, generations)
        running_takes = "SELECT count(*) FROM cloning_take WHERE status = 'running'"
        wait_until(
            lambda: succeeded() >= 1 and select(running_takes)[0][0] == 6, "three workers with two in hand"
        )
        machines["worker1"].set_link("down")
        cut_at = time.monotonic()
        print(
            f"Cut off: worker1, with two sentences in hand, after {succeeded()} of {generations}.", flush=True
        )
        wait_until(lambda: succeeded() == generations, "all spoken while it is away")
        print(f"All spoken {time.monotonic() - cut_at:.0f} s later, without it.", flush=True)
        before = read_state(select, folder)
        retaken = select("SELECT count(*) FROM cloning_take WHERE attempts > 1")[0][0]
        machines["worker1"].set_link("up")
        back_at = time.monotonic()
        seen = {row[0]: row[1] for row in select("SELECT id, seen_at FROM cloning_worker")}

        def is_back() -> bool:
            now = {row[0]: row[1] for row in select("SELECT id, seen_at FROM cloning_worker")}
            return len(now) >= 3 and all(now[key] != seen.get(key) for key in now)

        wait_until(is_back, "a sign of life of all three workers")
        print(f"worker1 is seen again {time.monotonic() - back_at:.0f} s after its link is up.", flush=True)
        time.sleep(2 * LEASE_SECONDS)  # for what it may still want to store
        after = read_state(select, folder)
        problems = [f"{name} is another than before" for name in before if before[name] != after.get(name)]
        problems += [f"{name} is new" for name in after if name not in before]
        problems += check(select, generations, retaken)
        submit(webs, 6)
        wait_until(lambda: succeeded() == generations + 6, "more is spoken by all three")
    if problems:
        raise SystemExit("\n".join(problems[:20]))
    print(
        f"{retaken} sentences were taken up by others. Nothing was overwritten, nothing that was accepted spoken again."
    )


def submit(webs: list[str], count: int) -> None:
    for number in range(count):
        answer = generate(webs[number % 2], {"Prefer": "respond-async"}, TEXT)
        assert answer.status == 202, answer
        assert ask(webs[(number + 1) % 2], answer.body["status_url"]).status == 200


def read_state(select: Callable[[str], list[tuple[Any, ...]]], folder: Path) -> dict[str, str]:
    """Rows and files, by what they are."""
    rows = select("SELECT 'take ' || id, t::text FROM cloning_take t")
    rows += select("SELECT 'generation ' || id, g::text FROM cloning_generation g")
    files = (folder / "storage" / "generated").rglob("*.wav")
    digests = {str(each): hashlib.sha256(each.read_bytes()).hexdigest() for each in files}
    return {**dict(rows), **digests}


def check(select: Callable[[str], list[tuple[Any, ...]]], generations: int, retaken: int) -> list[str]:
    """What is not as it is to be once all is spoken."""
    problems = []
    takes = select("SELECT status, attempts, number FROM cloning_take")
    if len(takes) != 3 * generations or any(
        status != "succeeded" or number != 1 for status, _, number in takes
    ):
        problems.append(f"{len(takes)} takes for {3 * generations} sentences")
    if not 1 <= retaken <= 2 or max(attempts for _, attempts, _ in takes) > 2:
        problems.append(f"{retaken} sentences were begun twice, of two that were in hand")
    return problems


def wait_until(condition: Callable[[], object], what: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() >= give_up_at:
            raise SystemExit(f"In vain was waited for: {what}.")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
