"""Running FFmpeg: where it is, what bounds it, what it said.

Every process is bounded, whatever it is given: memory, CPU time, wall time, the size of what it writes, no core dump,
one thread a codec. It yields to other work (`nice`), and is the leader of a process group that is killed at the time
limit and when anything goes wrong here. A shell sets the limits and then becomes FFmpeg: `preexec_fn` is not safe in a
process with threads, and limits set after the start come late on a busy machine. macOS enforces neither limit on
memory; there only the time bounds what a file can take.
"""

import errno
import logging
import math
import os
import resource
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from cloning.audio.levels import format_seconds
from cloning.errors import ErrorCode, GenerationError

logger = logging.getLogger(__name__)

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# An ordinary clip takes 70 MB of data, and 610 MB of addresses, most of them glibc's arenas that are never used.
MAX_ALLOCATION_BYTES = MAX_DATA_BYTES = 256 * 1024**2
MAX_ADDRESS_BYTES = 1024**3
MAX_STACK_BYTES = 8 * 1024**2  # of each thread
MAX_FILE_BYTES = 4 * 1024**3  # a WAV can't be longer
NICENESS = 5
KEPT_LOG_BYTES = 64 * 1024
# A damaged clip complains at each frame, 1 MB in 300 s. Bogus ones of 10 MB complained for 200 MB.
MAX_LOG_BYTES = 8 * 1024**2
BLOCK_BYTES = 64 * 1024

SIDE_OUTPUT = "pipe:side"
"""Stands in the arguments for a second output: what is written there is `Run.side_output`."""

LAUNCHER = """
{ ulimit -c 0; ulimit -t "$1"; ulimit -f "$2"; ulimit -S -s "$3"; ulimit -d "$4"; ulimit -v "$5"; } 2>/dev/null
shift 5
exec nice -n "$@"
"""
NOT_STARTED = (126, 127)  # what shell and `nice` exit with where they can't start the program
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath, "MALLOC_ARENA_MAX": "2"}


class Head:
    """The first KEPT_LOG_BYTES of what is written, and how much that was."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self.size = 0

    def add(self, block: bytes) -> None:
        self.size += len(block)
        self.kept += block[: KEPT_LOG_BYTES - len(self.kept)]

    @property
    def is_whole(self) -> bool:
        return self.size == len(self.kept)

    def decode(self) -> str:
        return self.kept.decode("utf-8", "replace")


@dataclass(frozen=True)
class Run:
    returncode: int
    output: bytes  # empty where `receive` was given
    side_output: str
    log: str  # the beginning of what FFmpeg said
    is_log_whole: bool

    @property
    def is_disk_full(self) -> bool:
        return self.returncode == -signal.SIGXFSZ or any(os.strerror(code) in self.log for code in DISK_FULL)

    @property
    def is_memory_spent(self) -> bool:
        return os.strerror(errno.ENOMEM) in self.log


def find_ffmpeg() -> str:
    """FFmpeg on PATH, else the binary that imageio-ffmpeg carries. Raises GenerationError (FFMPEG_MISSING)."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise GenerationError(ErrorCode.FFMPEG_MISSING, "FFmpeg is not installed on the server.") from error


def run(
    arguments: list[str],
    timeout_seconds: float,
    failure_code: ErrorCode,
    *,
    piped: bytes = b"",
    receive: Callable[[bytes], object] | None = None,
) -> Run:
    """Runs FFmpeg to its end with `piped` as its standard input; `receive` gets its output block by block.

    What `receive` raises ends FFmpeg. Raises GenerationError: FFMPEG_MISSING, or `failure_code` when FFmpeg takes too
    long or complains without end.
    """
    output, side, log = bytearray(), Head(), Head()

    def listen(block: bytes) -> None:
        log.add(block)
        if log.size > MAX_LOG_BYTES:
            logger.warning("FFmpeg was stopped as it complained without end: %r", log.kept[:2000])
            raise GenerationError(failure_code, "The audio is too damaged to be processed.")

    side_from, side_to = os.pipe()
    with open(side_from, "rb", buffering=0) as side_pipe:  # noqa: PTH123
        try:
            process = start(arguments, math.ceil(timeout_seconds), side_to, has_input=bool(piped))
        finally:
            os.close(side_to)
        receivers = {process.stdout: receive or output.extend, process.stderr: listen, side_pipe: side.add}
        give_up_at = time.monotonic() + timeout_seconds
        with process:
            try:
                exchange(receivers, process.stdin, piped, give_up_at)
                process.wait(max(0.1, give_up_at - time.monotonic()))
            except BaseException as error:
                with suppress(
                    ProcessLookupError, PermissionError
                ):  # what macOS says of a group that has ended
                    os.killpg(process.pid, signal.SIGKILL)
                if isinstance(error, (TimeoutError, subprocess.TimeoutExpired)):
                    raise took_too_long(timeout_seconds, failure_code) from error
                raise
    if process.returncode in (-signal.SIGKILL, -signal.SIGXCPU):
        raise took_too_long(timeout_seconds, failure_code)
    if process.returncode in NOT_STARTED:
        raise could_not_start()
    return Run(process.returncode, bytes(output), side.decode(), log.decode(), log.is_whole)


