"""ZIP files that are sent while they are made."""

import io
import subprocess
import tracemalloc
import zipfile
from datetime import UTC, datetime
from functools import partial

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile

from cloning.models import Generation
from cloning.storage.archives import CHUNK_BYTES, Entry, zip_files

MADE_AT = datetime(2026, 3, 2, 12, 30, 20, tzinfo=UTC)


@pytest.fixture
def entry():
    """An archive's entry with the bytes given, stored."""

    def make(name: str, content: bytes = b"sound", made_at: datetime = MADE_AT) -> Entry:
        stored = default_storage.save("generated/file", ContentFile(content))
        file = FieldFile(Generation(), Generation._meta.get_field("audio"), stored)
        return Entry(name, made_at, partial(file.open, "rb"))

    return make


def test_it_is_a_zip_that_other_programs_read(entry, tmp_path) -> None:
    contents = {"a-good.wav": bytes(range(256)) * 2000, "नमस्ते.mp3": b"", "b.wav": b"RIFF"}
    archive = tmp_path / "speech.zip"
    archive.write_bytes(b"".join(zip_files(entry(name, content) for name, content in contents.items())))
    with zipfile.ZipFile(archive) as read:
        assert read.testzip() is None
        assert {name: read.read(name) for name in read.namelist()} == contents
        assert read.infolist()[0].date_time == (2026, 3, 2, 12, 30, 20)
    python = ["python3", "-m", "zipfile", "-t", str(archive)]
    assert "Done testing" in subprocess.run(python, capture_output=True, text=True, check=True).stdout


def test_equal_names_get_numbers(entry) -> None:
    names = ["a.wav", "A.wav", "a-2.wav", "a.wav", "a.mp3"]
    content = b"".join(zip_files(entry(name) for name in names))
    assert zipfile.ZipFile(io.BytesIO(content)).namelist() == [
        "a.wav",
        "A-2.wav",
        "a-2-2.wav",
        "a-3.wav",
        "a.mp3",
    ]


def test_lost_files_are_left_out(entry) -> None:
    lost, kept = entry("lost.wav"), entry("kept.wav")
    lost.open.func.__self__.storage.delete(lost.open.func.__self__.name)
    content = b"".join(zip_files([lost, kept]))
    assert zipfile.ZipFile(io.BytesIO(content)).namelist() == ["kept.wav"]


def test_a_moment_that_no_zip_can_tell(entry) -> None:
    content = b"".join(zip_files([entry("a.wav", made_at=datetime(1970, 2, 3, tzinfo=UTC))]))
    assert zipfile.ZipFile(io.BytesIO(content)).infolist()[0].date_time[0] == 1980


def test_a_piece_of_it_is_in_memory(entry) -> None:
    large = [entry(f"{number}.wav", bytes(20 * 1024**2)) for number in range(2)]
    tracemalloc.start()
    sizes = [len(piece) for piece in zip_files(large)]
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(sizes) > 40 * 1024**2
    assert max(sizes) < 3 * CHUNK_BYTES and min(sizes) > 0
    assert peak_bytes < 2 * 1024**2


def test_who_leaves_leaves_nothing_open(entry) -> None:
    first = entry("a.wav", bytes(CHUNK_BYTES * 4))
    pieces = zip_files([first])
    next(pieces)
    pieces.close()
    assert first.open.func.__self__.closed
