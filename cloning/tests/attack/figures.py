"""The figures of a run as a table, for the terminal and for docs/reliability.md."""

import datetime
import os
import platform
from pathlib import Path

from cloning.tests.attack.report import Promise, Report

START, END = "<!-- figures: written by make attack -->", "<!-- end of figures -->"


def table(report: Report) -> str:
    lines = [
        f"Run of {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC, seed {report.seed}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, load {os.getloadavg()[1]:.1f} in the last five minutes.",
        "",
        "| what | figure |",
        "|---|---|",
        *(f"| **{promise}** | **{report.of(promise)}** |" for promise in Promise),
        *(f"| {name} | {count} |" for name, count in sorted(report.counts.items())),
        *(f"| {name} | {value} |" for name, value in sorted(report.figures.items())),
        *(f"| time of {name} (s) | {seconds:.0f} |" for name, seconds in report.seconds.items()),
    ]
    return "\n".join(lines)


def record(document: Path, figures: str) -> None:
    text = document.read_text()
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{START}\n\n{figures}\n\n{END}{after}")
