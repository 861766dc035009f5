import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cloning.tests.audio.clips import CARRIED_FFMPEG, CONTAINERS, SPEECH, make


@pytest.fixture(params=["on_path", "carried"])
def ffmpeg(request, monkeypatch) -> str:
    found = shutil.which("ffmpeg") if request.param == "on_path" else CARRIED_FFMPEG
    if not found:
        pytest.skip("no ffmpeg on PATH")
    monkeypatch.setattr("cloning.audio.ffmpeg.find_ffmpeg", lambda: found)
    return found


@pytest.fixture
def play_ffmpeg(tmp_path, monkeypatch) -> Callable[[str], Path]:
    """Puts a shell script in FFmpeg's place."""

    def play(script: str) -> Path:
        program = tmp_path / "ffmpeg.sh"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr("cloning.audio.ffmpeg.find_ffmpeg", lambda: str(program))
        return program

    return play


@pytest.fixture(scope="session")
def uploads(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("uploads")
    made = {
        name: make(folder / f"clip.{name}", "-i", str(SPEECH), *arguments)
        for name, arguments in CONTAINERS.items()
    }
    picture = ("-f", "lavfi", "-i", "testsrc=duration=7:size=320x240:rate=10", "-i", str(SPEECH))
    made["mp4"] = make(folder / "film.mp4", *picture, "-c:v", "libx264", "-c:a", "aac", "-shortest")
    made["mov"] = make(folder / "film.mov", *picture, "-c:v", "mpeg4", "-c:a", "pcm_s16le", "-shortest")
    return made
