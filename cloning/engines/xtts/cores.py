"""How many CPU cores this process may really use: a container's quota is not what the machine has."""

import math
import os
from pathlib import Path


def available_cores(root: Path = Path("/")) -> int:
    """The smaller of CPU affinity and cgroup quota, at least 1. `root` is where proc and sys are mounted."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.floor(min([affinity, *_quotas(root)])))


def _quotas(root: Path) -> list[float]:
    """The cores that each cgroup above this process grants, where one is limited."""
    quotas = []
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            mount = root / "sys/fs/cgroup"
        elif "cpu" in controllers.split(","):
            mount = root / "sys/fs/cgroup/cpu"
        else:
            continue
        group = mount / path.lstrip("/")
        for folder in [group, *group.parents]:
            quotas += _quota(folder)
            if folder == mount:
                break
    return quotas


def _quota(folder: Path) -> list[float]:
    """cgroup v2 writes `max 100000` or `150000 100000` into one file; v1 has two, with -1 for no limit."""
    words = _read(folder / "cpu.max").split() or [
        *_read(folder / "cpu.cfs_quota_us").split(),
        *_read(folder / "cpu.cfs_period_us").split(),
    ]
    if len(words) != 2 or not all(word.isdigit() and int(word) for word in words):
        return []
    return [int(words[0]) / int(words[1])]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
