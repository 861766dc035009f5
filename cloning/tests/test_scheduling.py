"""CI ends in time: what is thorough is left out once its time is over, and nothing else is."""

import os
import subprocess
import sys

from cloning.tests import scheduling
from cloning.tests.live_site import PROJECT


def test_what_is_thorough_is_left_out_when_time_is_over() -> None:
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "cloning/tests/text/test_bounds.py",
            "cloning/tests/test_throttling.py",
        ],
        cwd=PROJECT,
        env={**os.environ, "THOROUGH_UNTIL": "0"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout
    assert " passed" in ended.stdout
    skipped = [line for line in ended.stdout.splitlines() if line.startswith("SKIPPED")]
    assert skipped
    assert all("thorough" in line for line in skipped)


def test_what_is_thorough_comes_last() -> None:
    names = [
        "cloning/tests/text/test_bounds.py::a",
        "cloning/tests/test_house.py::b",
        "cloning/tests/e2e/test_x.py::c",
    ]
    assert sorted(names, key=scheduling.rank) == [names[2], names[1], names[0]]
