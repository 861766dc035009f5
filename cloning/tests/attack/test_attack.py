"""The attack in a form that fits into CI; `make attack` is the whole of it. See docs/reliability.md."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cloning.tests.attack import clients, damage, deletions, disks, hostile, kills, races, schema
from cloning.tests.attack.report import Report
from cloning.tests.attack.sizes import SHORT, Size

SEED = int(os.environ.get("ATTACK_SEED", "1"))

pytestmark = [
    pytest.mark.attack,
    pytest.mark.skipif(sys.platform != "linux", reason="the attacker sees processes through /proc"),
    pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="the attacker makes its clips with FFmpeg"),
]


def attack(piece: Callable[[Path, Report, Size], None], folder: Path) -> Report:
    report = Report(folder / "faults", SEED)
    piece(folder, report, SHORT)
    assert not report.faults, f"seed {SEED}: {report.faults}"
    return report


def test_hostile_requests_and_uploads_are_answered_and_stop_no_page(tmp_path):
    report = attack(hostile.attack, tmp_path)
    assert report.counts["hostile inputs"] > 200
    assert report.counts["uploads accepted"]


def test_the_openapi_document_says_how_the_server_answers(tmp_path):
    assert attack(schema.attack, tmp_path).counts["cases of schemathesis"] > 100


def test_deletes_may_meet_anything(tmp_path):
    attack(races.attack, tmp_path)


def test_deletions_in_any_order_among_kills_leave_nothing(tmp_path):
    report = attack(deletions.attack, tmp_path)
    assert report.counts["deletions"] > 10
    assert report.counts["kills while deleting"] >= 2


def test_kills_lose_nothing_and_double_nothing(tmp_path):
    report = attack(kills.attack, tmp_path)
    assert report.counts["kills"] == SHORT.kills
    assert report.counts["jobs accepted"] >= SHORT.jobs


def test_a_locked_database_and_a_full_disk_are_got_over(tmp_path):
    report = attack(disks.attack, tmp_path)
    if reason := report.figures.get("full disk"):
        pytest.skip(str(reason))


def test_damaged_caches_are_made_again(tmp_path):
    attack(damage.attack, tmp_path)


def test_pages_are_answered_among_many_clients(tmp_path):
    attack(clients.attack, tmp_path)
