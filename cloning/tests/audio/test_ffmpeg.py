"""What bounds an FFmpeg process."""

import os
import time

import pytest

from cloning import audio
from cloning.audio import ffmpeg as ffmpeg_module
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.tests.audio.clips import CARRIED_FFMPEG, get_refusal


def test_without_ffmpeg_on_path_the_carried_one_is_used(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert audio.find_ffmpeg() == CARRIED_FFMPEG


def test_ffmpeg_that_takes_too_long_is_stopped(uploads, tmp_path, monkeypatch):
    slow = tmp_path / "slow-ffmpeg"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setattr("cloning.audio.ffmpeg.find_ffmpeg", lambda: str(slow))
    started = time.monotonic()
    assert get_refusal(uploads["mp3"], timeout_seconds=0.2).code == "reference_unreadable"
    with pytest.raises(GenerationError, match=r"longer than 0\.2 s") as caught:
        audio.encode(uploads["wav"], tmp_path / "out.mp3", AudioFormat.MP3, comment="", timeout_seconds=0.2)
    assert caught.value.code == ErrorCode.ENCODING_FAILED
    assert time.monotonic() - started < 120
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert [path.name for path in tmp_path.iterdir()] == ["slow-ffmpeg"]


def test_endless_complaints_of_ffmpeg_are_not_kept(uploads, tmp_path, monkeypatch):
    loud = tmp_path / "loud-ffmpeg"
    loud.write_text("#!/bin/sh\nhead -c 50000000 /dev/zero >&2\nexit 1\n")
    loud.chmod(0o755)
    monkeypatch.setattr("cloning.audio.ffmpeg.find_ffmpeg", lambda: str(loud))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    run = ffmpeg_module.run([], 20, ErrorCode.ENCODING_FAILED)
    assert len(run.log) <= 64 * 1024


def test_ffmpeg_that_cannot_start(uploads, tmp_path, monkeypatch):
    monkeypatch.setattr("cloning.audio.ffmpeg.find_ffmpeg", lambda: str(tmp_path / "nothing"))
    assert get_refusal(uploads["mp3"]).code == "ffmpeg_missing"
