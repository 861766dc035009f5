import json
import os
import subprocess
import sys
from pathlib import Path

from cloning.models import Generation
from cloning.storage import space
from cloning.tests.live_site import PROJECT

FILL_AND_DELETE = """
import django, json, sqlite3, sys, uuid
from pathlib import Path
django.setup()
from django.core.management import call_command
from django.conf import settings
from django.db import DatabaseError, connection
from cloning.jobs.cleanup import delete_generation
from cloning.models import Channel, Generation
from cloning.storage.space import keep_reserve, reserve_path
call_command("migrate", interactive=False, verbosity=0)
if "with" in sys.argv:
    keep_reserve()
kept = [Generation.objects.create(text="word " * 400, language="en", requested_via=Channel.API).pk for _ in range(50)]
with connection.cursor() as cursor:  # what is written next needs room of its own
    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
filler = (settings.STORAGE_ROOT / "filler").open("wb", buffering=0)
try:
    while filler.write(bytes(4096)):
        pass
except OSError:
    pass
try:
    deleted = delete_generation(kept[0])
except DatabaseError as error:
    deleted = str(error)
print(json.dumps([deleted, Generation.objects.count(), reserve_path().exists()]))
"""


def fill_and_delete(disk: Path, *arguments: str) -> list[object]:
    ended = subprocess.run(
        [sys.executable, "-c", FILL_AND_DELETE, *arguments],
        cwd=PROJECT,
        env={
            "PATH": os.environ["PATH"],
            "STORAGE_ROOT": str(disk),
            "DATABASE_URL": f"sqlite:///{disk}/db.sqlite3",
            "DJANGO_SETTINGS_MODULE": "voiceclone_site.settings",
        },
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    return list(json.loads(ended.stdout))


def test_a_full_disk_can_be_deleted_on_with_the_reserve(small_disk: Path) -> None:
    assert fill_and_delete(small_disk, "with") == [True, 49, False]


def test_a_full_disk_can_not_be_deleted_on_without(small_disk: Path) -> None:
    """The test above would see it."""
    assert fill_and_delete(small_disk) == ["database or disk is full", 50, False]


def test_the_reserve_takes_room_and_is_set_aside_once(settings) -> None:
    space.keep_reserve()
    reserve = settings.STORAGE_ROOT / space.RESERVE_NAME
    first = reserve.stat()
    assert first.st_blocks * 512 >= space.RESERVE_BYTES
    space.keep_reserve()
    assert reserve.stat().st_ino == first.st_ino
    assert space.release_reserve()
    assert not space.release_reserve()


def test_nothing_new_is_taken_where_little_is_free(api, upload, settings, nothing_kept, db) -> None:
    settings.MIN_FREE_MB = 10**9
    fields = {"text": "Good morning.", "reference": upload()}
    answer = api.post("/api/v1/voice-clone/generate", fields)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "storage_full")
    assert answer["Retry-After"] == "300"
    assert nothing_kept()


def test_the_page_says_that_little_is_free_and_keeps_the_text(client, upload, settings, db) -> None:
    settings.MIN_FREE_MB = 10**9
    answer = client.post("/", {"text": "Good morning.", "reference": upload()})
    assert answer.status_code == 503
    assert "nearly full" in answer.content.decode()
    assert "Good morning." in answer.content.decode()
    assert not Generation.objects.exists()
