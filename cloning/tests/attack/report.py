"""What an attack counts and finds."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Promise(StrEnum):
    """What the server promises; docs/reliability.md has a row for each."""

    NO_5XX = "undocumented 5xx, hang-ups and unanswered requests"
    SHAPE = "API errors of another shape than documented"
    LOST = "accepted jobs lost"
    DOUBLE = "jobs that ended twice, or have two files"
    ORPHANS = "orphaned files and rows"
    PROCESSES = "processes left behind"
    RECOVERY = "times that the site did not recover by itself"
    PAGES = "pages later than allowed"
    MEMORY = "processes above their memory limit"


@dataclass(frozen=True)
class Fault:
    piece: str
    promise: Promise
    what: str
    saved_as: str = ""  # the request's bytes: `nc localhost PORT < FILE` sends them again


@dataclass
class Report:
    """Of one run. Any thread may add to it."""

    folder: Path  # where requests that were answered wrongly are kept
    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    figures: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str, by: int = 1) -> None:
        with self._lock:
            self.counts[what] += by

    def keep_max(self, figure: str, value: float) -> None:
        with self._lock:
            self.figures[figure] = max(self.figures.get(figure, 0.0), value)

    def add_fault(self, piece: str, promise: Promise, what: str, payload: bytes = b"") -> None:
        with self._lock:
            saved_as = ""
            if payload:
                self.folder.mkdir(parents=True, exist_ok=True)
                saved_as = str(self.folder / f"{piece}-{len(self.faults)}.http")
                Path(saved_as).write_bytes(payload)
            self.faults.append(Fault(piece, promise, what, saved_as))
            print(f"  FAULT {piece}: {promise}: {what} {saved_as}", flush=True)

    def of(self, promise: Promise) -> int:
        return sum(fault.promise == promise for fault in self.faults)

    def timed(self, piece: str) -> "Stopwatch":
        return Stopwatch(self, piece)


@dataclass
class Stopwatch:
    report: Report
    piece: str
    started_at: float = 0.0

    def __enter__(self) -> None:
        self.started_at = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self.report.seconds[self.piece] = time.monotonic() - self.started_at
