"""Speech encoded while it comes, by real processes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from cloning import audio
from cloning.audio import streaming
from cloning.errors import GenerationError
from cloning.formats import AudioFormat, StreamFormat
from cloning.tests.audio.clips import CARRIED_FFMPEG, SPEECH, decode, make, speech_samples
from cloning.tests.audio.processes import is_running, list_children
from cloning.tests.waiting import wait_until

RATE_HZ = 24_000
PCM = audio.encode_pcm(speech_samples(rate_hz=RATE_HZ))
ENCODED = (StreamFormat.MP3, StreamFormat.OPUS)


def cut(pcm: bytes, size: int) -> list[bytes]:
    return [pcm[start : start + size] for start in range(0, len(pcm), size)]


async def feed(encoder: audio.Encoder, chunks: list[bytes]) -> None:
    for chunk in chunks:
        await encoder.write(chunk)
    await encoder.finish()


async def encode(stream_format: StreamFormat, chunks: list[bytes], **options) -> bytes:
    async with audio.open_encoder(stream_format, RATE_HZ, **options) as encoder:
        feeding = asyncio.create_task(feed(encoder, chunks))
        sound = b"".join([piece async for piece in encoder.pieces()])
        await feeding
    return sound


def as_samples(stream_format: StreamFormat, sound: bytes) -> np.ndarray:
    if stream_format == StreamFormat.PCM:
        return np.frombuffer(sound, "<i2") / np.float32(32767)
    return decode(sound)


@pytest.mark.parametrize("stream_format", StreamFormat)
def test_a_stream_holds_the_whole_speech_however_it_was_cut(stream_format, ffmpeg):
    for size in (len(PCM), 4_801):
        sound = asyncio.run(encode(stream_format, cut(PCM, size)))
        samples, expected = as_samples(stream_format, sound), np.frombuffer(PCM, "<i2") / 32767
        assert samples.size / RATE_HZ == pytest.approx(
            7.06, abs=0.05 if stream_format != StreamFormat.AAC else 0.07
        )
        correlation = np.fft.irfft(np.fft.rfft(samples, 1 << 19) * np.fft.rfft(expected, 1 << 19).conj())
        delay = int(correlation.argmax())
        assert delay < 0.06 * RATE_HZ
        overlapping = samples[delay : delay + expected.size]
        assert np.corrcoef(overlapping, expected[: overlapping.size])[0, 1] > 0.97
    assert list_children() == []


def test_wav_says_that_its_length_is_not_known():
    sound = asyncio.run(encode(StreamFormat.WAV, cut(PCM, 4_800)))
    assert sound[44:] == PCM
    assert sound[4:8] == sound[40:44] == b"\xff\xff\xff\xff"
    assert asyncio.run(encode(StreamFormat.PCM, cut(PCM, 4_800))) == PCM


@pytest.mark.parametrize("stream_format", StreamFormat)
def test_sound_comes_out_while_more_is_to_come(stream_format, ffmpeg):
    """Of 0.5 s written, 0.35 s can be heard before anything else is written."""

    async def listen() -> float:
        async with audio.open_encoder(stream_format, RATE_HZ) as encoder, asyncio.timeout(60):
            await encoder.write(PCM[:24_000])
            sound = b""
            async for piece in encoder.pieces():
                sound += piece
                heard = as_samples(stream_format, sound).size / RATE_HZ if len(sound) > 1_500 else 0
                if heard >= 0.35:
                    return heard
        return 0

    assert asyncio.run(listen()) >= 0.35


@pytest.mark.parametrize("stream_format", StreamFormat)
def test_speech_without_sound_is_a_stream_too(stream_format):
    sound = asyncio.run(encode(stream_format, []))
    assert len(sound) == {"wav": 44, "pcm": 0}.get(stream_format, len(sound))


@pytest.mark.parametrize("stream_format", ENCODED)
def test_a_stream_says_that_it_is_synthetic(stream_format, tmp_path):
    (tmp_path / "sound").write_bytes(
        asyncio.run(encode(stream_format, [PCM], tags={"comment": "made by é; 42"}))
    )
    described = subprocess.run(
        [CARRIED_FFMPEG, "-hide_banner", "-i", str(tmp_path / "sound")], capture_output=True, text=True
    ).stderr
    assert "made by é; 42" in described


@pytest.mark.parametrize("stream_format", StreamFormat)
def test_who_reads_nothing_makes_the_writer_wait(stream_format):
    async def write_on() -> int:
        written = 0
        async with audio.open_encoder(stream_format, RATE_HZ) as encoder:
            try:
                async with asyncio.timeout(1):
                    while True:
                        await encoder.write(PCM)
                        written += len(PCM)
            except TimeoutError:
                return written

    assert asyncio.run(write_on()) < 70 * len(PCM)
    assert list_children() == []


def test_leaving_in_the_middle_leaves_no_process_and_no_pipe(ffmpeg):
    async def leave(how: str) -> None:
        async with audio.open_encoder(StreamFormat.MP3, RATE_HZ) as encoder:
            for chunk in cut(PCM, 48_000):
                await encoder.write(chunk)
            await anext(aiter(encoder.pieces()))
            if how == "error":
                raise LookupError
            if how == "cancel":
                asyncio.current_task().cancel()
                await asyncio.sleep(60)

    asyncio.run(leave("leave"))
    open_files = len(os.listdir("/proc/self/fd")) if Path("/proc").is_dir() else 0  # noqa: PTH208
    for how, error in (("leave", None), ("error", LookupError), ("cancel", asyncio.CancelledError)):
        if error:
            with pytest.raises(error):
                asyncio.run(leave(how))
        else:
            asyncio.run(leave(how))
        assert list_children() == []
    if open_files:
        assert len(os.listdir("/proc/self/fd")) <= open_files  # noqa: PTH208


def test_a_reader_that_is_cancelled_leaves_no_process(ffmpeg):
    async def listen() -> None:
        async with audio.open_encoder(StreamFormat.OPUS, RATE_HZ) as encoder:
            await encoder.write(PCM[:4_800])
            async for _ in encoder.pieces():
                pass

    async def cancel() -> None:
        listening = asyncio.create_task(listen())
        await asyncio.sleep(0.5)
        assert len(list_children()) == 1
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening

    asyncio.run(cancel())
    assert list_children() == []


OWNER = """
import asyncio, sys
from cloning import audio
from cloning.audio import ffmpeg
from cloning.formats import StreamFormat

