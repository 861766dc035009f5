"""What bounds an FFmpeg process."""

import os
import time

import numpy as np
import pytest

from cloning import audio
from cloning.audio import ffmpeg as ffmpeg_module
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.tests.audio.clips import CARRIED_FFMPEG, get_refusal
from cloning.tests.audio.processes import is_running
from cloning.tests.waiting import wait_until


def run(**options) -> ffmpeg_module.Run:
    return ffmpeg_module.run([], options.pop("timeout_seconds", 60), ErrorCode.ENCODING_FAILED, **options)


def assert_no_child_left() -> None:
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_without_ffmpeg_on_path_the_carried_one_is_used(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert audio.find_ffmpeg() == CARRIED_FFMPEG


def test_ffmpeg_that_takes_too_long_is_stopped(uploads, play_ffmpeg, tmp_path):
    play_ffmpeg("exec sleep 600")
    started = time.monotonic()
    assert get_refusal(uploads["mp3"], timeout_seconds=0.2).code == "reference_unreadable"
    with pytest.raises(GenerationError, match=r"longer than 0\.2 s") as caught:
        audio.encode(uploads["wav"], tmp_path / "out.mp3", AudioFormat.MP3, tags={}, timeout_seconds=0.2)
    assert caught.value.code == ErrorCode.ENCODING_FAILED
    assert time.monotonic() - started < 120
    assert_no_child_left()
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg.sh"]


@pytest.mark.parametrize("end", ["wait", "cat /dev/zero", "exit"])
def test_what_ffmpeg_started_is_stopped_with_it(end, play_ffmpeg, tmp_path):
    """Also where FFmpeg has left and its child holds the output."""
    play_ffmpeg(f"sleep 600 & echo $! > {tmp_path}/child; {end}")
    with pytest.raises(GenerationError, match="longer than 2 s"):
        run(timeout_seconds=2)
    wait_until(lambda: not is_running(int((tmp_path / "child").read_text())))
    assert_no_child_left()


def test_an_exception_stops_ffmpeg(play_ffmpeg, tmp_path):
    play_ffmpeg(f"sleep 600 & echo $! > {tmp_path}/child; echo sound; wait")

    def refuse(block: bytes) -> None:
        raise KeyboardInterrupt(block)

    with pytest.raises(KeyboardInterrupt, match="sound"):
        run(receive=refuse)
    wait_until(lambda: not is_running(int((tmp_path / "child").read_text())))
    assert_no_child_left()


def test_limits_hold_from_the_start(play_ffmpeg):
    play_ffmpeg(
        "for limit in c t f s d v; do ulimit -$limit; done; ps -o ni= -p $$; ps -o pgid= -p $$; echo $$"
    )
    core, cpu, file, stack, data, addresses, niceness, group, process = run(timeout_seconds=7).output.split()
    assert (core, cpu, stack) == (b"0", b"7", b"8192")
    assert int(file) * 512 == 4 * 1024**3
    assert (int(data) * 1024, int(addresses) * 1024) == (256 * 1024**2, 1024**3)
    assert int(niceness) == os.nice(0) + 5
    assert group == process


def test_cpu_time_is_limited_where_the_clock_is_not(play_ffmpeg, monkeypatch):
    play_ffmpeg("while :; do :; done")
    start = ffmpeg_module.start
    monkeypatch.setattr(
        ffmpeg_module, "start", lambda arguments, _, *rest, **named: start(arguments, 1, *rest, **named)
    )
    started = os.times()
    with pytest.raises(GenerationError, match="longer than 300 s"):
        run(timeout_seconds=300)
    assert os.times().children_user - started.children_user < 2


def test_memory_is_limited(play_ffmpeg):
    play_ffmpeg(f"exec {os.sys.executable} -c 'bytearray(300 << 20)'")
    assert "MemoryError" in run().log


def test_input_output_and_side_output_are_whole(play_ffmpeg):
    play_ffmpeg("for last; do :; done; echo facts > /dev/fd/${last#pipe:}; echo said >&2; cat")
    sent = np.random.default_rng(1).bytes(3_000_000)
    run = ffmpeg_module.run([ffmpeg_module.SIDE_OUTPUT], 60, ErrorCode.ENCODING_FAILED, piped=sent)
    assert (run.returncode, run.side_output, run.log, run.is_log_whole) == (0, "facts\n", "said\n", True)
    assert run.output == sent


def test_ffmpeg_that_reads_no_input_ends_well(play_ffmpeg):
    play_ffmpeg("exit 3")
    assert run(piped=bytes(3_000_000)).returncode == 3


def test_complaints_of_ffmpeg_are_not_all_kept(play_ffmpeg):
    play_ffmpeg("head -c 5000000 /dev/zero >&2; exit 1")
    done = run()
    assert (done.returncode, len(done.log), done.is_log_whole) == (1, 64 * 1024, False)


def test_endless_complaints_of_ffmpeg_end_it(play_ffmpeg):
    play_ffmpeg("exec cat /dev/zero >&2")
    with pytest.raises(GenerationError, match="too damaged"):
        run()
    assert_no_child_left()


def test_ffmpeg_that_cannot_start(uploads, tmp_path, monkeypatch):
    monkeypatch.setattr("cloning.audio.ffmpeg.find_ffmpeg", lambda: str(tmp_path / "nothing"))
    assert get_refusal(uploads["mp3"]).code == "ffmpeg_missing"
