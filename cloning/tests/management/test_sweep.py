import os
import time

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from cloning.models import Generation, Status
from cloning.storage.local import AtomicFileSystemStorage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lost(spoken, settings) -> Generation:
    """A generation whose audio is gone; and there are a file of nobody's and a folder of a killed process."""
    default_storage.delete(spoken.audio.name)
    default_storage.save("generated/orphan.wav", ContentFile(b"a voice"))
    os.utime(default_storage.path("generated/orphan.wav"), (time.time() - 7200,) * 2)
    (settings.STORAGE_ROOT / "temporary" / "left").mkdir(parents=True)
    return spoken


def test_a_dry_run_says_what_is_found_and_changes_nothing(lost, stored_files, capsys) -> None:
    before = stored_files()
    call_command("sweep", "--dry-run")
    assert capsys.readouterr().out.splitlines() == [
        "temporary/left is of a process that was killed: to be deleted",
        f"{lost.audio.name}, the audio of generation {lost.pk}, is gone: to be marked as failed",
        "generated/orphan.wav belongs to nothing: to be deleted",
        "3 found.",
    ]
    lost.refresh_from_db()
    assert (lost.status, stored_files()) == (Status.SUCCEEDED, before)


def test_a_sweep_mends_what_it_finds(lost, settings, capsys) -> None:
    call_command("sweep")
    assert capsys.readouterr().out.splitlines() == [
        "temporary/left is of a process that was killed: deleted",
        f"{lost.audio.name}, the audio of generation {lost.pk}, is gone: marked as failed",
        "generated/orphan.wav belongs to nothing: deleted",
        "3 found.",
    ]
    lost.refresh_from_db()
    assert lost.status == Status.FAILED
    assert not default_storage.exists("generated/orphan.wav")
    assert not (settings.STORAGE_ROOT / "temporary" / "left").exists()
    call_command("sweep")
    assert capsys.readouterr().out == "Nothing found.\n"


def test_a_storage_that_fails_is_said(lost, monkeypatch) -> None:
    def fail(_self: object, _name: str) -> None:
        raise OSError("S3: Could not connect")

    monkeypatch.setattr(AtomicFileSystemStorage, "listdir", fail)
    with pytest.raises(CommandError, match=r"did not come to its end\. S3: Could not connect"):
        call_command("sweep")
    lost.refresh_from_db()
    assert lost.status == Status.SUCCEEDED