ffmpeg.find_ffmpeg = lambda: sys.argv[1]

async def own():
    async with audio.open_encoder(StreamFormat.MP3, 24_000) as encoder:
        await encoder.write(bytes(48_000))
        await anext(aiter(encoder.pieces()))
        print(encoder._process.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(own())
"""


def test_the_process_dies_with_its_owner(ffmpeg):
    command = [sys.executable, "-c", OWNER, ffmpeg]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        process = int(owner.stdout.readline())
        assert is_running(process)
        owner.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_running(process))


@pytest.mark.parametrize("stream_format", ENCODED)
def test_an_encoder_that_dies_is_an_error_for_both_ends(stream_format, ffmpeg):
    async def read_and_kill() -> None:
        async with audio.open_encoder(stream_format, RATE_HZ) as encoder:
            await encoder.write(PCM[:48_000])
            pieces = encoder.pieces()
            await anext(pieces)
            (process,) = list_children()
            os.kill(process, signal.SIGKILL)
            with pytest.raises(GenerationError) as caught:
                async for _ in pieces:
                    pass
            assert caught.value.code == "encoding_failed"
            with pytest.raises(GenerationError) as caught:
                for _ in range(100):
                    await encoder.write(PCM)
            assert caught.value.code == "encoding_failed"

    asyncio.run(asyncio.wait_for(read_and_kill(), 60))
    assert list_children() == []


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        "exit 0",
        "echo sound; exit 0",
        "cat; exit 3",
        "exec >&-; sleep 600",
        "cat > /dev/null; sleep 600",
    ],
)
def test_an_encoder_that_breaks_off_is_an_error(script, play_ffmpeg, monkeypatch):
    monkeypatch.setattr(streaming, "STALL_SECONDS", 1.0)
    monkeypatch.setattr(streaming, "LEAVING_SECONDS", 0.2)
    play_ffmpeg(script)

    async def listen() -> list[bytes]:
        async with audio.open_encoder(StreamFormat.MP3, RATE_HZ) as encoder:
            await asyncio.sleep(0.3)
            await encoder.write(PCM[:4_800])
            if script.startswith("cat"):
                await encoder.finish()
            return [piece async for piece in encoder.pieces()]

    with pytest.raises(GenerationError) as caught:
        asyncio.run(asyncio.wait_for(listen(), 60))
    assert caught.value.code == "encoding_failed"
    assert list_children() == []


def test_what_is_not_read_for_long_is_waited_for(ffmpeg, monkeypatch):
    monkeypatch.setattr(streaming, "STALL_SECONDS", 0.2)

    async def chunks() -> AsyncIterator[bytes]:
        for chunk in cut(PCM[:96_000], 48_000):
            yield chunk
            await asyncio.sleep(0.7)

    async def listen() -> bytes:
        async with audio.open_encoder(StreamFormat.MP3, RATE_HZ) as encoder:

            async def speak() -> None:
                async for chunk in chunks():
                    await encoder.write(chunk)
                await encoder.finish()

            speaking = asyncio.create_task(speak())
            sound = b"".join([piece async for piece in encoder.pieces()])
            await speaking
            return sound

    assert decode(asyncio.run(listen())).size / RATE_HZ == pytest.approx(2, abs=0.05)


def test_without_ffmpeg_only_plain_formats_are_streamed(monkeypatch, tmp_path):
    monkeypatch.setattr("cloning.audio.ffmpeg.find_ffmpeg", lambda: str(tmp_path / "nothing"))
    assert asyncio.run(encode(StreamFormat.WAV, [PCM]))[44:] == PCM
    with pytest.raises(GenerationError) as caught:
        asyncio.run(encode(StreamFormat.MP3, [b""]))
    assert caught.value.code == "ffmpeg_missing"


@pytest.mark.parametrize("audio_format", AudioFormat)
def test_a_take_is_encoded_alike_each_time(audio_format, ffmpeg, tmp_path):
    source = make(tmp_path / "take.wav", "-i", str(SPEECH), "-ar", "24000")
    sound = audio.encode_take(source, audio_format, tags={"comment": "42"})
    assert sound == audio.encode_take(source, audio_format, tags={"comment": "42"})
    assert decode(sound).size / RATE_HZ == pytest.approx(7.06, abs=0.06)
