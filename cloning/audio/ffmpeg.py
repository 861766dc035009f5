"""Running FFmpeg: where it is, what bounds it, what it said."""

import errno
import logging
import os
import shutil
import signal
import subprocess
import threading
from dataclasses import dataclass

from cloning.audio.levels import format_seconds
from cloning.errors import ErrorCode, GenerationError

logger = logging.getLogger(__name__)

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MAX_ALLOCATION_BYTES = 256 * 1024**2
MAX_LOG_BYTES = 64 * 1024


@dataclass(frozen=True)
class Run:
    returncode: int
    output: bytes
    log: str  # the beginning of what FFmpeg said

    @property
    def is_disk_full(self) -> bool:
        return self.returncode == -signal.SIGXFSZ or any(os.strerror(code) in self.log for code in DISK_FULL)


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
    arguments: list[str], timeout_seconds: float, failure_code: ErrorCode, *, piped: bytes | None = None
) -> Run:
    """Runs FFmpeg to its end, `piped` as its standard input.

    Raises GenerationError: FFMPEG_MISSING, or `failure_code` when it takes too long.
    """
    command = [find_ffmpeg(), "-nostdin", "-hide_banner", "-nostats", "-loglevel", "info"]
    command += ["-max_alloc", str(MAX_ALLOCATION_BYTES), "-filter_threads", "1", *arguments]
    log = bytearray()
    log_from, log_to = os.pipe()

    def keep_beginning_of_log() -> None:  # a hostile file can make FFmpeg complain without end
        with open(log_from, "rb", buffering=0) as pipe:  # noqa: PTH123
            while said := pipe.read(MAX_LOG_BYTES):
                log.extend(said[: MAX_LOG_BYTES - len(log)])

    reader = threading.Thread(target=keep_beginning_of_log, daemon=True)
    reader.start()
    try:
        with open(log_to, "wb") as pipe:  # noqa: PTH123
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL if piped is None else None,
                input=piped,
                stdout=subprocess.PIPE,
                stderr=pipe,
                timeout=timeout_seconds,
                env={"LC_ALL": "C"},
            )
    except subprocess.TimeoutExpired as error:
        logger.warning("FFmpeg was stopped after %s s", timeout_seconds)
        message = f"The audio took longer than {format_seconds(timeout_seconds)} to process."
        raise GenerationError(failure_code, message) from error
    except OSError as error:
        raise GenerationError(
            ErrorCode.FFMPEG_MISSING, "FFmpeg could not be started on the server."
        ) from error
    finally:
        reader.join()
    return Run(done.returncode, done.stdout, log.decode("utf-8", "replace"))
