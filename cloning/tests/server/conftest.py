import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloning.tests.live_site import PROJECT, LiveSite, running, wait_until_listening

LARGE_BYTES = 14 * 1024**2
ADD_GENERATION = f"""
from django.core.files.base import ContentFile
from cloning.models import Channel, Generation, Status
generation = Generation(text="Long.", requested_via=Channel.API, status=Status.SUCCEEDED, engine="preview",
                        sample_rate_hz=24_000, duration_seconds=300.0)
generation.audio.save("", ContentFile(bytes({LARGE_BYTES})), save=False)
generation.save()
print("pk:", generation.pk)
"""


@pytest.fixture(scope="module")
def web_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """The web server without a worker, with deadlines of two seconds."""
    folder = tmp_path_factory.mktemp("web_server")
    arguments = f"--config {Path(__file__).with_name('quick_deadlines.py')}"
    with running("serve", "--only", "web", folder=folder, GUNICORN_CMD_ARGS=arguments) as site:
        wait_until_listening(site)
        yield site


@pytest.fixture(scope="module")
def large_file(web_server: LiveSite) -> str:
    """The path of 14 MB of audio."""
    environment = {
        "PATH": os.environ["PATH"],
        "STORAGE_ROOT": str(web_server.storage_root),
        "DATABASE_URL": f"sqlite:///{web_server.storage_root}/db.sqlite3",
    }
    printed = subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", ADD_GENERATION],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return f"/api/v1/files/{printed.partition('pk: ')[2].strip()}.wav"
