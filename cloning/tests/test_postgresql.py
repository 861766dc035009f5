"""The tests of the job once more on PostgreSQL, where claims meet row locks instead of SQLite's one writer."""

import os
import subprocess
import sys

import pytest

from cloning.tests.live_site import PROJECT

URL = os.environ.get("TEST_DATABASE_URL", "")


@pytest.mark.skipif(
    not URL and not os.environ.get("CI_FORBID_SKIPS"), reason="TEST_DATABASE_URL names no PostgreSQL server"
)
def test_the_job_is_the_same_on_postgresql() -> None:
    assert URL.startswith("postgres")
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "cloning/tests/jobs/test_takes.py",
            "cloning/tests/jobs/test_joins.py",
            "cloning/tests/jobs/test_state.py",
            "cloning/tests/jobs/test_scheduling.py",
            "cloning/tests/jobs/test_leases.py",
            "cloning/tests/jobs/test_heartbeat.py",
            "cloning/tests/jobs/test_cleanup.py",
            "cloning/tests/jobs/test_submission.py",
            "cloning/tests/jobs/test_limits.py",
            "cloning/tests/jobs/test_idempotency_races.py",
            "cloning/tests/jobs/webhooks/test_sending.py",
            "cloning/tests/jobs/batches/test_feeding.py",
            "cloning/tests/jobs/test_audit.py",
            "cloning/tests/jobs/test_voices.py",
            "cloning/tests/jobs/test_parts.py",
            "cloning/tests/jobs/test_plans.py",
            "cloning/tests/jobs/test_revoking.py",
            "cloning/tests/api/v1/test_dialogues.py",
            "cloning/tests/jobs/test_notifications.py",
            "cloning/tests/jobs/postgresql_notifications.py",
            "cloning/tests/jobs/postgresql_pool.py",
        ],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": URL},
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert ended.returncode == 0, ended.stdout[-4000:]
    assert " passed" in ended.stdout
