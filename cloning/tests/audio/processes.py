"""Which processes run."""

import os
import subprocess
from pathlib import Path


def is_running(pid: int) -> bool:
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
            if Path("/proc").is_dir()
            else not os.kill(pid, 0)
        )
    except (FileNotFoundError, ProcessLookupError):
        return False


def list_children() -> list[int]:
    """Those of this process."""
    command = ["ps", "-eo", "pid=,ppid=,comm="]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [int(pid) for pid, parent, name in rows if int(parent) == os.getpid() and name != "ps"]
