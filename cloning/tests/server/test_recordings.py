"""The file that listeners share."""

import pytest

from cloning.errors import ErrorCode, GenerationError
from cloning.server import recordings
from cloning.server.recordings import Recording
from cloning.storage.temporary import temporary_root


def test_what_was_written_is_read_from_anywhere() -> None:
    recording = Recording()
    recording.append(b"beginning, ")
    recording.append(b"end")
    assert recording.read(0, 100) == b"beginning, end"
    assert recording.read(11, 2) == b"en"
    assert recording.read(14, 100) == b""
    recording.close()


def test_it_has_no_name_and_is_empty_once_closed() -> None:
    recording = Recording()
    recording.append(b"sound")
    assert list(temporary_root().iterdir()) == []
    recording.close()
    recording.append(b"late")
    assert recording.read(0, 100) == b""
    recording.close()


def test_a_nearly_full_disk_ends_it_before_it_is_full(settings, monkeypatch) -> None:
    monkeypatch.setattr(recordings, "BYTES_BETWEEN_LOOKS", 1000)
    recording = Recording()
    recording.append(bytes(900))
    settings.MIN_FREE_MB = 10**9
    recording.append(bytes(99))
    with pytest.raises(GenerationError) as raised:
        recording.append(bytes(1))
    assert raised.value.code == ErrorCode.STORAGE_FULL
    assert len(recording.read(0, 2000)) == 999, "what was encoded before can be heard"
    with pytest.raises(GenerationError):
        Recording()
    recording.close()
