"""How `make test` shares its tests out: to a process goes a module, all that share an engine, or one attack.

The longest are begun first, but for what is thorough, which comes last. After the moment THOROUGH_UNTIL (seconds since
1970) no more of that is begun.
"""

import os
import time
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("cloning/tests/engines/preview/", "cloning/tests/engines/xtts/")
APART = "cloning/tests/attack/"
LONGEST = (
    "cloning/tests/engines/preview/",
    "cloning/tests/engines/xtts/",
    "cloning/tests/jobs/test_worker.py",
    "cloning/tests/server/",
    "cloning/tests/e2e/",
)
"""What takes long, the longest first: begun last, it would run on while other processes have nothing to do."""

THOROUGH = (
    "cloning/tests/e2e/test_generations.py",
    "cloning/tests/e2e/test_composer.py",
    "cloning/tests/engines/xtts/test_speech.py",
    "cloning/tests/api/test_examples.py",
    "cloning/tests/engines/preview/test_stream.py",
    "cloning/tests/management/test_serve.py",
    "cloning/tests/e2e/test_history.py",
    "cloning/tests/e2e/test_voices.py",
    "cloning/tests/e2e/test_player.py",
    "cloning/tests/jobs/test_worker_process.py",
    "cloning/tests/e2e/test_sentences.py",
    "cloning/tests/e2e/test_accounts.py",
    "cloning/tests/e2e/test_many_texts.py",
    "cloning/tests/e2e/test_every_page.py",
    "cloning/tests/e2e/test_admin.py",
    "cloning/tests/test_privacy.py",
    "cloning/tests/jobs/test_books.py",
    "cloning/tests/jobs/test_checked_speech.py",
    "cloning/tests/engines/xtts/test_starting.py",
    "cloning/tests/engines/preview/test_kokoro.py",
    "cloning/tests/storage/test_s3.py",
    "cloning/tests/test_postgresql.py",
    "cloning/tests/api/test_automation.py",
    "cloning/tests/e2e/test_recorder.py",
    "cloning/tests/e2e/test_coach.py",
    "cloning/tests/server/test_streams.py",
    "cloning/tests/server/test_web_processes.py",
    "cloning/tests/api/xtts_server/test_sillytavern.py",
    "cloning/tests/e2e/test_own_clients.py",
    "cloning/tests/api/openai/test_client.py",
    "cloning/tests/api/openai/test_open_webui.py",
    "cloning/tests/wyoming/test_live.py",
    "cloning/tests/agents/test_live.py",
    "cloning/tests/engines/xtts/test_running_on.py",
    "cloning/tests/engines/xtts/test_precision.py",
    "cloning/tests/engines/preview/test_speech.py",
    APART,
    "cloning/tests/jobs/fleet/test_fleet.py",
    "cloning/tests/engines/preview/test_references.py",
    "cloning/tests/text/test_bounds.py",
    "cloning/tests/audio/test_bounds.py",
    "cloning/tests/audio/test_probing.py",
    "cloning/tests/test_migrations.py",
    "cloning/tests/infrastructure/test_install.py",
    "cloning/tests/text/test_speakable.py",
    "cloning/tests/engines/preview/test_stock.py",
    "cloning/tests/engines/preview/test_phonemes.py",
    "cloning/tests/engines/preview/test_styles.py",
    "cloning/tests/engines/preview/test_espeak.py",
)
"""Marked `thorough`, what would be missed most first. CI leaves out what it can't begin in time."""


class FolderScheduling(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(APART):
            return nodeid
        if nodeid.startswith(THOROUGH):
            return super()._split_scope(nodeid)
        folder = next((folder for folder in TOGETHER if nodeid.startswith(folder)), None)
        return folder or super()._split_scope(nodeid)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank(item.nodeid))
    for item in items:
        if item.nodeid.startswith(THOROUGH):
            item.add_marker("thorough")


def pytest_runtest_setup(item: pytest.Item) -> None:
    until = float(os.environ.get("THOROUGH_UNTIL", "inf"))
    if item.get_closest_marker("thorough") and time.time() > until:
        pytest.skip("thorough, and the time for it is over")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where only the few tests are wanted that run alone, the others' modules, torch among them, are not imported."""
    if config.option.markexpr != "alone":
        return None
    modules = collection_path.rglob("test_*.py") if collection_path.is_dir() else [collection_path]
    return not any("mark.alone" in module.read_text() for module in modules) or None


def rank(nodeid: str) -> tuple[bool, int]:
    is_thorough = nodeid.startswith(THOROUGH)
    names = THOROUGH if is_thorough else LONGEST
    return is_thorough, next((n for n, name in enumerate(names) if nodeid.startswith(name)), len(names))


@pytest.hookimpl(optionalhook=True)  # where pytest-xdist is switched off
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    config.option.loadscopereorder = False  # else by the number of tests
    return FolderScheduling(config, log) if config.option.dist == "loadscope" else None
