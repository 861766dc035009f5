import fcntl
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cloning.storage import temporary
from cloning.storage.temporary import delete_abandoned_folders, temporary_folder, temporary_root

HOLD = """
import sys, django
from django.conf import settings
settings.configure(STORAGE_ROOT=sys.argv[1])
from cloning.storage.temporary import temporary_folder
with temporary_folder() as folder:
    (folder / "speech.wav").write_bytes(b"a voice")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(settings):
    """Another process with a temporary folder, and that folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, settings.STORAGE_ROOT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    yield process, Path(process.stdout.readline().decode().strip())
    process.kill()
    process.communicate()


def left() -> list[Path]:
    return list(temporary_root().iterdir())


def test_folder_is_private_under_the_storage_and_gone_afterwards(settings) -> None:
    with temporary_folder() as folder:
        (folder / "speech.wav").write_bytes(b"a voice")
        assert folder.parent == temporary_root() == settings.STORAGE_ROOT / "temporary"
        assert [path.stat().st_mode & 0o777 for path in (folder, folder.parent)] == [0o700, 0o700]
    assert left() == []


def test_folder_goes_when_the_work_fails(settings) -> None:
    with pytest.raises(RuntimeError), temporary_folder() as folder:
        (folder / "speech.wav").write_bytes(b"a voice")
        raise RuntimeError
    assert left() == []


def test_what_a_living_process_uses_stays_and_what_a_killed_one_left_goes(holder) -> None:
    process, folder = holder
    assert delete_abandoned_folders() == 0
    assert (folder / "speech.wav").exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (folder / "speech.wav").exists()
    assert delete_abandoned_folders() == 1
    assert left() == []


def test_own_folder_is_not_taken_for_abandoned(settings) -> None:
    with temporary_folder() as folder:
        assert delete_abandoned_folders() == 0
        assert folder.is_dir()


def test_folders_are_made_while_others_are_deleted(settings) -> None:
    """Between the making of a folder and its lock it looks abandoned."""
    done, kept = threading.Event(), []

    def delete() -> None:
        while not done.is_set():
            delete_abandoned_folders()

    thread = threading.Thread(target=delete)
    thread.start()
    for _ in range(500):
        with temporary_folder() as folder:
            kept.append(folder.is_dir())
    done.set()
    thread.join()
    assert all(kept)
    assert left() == []


def test_file_system_without_locks(settings, monkeypatch) -> None:
    def flock(descriptor: int, operation: int) -> None:
        raise OSError("No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with temporary_folder() as folder:
        assert delete_abandoned_folders() == 0
        monkeypatch.setattr(temporary, "UNLOCKABLE_SECONDS", -1)
        assert delete_abandoned_folders() == 1
        assert not folder.exists()


def test_nothing_there_yet(settings) -> None:
    assert delete_abandoned_folders() == 0
