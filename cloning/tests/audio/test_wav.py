"""Files appear whole or not at all, also where the disk is full."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloning.formats import AudioFormat
from cloning.tests.audio.clips import SPEECH, make

WRITERS = """
from pathlib import Path
import resource
import sys
import numpy as np
from cloning import audio
from cloning.audio import ffmpeg
from cloning.errors import GenerationError
from cloning.formats import AudioFormat

path, source, folder, size_limit = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
ffmpeg.find_ffmpeg = lambda: path
if size_limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_limit, resource.RLIM_INFINITY))
speech = np.sin(np.arange(99_999)).astype("f4")
writers = {
    "normalize": lambda: audio.normalize(source, folder / "out.wav", max_seconds=300),
    "write_take": lambda: audio.write_take(speech, 24_000, folder / "out.wav"),
    "join": lambda: audio.join([audio.Piece(source, 7.06, [], -9.0)], 24_000, folder / "out.wav"),
}
for name in AudioFormat:
    writers[name] = lambda name=name: audio.encode(source, folder / "out", name, tags={"comment": "c" * 200})
for name, write in writers.items():
    try:
        write()
        print(name, "written")
    except GenerationError as error:
        print(name, error.code, error, list(folder.iterdir()))
"""


def what_writers_say(ffmpeg: str, folder: Path, size_limit: int) -> set[str]:
    source = make(folder.parent / "speech.wav", "-i", str(SPEECH), "-ar", "24000")
    command = [sys.executable, "-c", WRITERS, ffmpeg, str(source), str(folder), str(size_limit)]
    return set(
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout.splitlines()
    )


STORAGE_FULL = {
    f"{name} storage_full The server's storage is full; the audio could not be saved. []"
    for name in ("normalize", "write_take", "join", *AudioFormat)
}


def test_a_file_size_limit_leaves_no_half_file(ffmpeg, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    assert what_writers_say(ffmpeg, folder, size_limit=20_000) == STORAGE_FULL


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_no_half_file(ffmpeg, small_disk):
    assert what_writers_say(ffmpeg, small_disk, size_limit=0) == STORAGE_FULL
