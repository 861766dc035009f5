"""Listening while it is made: GET …/stream.{format}, and POST with `stream=true`."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import numpy as np
import pytest
from django.db import connections

from cloning.formats import StreamFormat
from cloning.jobs import state, takes
from cloning.jobs.cleanup import delete_generation
from cloning.models import Generation, Status, Take
from cloning.server import broadcasts, recordings, sound
from cloning.server.handler import Handler
from cloning.storage.temporary import temporary_root
from cloning.tests.api_client import GENERATE
from cloning.tests.jobs.recording import THREE_SEGMENTS
from cloning.tests.performing import perform, work_once
from cloning.tests.server.asgi_call import Call

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 120


@pytest.fixture(autouse=True)
def queries_in_the_loop(monkeypatch) -> None:
    """The tests' own; what is tested queries in threads."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def listen(generation: Generation, stream_format: str = "pcm") -> Call:
    return Call("GET", f"/api/v1/generations/{generation.pk}/stream.{stream_format}")


def speak(clip: bytes, **fields: str) -> Call:
    """POST with `stream=true`."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in {"text": "Good morning.", "stream": "true", **fields}.items()
    ]
    file = b'--b\r\nContent-Disposition: form-data; name="reference"; filename="a.wav"\r\n\r\n'
    body = [*parts, file, clip, b"\r\n--b--\r\n"]
    return Call("POST", GENERATE, body, content_type="multipart/form-data; boundary=b")


def header(call: Call, name: str) -> str:
    headers = {key.decode().lower(): value.decode() for key, value in call.sent[0]["headers"]}
    return headers[name.lower()]


def error_of(call: Call) -> tuple[int, str]:
    return call.status, json.loads(call.content)["error"]["code"]


async def in_thread(function: Callable[[], object]) -> object:
    def run() -> object:
        try:
            return function()
        finally:
            connections.close_all()

    return await asyncio.to_thread(run)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def server() -> AsyncIterator[Handler]:
    """With nothing left of what it held."""
    handler = Handler()
    try:
        yield handler
        await until(lambda: not handler.broadcasts._tasks)
        await until(lambda: not handler.places._taken)
        assert not [path for path in temporary_root().iterdir() if path.is_file()]
    finally:
        handler.stop()


def test_sound_comes_before_the_end_and_is_that_of_the_takes(make_generation) -> None:
    generation = make_generation(text=THREE_SEGMENTS)

    async def run() -> None:
        async with server() as handler:
            call = listen(generation)
            listening = call.start(handler)
            await asyncio.sleep(0.2)
            assert call.sent == []
            await in_thread(work_once)
            await until(lambda: call.content)
            assert not call.is_complete
            assert Generation.objects.get().status == Status.RUNNING
            assert (call.status, header(call, "Content-Type")) == (200, "audio/pcm")
            assert header(call, "X-Generation-Id") == str(generation.pk)
            assert header(call, "Link") == f'</api/v1/generations/{generation.pk}>; rel="status"'
            assert header(call, "Cache-Control") == "no-store"
            while await in_thread(work_once):
                pass
            await listening
            assert call.is_complete
            late = listen(generation)
            await late.start(handler)
            # Of what was given out while it was spoken, a sentence's last 5 ms were not faded yet.
            sounds = [np.frombuffer(each.content, "<i2").astype(int) for each in (call, late)]
            assert np.corrcoef(sounds)[0, 1] > 0.9999
            spoken = Generation.objects.get()
            assert len(call.content) / 2 / 24_000 == pytest.approx(spoken.duration_seconds, abs=0.001)

    asyncio.run(run())


def test_who_listens_is_told_to_the_workers(make_generation) -> None:
    generation = make_generation()

    async def run() -> None:
        async with server() as handler:
            call = listen(generation)
            listening = call.start(handler)
            await until(lambda: Generation.objects.get().is_awaited)
            assert Generation.objects.get().is_streamed
            call.leave()
            await listening

    asyncio.run(run())


def test_all_who_listen_share_one_encoding_from_its_beginning(make_generation, monkeypatch) -> None:
    generation = perform(make_generation(text=THREE_SEGMENTS))
    opened: list[StreamFormat] = []
    open_encoder = broadcasts.open_encoder

    def counting(stream_format: StreamFormat, *arguments: object, **more: object) -> object:
        opened.append(stream_format)
        return open_encoder(stream_format, *arguments, **more)

    monkeypatch.setattr(broadcasts, "open_encoder", counting)

    async def run() -> None:
        async with server() as handler:
            calls = [listen(generation, "mp3") for _ in range(10)]
            await asyncio.gather(*[call.start(handler) for call in calls])
            assert len({call.content for call in calls}) == 1
            assert len(calls[0].content) > 24_000 * generation.duration_seconds * 0.95

    asyncio.run(run())
    assert opened == [StreamFormat.MP3]


def test_no_more_is_encoded_than_somebody_has_nearly_heard(make_generation, monkeypatch) -> None:
    monkeypatch.setattr(broadcasts, "MAX_BYTES_AHEAD", 100_000)
    generation = perform(make_generation(text=THREE_SEGMENTS * 2))

    async def run() -> None:
        async with server() as handler:
            key = (generation.pk, StreamFormat.WAV)
            async with handler.broadcasts.listen(key) as listener:
                await listener.wait_for_sound()
                await asyncio.sleep(0.5)
                [broadcast] = handler.broadcasts._tasks
                assert broadcast.size_bytes < 100_000 + 10 * broadcasts.BLOCK_BYTES
                heard = [piece async for piece in listener.pieces()]
                assert sum(map(len, heard)) > 48_000 * generation.duration_seconds

    asyncio.run(run())


def test_deletion_ends_the_stream_without_an_end(make_generation) -> None:
    generation = make_generation(text=THREE_SEGMENTS)

    async def run() -> None:
        async with server() as handler:
            call = listen(generation)
            listening = call.start(handler)
            await in_thread(work_once)
            await until(lambda: call.content)
            await in_thread(lambda: delete_generation(generation.pk))
            with pytest.raises(asyncio.CancelledError):
                await listening
            assert not call.is_complete
            again = listen(generation)
            await again.start(handler)
            assert error_of(again) == (404, "generation_unknown")

    asyncio.run(run())


def test_full_disk_ends_the_stream_and_not_the_generation(make_generation, monkeypatch, settings) -> None:
    generation = make_generation(text=THREE_SEGMENTS)
    monkeypatch.setattr(recordings, "BYTES_BETWEEN_LOOKS", 100_000)

    async def run() -> None:
        async with server() as handler:
            call = listen(generation)
            listening = call.start(handler)
            await in_thread(work_once)
            await until(lambda: call.content)
            settings.MIN_FREE_MB = 10**9
            while await in_thread(work_once):
                pass
            with pytest.raises(asyncio.CancelledError):
                await listening
            assert Generation.objects.get().status == Status.SUCCEEDED
            refused = listen(generation)
            await refused.start(handler)
            assert error_of(refused) == (503, "storage_full")

    asyncio.run(run())


def test_failure_before_the_first_sound_is_the_answer(make_generation) -> None:
    generation = make_generation()

    async def run() -> None:
        async with server() as handler:
            call = listen(generation)
            listening = call.start(handler)
            await asyncio.sleep(0.1)
            take = Take.objects.get()
            await in_thread(lambda: takes.claim(take) and takes.fail(take, "reference_unusable", "Noise."))
            await listening
            assert error_of(call) == (422, "reference_unusable")
            assert header(call, "X-Generation-Id") == str(generation.pk)

    asyncio.run(run())


@pytest.mark.parametrize("stream_format", StreamFormat)
def test_headers_alone(stream_format: StreamFormat, api, spoken) -> None:
    response = api.head(f"/api/v1/generations/{spoken.pk}/stream.{stream_format}")
    assert (response.status_code, response["Content-Type"]) == (200, stream_format.content_type)
    assert response["X-Generation-Id"] == str(spoken.pk)


def test_headers_of_what_was_stopped_before_there_was_sound(api, make_generation) -> None:
    generation = make_generation()
    state.cancel(generation)
    assert api.head(f"/api/v1/generations/{generation.pk}/stream.mp3").status_code == 409


def test_unknown_generation_and_format(api, spoken) -> None:
    unknown = api.get("/api/v1/generations/00000000-0000-4000-8000-000000000000/stream.mp3")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "generation_unknown")
    assert api.get(f"/api/v1/generations/{spoken.pk}/stream.ogg").status_code == 404


def test_posted_text_is_heard_while_it_is_spoken(clips) -> None:
    async def run() -> None:
        async with server() as handler:
            call = speak(clips["speech"], text=THREE_SEGMENTS, format="pcm")
            speaking = call.start(handler)
            await until(Generation.objects.exists)
            generation = Generation.objects.get()
            assert (generation.is_streamed, generation.is_awaited) == (True, True)
            assert generation.audio_format == "wav"
            assert len(generation.segments.get(index=0).text) <= 80
            while await in_thread(work_once):
                pass
            await speaking
            assert call.is_complete
            assert (call.status, header(call, "X-Generation-Id")) == (200, str(generation.pk))
            generation.refresh_from_db()
            assert len(call.content) / 2 / 24_000 == pytest.approx(generation.duration_seconds, abs=0.001)

    asyncio.run(run())


def test_mp3_is_what_is_streamed_by_default(clips, worker) -> None:
    async def run() -> None:
        async with server() as handler:
            call = speak(clips["speech"])
            await call.start(handler)
            assert (call.status, header(call, "Content-Type")) == (200, "audio/mpeg")
            assert Generation.objects.get().audio_format == "mp3"

    asyncio.run(run())


@pytest.mark.parametrize(
    "fields, field",
    [
        ({"format": "ogg"}, "format"),
        ({"format": "pcm", "stream": "false"}, "format"),
        ({"stream": "maybe"}, "stream"),
        ({"on_disconnect": "explode"}, "on_disconnect"),
        ({"text": ""}, "text"),
    ],
)
def test_wrong_fields_are_answered_as_everywhere(fields: dict[str, str], field: str, post) -> None:
    response = post(**{"stream": "true", **fields})
    assert (response.status_code, response.json()["error"]["field"]) == (422, field)
    assert not Generation.objects.exists()


def test_full_queue_is_answered_as_everywhere(clips, settings, make_generation) -> None:
    settings.MAX_QUEUED = 1
    make_generation()

    async def run() -> None:
        async with server() as handler:
            call = speak(clips["speech"])
            await call.start(handler)
            assert error_of(call) == (503, "queue_full")

    asyncio.run(run())


def test_more_than_can_be_encoded_or_held_are_refused_and_nothing_is_queued(
    clips, settings, monkeypatch, make_generation
) -> None:
    settings.MAX_STREAMS = 1
    monkeypatch.setattr(sound, "MAX_LISTENERS", 2)
    generation = make_generation()

    async def run() -> None:
        async with server() as handler:
            calls = [listen(generation), listen(generation)]
            listening = [call.start(handler) for call in calls[:1]]
            await until(lambda: handler.broadcasts._tasks)
            refused = speak(clips["speech"])
            await refused.start(handler)
            assert error_of(refused) == (503, "server_busy")
            assert header(refused, "Retry-After") == "5"
            assert Generation.objects.count() == 1
            listening.append(calls[1].start(handler))
            await until(lambda: handler.places._taken.total() == 2)
            third = listen(generation)
            await third.start(handler)
            assert error_of(third) == (503, "server_busy")
            for call in calls:
                call.leave()
            await asyncio.gather(*listening)

    asyncio.run(run())


@pytest.mark.parametrize("on_disconnect, status", [("cancel", "cancelled"), ("continue", "queued")])
@pytest.mark.parametrize("has_heard", [True, False])
def test_what_becomes_of_it_when_the_caller_leaves(
    on_disconnect: str, status: str, has_heard: bool, clips
) -> None:
    async def run() -> None:
        async with server() as handler:
            call = speak(clips["speech"], text=THREE_SEGMENTS, on_disconnect=on_disconnect, format="pcm")
            speaking = call.start(handler)
            await until(Generation.objects.exists)
            if has_heard:
                await in_thread(work_once)
                await until(lambda: call.content)
            call.leave()
            with suppress(asyncio.CancelledError):
                await speaking
            expected = "running" if has_heard and status == "queued" else status
            await until(lambda: Generation.objects.get().status == expected)  # its view may still be at work

    asyncio.run(run())


def test_who_has_heard_the_end_has_not_left(clips, worker) -> None:
    async def run() -> None:
        async with server() as handler:
            call = speak(clips["speech"], on_disconnect="cancel")
            await call.start(handler)
            assert call.is_complete
            await until(lambda: Generation.objects.get().status == Status.SUCCEEDED)

    asyncio.run(run())


def test_stopping_server_breaks_off_and_cancels_nothing(clips) -> None:
    async def run() -> None:
        async with server() as handler:
            call = speak(clips["speech"], text=THREE_SEGMENTS, on_disconnect="cancel", format="pcm")
            speaking = call.start(handler)
            await until(Generation.objects.exists)
            await in_thread(work_once)
            await until(lambda: call.content)
            silent = speak(clips["speech"], on_disconnect="cancel")
            waiting = silent.start(handler)
            await until(lambda: Generation.objects.count() == 2)
            await until(lambda: len(handler.broadcasts._tasks) == 2)
            started = time.monotonic()
            handler.stop()
            with pytest.raises(asyncio.CancelledError):
                await speaking
            await waiting
            assert time.monotonic() - started < 30
            assert not call.is_complete
            assert error_of(silent) == (503, "server_busy")
            assert not Generation.objects.filter(status=Status.CANCELLED).exists()

    asyncio.run(run())
