"""Processes as Linux's /proc shows them."""

import contextlib
import ctypes
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
SAMPLE_SECONDS = 0.05


def adopt_orphans(wanted: bool = True) -> None:
    """From now on what a killed process leaves behind becomes a child of this one, where it can be seen."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(wanted))


def die_with_parent() -> None:
    """Between fork and exec: an attack that is killed leaves no site behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def descendants(pid: int) -> list[int]:
    found = children(pid)
    for child in found:
        found += children(child)  # the list grows while it is walked
    return found


def command_line(pid: int) -> str:
    """Empty for a process that is gone or a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def having(variable: str) -> set[int]:
    """Processes with `NAME=value` in their environment."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if variable.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
    return found


def reap(pid: int) -> None:
    """Ends the zombie of an adopted process."""
    with contextlib.suppress(OSError):
        os.waitpid(pid, os.WNOHANG)


def peak_mb(pid: int) -> float:
    """The most resident memory it ever had."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    return 0.0


@contextmanager
def watching_memory(root: int) -> Iterator[dict[str, float]]:
    """The peak of each kind of process below `root`, in MB, by name; filled while the context lasts."""
    peaks: dict[str, float] = {}
    done = threading.Event()

    def watch() -> None:
        while not done.wait(SAMPLE_SECONDS):
            for pid in descendants(root):
                name = program(command_line(pid))
                peaks[name] = max(peaks.get(name, 0.0), peak_mb(pid))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        done.set()
        thread.join()


def program(command: str) -> str:
    for word, name in (
        ("manage.py worker", "worker"),
        ("manage.py serve", "supervisor"),
        ("ffmpeg", "FFmpeg"),
    ):
        if word in command:
            return name
    return "espeak-ng" if "espeak_process" in command else "web server"
