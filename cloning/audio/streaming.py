"""Speech encoded while it comes, for listeners who don't wait for its end.

MP3 and Opus are made by an FFmpeg process of the listener's own, told to hold nothing back; WAV and PCM need none. The
process reads what is written here and nothing else, so it ends when its owner does, whichever way that goes.
"""

import asyncio
import contextlib
import logging
import os
import signal
import struct
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import MappingProxyType

from cloning.audio import ffmpeg
from cloning.audio.mastering import encode, metadata_arguments
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat, StreamFormat

logger = logging.getLogger(__name__)

BLOCK_BYTES = 64 * 1024
MAX_CPU_SECONDS = 3600  # two days of speech and more
STALL_SECONDS = 30.0  # once nothing more is written, something has to come out
LEAVING_SECONDS = 2.0
NO_TAGS: Mapping[str, str] = MappingProxyType({})
UNKNOWN_LENGTH = 0xFFFFFFFF  # what players take for "to the end"; with 0 Firefox plays nothing
HASTE = (
    "-probesize",
    "32",
    "-analyzeduration",
    "0",
)  # not "nobuffer": with it FFmpeg 5 drops the first 40 ms


class Encoder:
    """From `open_encoder`. One task writes, then finishes, while another reads the pieces; else writing waits."""

    async def write(self, pcm: bytes) -> None:
        """16-bit little-endian mono; a chunk may be cut anywhere. Waits where the pieces are not read.

        Raises GenerationError (ENCODING_FAILED).
        """
        raise NotImplementedError

    async def finish(self) -> None:
        """Says that nothing more will be written; the rest of the pieces comes, and then their end."""
        raise NotImplementedError

    def pieces(self) -> AsyncIterator[bytes]:
        """The encoded stream as it is made. Raises GenerationError (ENCODING_FAILED) where it breaks off."""
        raise NotImplementedError


class PlainEncoder(Encoder):
    def __init__(self, header: bytes) -> None:
        self._pieces: asyncio.Queue[bytes] = asyncio.Queue(maxsize=4)
        self._header = header

    async def write(self, pcm: bytes) -> None:
        if pcm:
            await self._pieces.put(pcm)

    async def finish(self) -> None:
        await self._pieces.put(b"")

    async def pieces(self) -> AsyncIterator[bytes]:
        if self._header:
            yield self._header
        while piece := await self._pieces.get():
            yield piece


class ProcessEncoder(Encoder):
    def __init__(self, process: Process) -> None:
        assert process.stdin and process.stdout and process.stderr
        self._process, self._input, self._output = process, process.stdin, process.stdout
        self._log = ffmpeg.Head()
        self._listening = asyncio.create_task(self._listen(process.stderr))
        self._is_finished = False

    async def write(self, pcm: bytes) -> None:
        self._input.write(pcm)
        try:
            await self._input.drain()
        except ConnectionError as error:
            raise await self._explain_end() from error

    async def finish(self) -> None:
        self._is_finished = True
        self._input.close()

    async def pieces(self) -> AsyncIterator[bytes]:
        while piece := await self._read():
            yield piece
        if await self._wait_for_end() != 0 or not self._is_finished:
            raise await self._explain_end()

    async def _read(self) -> bytes:
        while True:
            try:
                async with asyncio.timeout(STALL_SECONDS):
                    return await self._output.read(BLOCK_BYTES)
            except TimeoutError as error:
                if self._is_finished:
                    raise await self._explain_end() from error

    async def close(self) -> None:
        """Also where it is left in the middle. What is unread is read, as only then its pipe is closed."""
        self._kill()
        self._listening.cancel()
        self._input.close()
        with contextlib.suppress(RuntimeError):  # somebody else is reading it
            while await self._output.read(BLOCK_BYTES):
                pass
        await self._process.wait()

    async def _listen(self, stderr: asyncio.StreamReader) -> None:
        while block := await stderr.read(BLOCK_BYTES):
            self._log.add(block)

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _wait_for_end(self) -> int:
        """The exit status of a process that reads or writes no more; it gets a moment to leave by itself."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVING_SECONDS):
                await self._process.wait()
                await asyncio.shield(self._listening)
        self._kill()
        return await self._process.wait()

    async def _explain_end(self) -> GenerationError:
        code = await self._wait_for_end()
        logger.warning("FFmpeg ended a stream (exit %s): %r", code, self._log.decode()[-2000:])
        if code in ffmpeg.NOT_STARTED:
            return ffmpeg.could_not_start()
        return GenerationError(ErrorCode.ENCODING_FAILED, "The speech could not be encoded any further.")


@contextlib.asynccontextmanager
async def open_encoder(
    stream_format: StreamFormat, sample_rate_hz: int, *, tags: Mapping[str, str] = NO_TAGS
) -> AsyncIterator[Encoder]:
    """An encoder that lives as long as the context; leaving it, however, leaves no process behind.

    `tags`, by FFmpeg's names, go into the metadata of formats that have some. Raises GenerationError (FFMPEG_MISSING).
    """
    if not stream_format.encoder_arguments:
        yield PlainEncoder(build_wav_header(sample_rate_hz) if stream_format == StreamFormat.WAV else b"")
        return
    arguments = [
        *("-protocol_whitelist", "pipe", *HASTE, "-f", "s16le", "-ar", str(sample_rate_hz), "-ac", "1"),
        *("-threads", "1", "-i", "pipe:0", *metadata_arguments(tags), "-threads", "1", "-flush_packets", "1"),
        *(*stream_format.encoder_arguments, "pipe:1"),
    ]
    try:
        process = await asyncio.create_subprocess_exec(
            *ffmpeg.build_command(arguments, MAX_CPU_SECONDS),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=ffmpeg.ENVIRONMENT,
            process_group=0,
        )
    except OSError as error:
        raise ffmpeg.could_not_start() from error
    encoder = ProcessEncoder(process)
    try:
        yield encoder
    finally:
        await encoder.close()


def build_wav_header(sample_rate_hz: int) -> bytes:
    """Of 16-bit mono whose length is not known."""
    layout = struct.pack("<IHHIIHH", 16, 1, 1, sample_rate_hz, 2 * sample_rate_hz, 2, 16)
    length = struct.pack("<I", UNKNOWN_LENGTH)
    return b"RIFF" + length + b"WAVEfmt " + layout + b"data" + length


def encode_take(
    source_wav: Path, audio_format: AudioFormat, *, tags: Mapping[str, str], timeout_seconds: float = 60
) -> bytes:
    """A take's WAV in `audio_format`, always the same bytes. Raises GenerationError: ENCODING_FAILED, STORAGE_FULL."""
    with tempfile.TemporaryDirectory(prefix="take-") as folder:
        target = Path(folder) / f"take{audio_format.suffix}"
        encode(source_wav, target, audio_format, tags=tags, timeout_seconds=timeout_seconds)
        return target.read_bytes()