def start(
    arguments: list[str], cpu_seconds: int, side_to: int, *, has_input: bool
) -> subprocess.Popen[bytes]:
    described = [f"pipe:{side_to}" if argument == SIDE_OUTPUT else argument for argument in arguments]
    try:
        return subprocess.Popen(
            build_command(described, cpu_seconds),
            stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=ENVIRONMENT,
            pass_fds=[side_to],
            process_group=0,  # not a session: Linux may schedule each as one, and niceness is within a session
        )
    except OSError as error:
        raise could_not_start() from error


def build_command(arguments: list[str], cpu_seconds: int) -> list[str]:
    """The command line that runs FFmpeg with `arguments` within every bound but that of the clock."""
    file_limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    max_file_bytes = (
        MAX_FILE_BYTES if file_limit == resource.RLIM_INFINITY else min(MAX_FILE_BYTES, file_limit)
    )
    limits = (
        cpu_seconds,
        max_file_bytes // 512,
        MAX_STACK_BYTES // 1024,
        MAX_DATA_BYTES // 1024,
        MAX_ADDRESS_BYTES // 1024,
    )
    command = ["/bin/sh", "-c", LAUNCHER, "sh", *map(str, limits), str(NICENESS), find_ffmpeg()]
    command += ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "info"]
    command += ["-max_alloc", str(MAX_ALLOCATION_BYTES), "-filter_threads", "1"]
    return command + arguments


def could_not_start() -> GenerationError:
    return GenerationError(ErrorCode.FFMPEG_MISSING, "FFmpeg could not be started on the server.")


def exchange(
    receivers: dict[IO[bytes] | None, Callable[[bytes], object]],
    stdin: IO[bytes] | None,
    piped: bytes,
    give_up_at: float,
) -> None:
    """Feeds and reads until every stream has ended. Raises TimeoutError, or what a receiver raises."""
    rest = memoryview(piped)
    with selectors.DefaultSelector() as selector:
        for stream, receive in receivers.items():
            if stream:
                selector.register(stream, selectors.EVENT_READ, receive)
        if stdin:
            os.set_blocking(stdin.fileno(), False)
            selector.register(stdin, selectors.EVENT_WRITE)
        while selector.get_map():
            ready = selector.select(max(0.0, give_up_at - time.monotonic()))
            if time.monotonic() >= give_up_at:
                raise TimeoutError
            for key, _ in ready:
                if stdin and key.fileobj is stdin:
                    rest = rest[write_some(key.fd, rest) :]
                    if not rest:
                        selector.unregister(stdin)
                        stdin.close()
                elif block := os.read(key.fd, BLOCK_BYTES):
                    key.data(block)
                else:
                    selector.unregister(key.fileobj)


def write_some(descriptor: int, data: memoryview) -> int:
    """How much of `data` is done with: all of it where nobody reads any more."""
    try:
        return os.write(descriptor, data[:BLOCK_BYTES])
    except BrokenPipeError:
        return len(data)


def took_too_long(timeout_seconds: float, failure_code: ErrorCode) -> GenerationError:
    logger.warning("FFmpeg was stopped after %s s", timeout_seconds)
    return GenerationError(
        failure_code, f"The audio took longer than {format_seconds(timeout_seconds)} to process."
    )
