"""Small files made to take gigabytes or minutes: they are refused within bounds, and hold up nobody."""

import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from cloning import audio
from cloning.audio import probing
from cloning.errors import ErrorCode
from cloning.tests.audio import crafted
from cloning.tests.audio.clips import SPEECH, get_refusal, make

MANY = [(b"K%d" % number, b"v") for number in range(300_000)]
LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWX"
FOUR_LETTERS = [(bytes(letters), b"v ") for letters in itertools.product(LETTERS, repeat=4)][:300_000]

CRAFTED = {
    "one_long_track.mov": lambda path: crafted.mov_with_long_tracks(path, 1),
    "eight_long_tracks.mov": lambda path: crafted.mov_with_long_tracks(path, 8),
    "hundred_tracks.mov": lambda path: crafted.mov_with_long_tracks(path, 100),
    "tracks.mka": lambda path: crafted.matroska(path, tracks=1000),
    "tags.mka": lambda path: crafted.matroska(path, tags=MANY),
    "chapters.mka": lambda path: crafted.matroska(path, chapters=200_000),
    "tags.flac": lambda path: crafted.flac_with_tags(path, MANY),
    "tags.mp3": lambda path: crafted.mp3_with_tags(path, MANY),
    "tags.wav": lambda path: crafted.wav_with_tags(path, FOUR_LETTERS),
    "empty_frames.aac": lambda path: crafted.adts_of_empty_frames(path, 1_000_000),
    "noise_frames.aac": lambda path: crafted.adts_of_empty_frames(path, 500_000, 20),
}

PROBER = """
import json, os, resource, sys
from pathlib import Path
from cloning import audio
from cloning.audio import ffmpeg
from cloning.errors import GenerationError

def probe(source, ffmpeg_path, seconds):
    ffmpeg.find_ffmpeg = lambda: ffmpeg_path
    own_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        answer = audio.probe(Path(source), min_seconds=1, max_seconds=300, timeout_seconds=seconds).codec
    except GenerationError as error:
        answer = error.code.value
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - own_kb
    print(answer, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, grown_kb / 1024, flush=True)

for line in sys.stdin:
    if not (child := os.fork()):
        probe(*json.loads(line))
        os._exit(0)
    os.waitpid(child, 0)
"""

Prober = Callable[[Path, str, float], tuple[str, float, float, float]]


@pytest.fixture(scope="module")
def probe_apart() -> Iterator[Prober]:
    """In a process of its own: the codec or error code, FFmpeg's CPU seconds and peak MB, and what we grew by in MB."""
    command = [sys.executable, "-c", PROBER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as prober:

        def probe(source: Path, ffmpeg: str, seconds: float) -> tuple[str, float, float, float]:
            print(json.dumps([str(source), ffmpeg, seconds]), file=prober.stdin, flush=True)
            answer, *measured = prober.stdout.readline().split()
            cpu_seconds, peak_mb, grown_mb = map(float, measured)
            return answer, cpu_seconds, peak_mb, grown_mb

        yield probe
        prober.stdin.close()


@pytest.fixture(scope="module")
def crafted_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("crafted")
    return cache(lambda name: CRAFTED[name](folder / name))


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS limits no memory")
@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_files_stay_within_bounds(name, ffmpeg, crafted_file, probe_apart):
    answer, cpu_seconds, ffmpeg_mb, grown_mb = probe_apart(crafted_file(name), ffmpeg, 3)
    assert answer in (
        "reference_unreadable",
        "reference_silent",
        "reference_too_short",
        "pcm_s16le",
        "flac",
        "mp3",
    )
    assert cpu_seconds < 4.5
    assert ffmpeg_mb < 330
    assert grown_mb < 20


def test_the_longest_clip_allowed_is_not_held_in_memory(ffmpeg, tmp_path, probe_apart):
    source = make(
        tmp_path / "a.wav", "-stream_loop", "60", "-i", str(SPEECH), "-t", "299", "-ar", "48000", "-ac", "2"
    )
    answer, _, ffmpeg_mb, grown_mb = probe_apart(source, ffmpeg, 120)
    assert answer == "pcm_s16le"
    assert ffmpeg_mb < 100
    assert grown_mb < 20  # its samples alone are 38 MB


@pytest.mark.parametrize("suffix", ["mka", "mov"])
def test_many_tracks_are_refused_in_a_sentence(suffix, ffmpeg, tmp_path):
    source = make(tmp_path / f"a.{suffix}", "-i", str(SPEECH), *("-map", "0:a") * 100, "-c:a", "pcm_s16le")
    error = get_refusal(source)
    assert error.code == ErrorCode.REFERENCE_UNREADABLE
    assert str(error) == "The file has too many tracks or entries to be read."


def test_a_film_with_tracks_for_everyone_is_read(ffmpeg, tmp_path):
    picture = ("-f", "lavfi", "-i", "testsrc=duration=7:size=320x240:rate=10", "-i", str(SPEECH))
    source = make(tmp_path / "a.mkv", *picture, "-map", "0:v", *("-map", "1:a") * 20, "-c:a", "aac")
    assert audio.probe(source, min_seconds=1, max_seconds=60).duration_seconds == pytest.approx(
        7.06, abs=0.15
    )


# --- few at once ---------------------------------------------------------------------------------------


def test_no_more_clips_are_decoded_at_once_than_there_are_slots(uploads, monkeypatch):
    monkeypatch.setattr(probing, "slots", probing.ProbeSlots(2, wait_seconds=60))
    at_once, most = 0, 0
    lock = threading.Lock()
    decode = probing.decode

    def counting(*arguments):
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        try:
            return decode(*arguments)
        finally:
            with lock:
                at_once -= 1

    monkeypatch.setattr(probing, "decode", counting)
    probe = lambda: audio.probe(uploads["wav"], min_seconds=1, max_seconds=60)  # noqa: E731
    threads = [threading.Thread(target=probe) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_who_waits_too_long_for_a_slot_is_refused(uploads, monkeypatch):
    monkeypatch.setattr(probing, "slots", probing.ProbeSlots(1, wait_seconds=0.1))
    with probing.slots.take():
        error = get_refusal(uploads["wav"])
    assert (error.code, error.code.status, error.code.retry_after_seconds) == (ErrorCode.PROBING_BUSY, 503, 5)
    audio.probe(uploads["wav"], min_seconds=1, max_seconds=60)


def test_a_failure_gives_its_slot_back(uploads, tmp_path, monkeypatch):
    monkeypatch.setattr(probing, "slots", probing.ProbeSlots(1, wait_seconds=0.1))
    (tmp_path / "empty").touch()
    for _ in range(3):
        assert get_refusal(tmp_path / "empty").code == ErrorCode.REFERENCE_UNREADABLE
