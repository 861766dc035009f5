import errno

import pytest
from django.core.files.base import ContentFile, File

from cloning.storage.local import AtomicFileSystemStorage


class Failing(ContentFile):
    """Gives some bytes, then the error that a full disk gives."""

    def chunks(self, chunk_size=None):
        yield b"half"
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_failed_write_leaves_no_file_at_all(tmp_path):
    storage = AtomicFileSystemStorage(location=tmp_path)
    with pytest.raises(OSError, match="No space left"):
        storage.save("generated/a.wav", Failing(b"x"))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_name_that_is_taken_is_not_overwritten(tmp_path):
    storage = AtomicFileSystemStorage(location=tmp_path)
    first = storage.save("generated/a.wav", ContentFile(b"first"))
    second = storage.save("generated/a.wav", ContentFile(b"second"))
    assert first != second
    assert (tmp_path / first).read_bytes() == b"first"
    assert (tmp_path / second).read_bytes() == b"second"


def test_files_on_disk_are_stored_under_the_name_and_the_source_stays(tmp_path):
    source = tmp_path / "source.wav"
    source.write_bytes(b"speech")
    storage = AtomicFileSystemStorage(location=tmp_path / "storage")
    with source.open("rb") as file:
        name = storage.save("generated/b.wav", File(file))
    assert (tmp_path / "storage" / name).read_bytes() == b"speech"
