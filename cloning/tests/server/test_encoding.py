"""Encoding in the web process: once for all who ask, some at once, and no more waiting than is good."""

import threading

import pytest

from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.jobs import encodings
from cloning.models import Generation
from cloning.server import encoding
from cloning.server.encoding import Encoders


@pytest.fixture
def held(monkeypatch):
    """Encodings that last until they are let go; what was begun."""
    go, begun = threading.Event(), []

    def encode(generation, audio_format) -> None:
        begun.append((generation.pk, audio_format))
        assert go.wait(60)

    monkeypatch.setattr(encodings, "encode", encode)
    monkeypatch.setattr(encoding, "MAX_WAITING", 3)
    yield go, begun
    go.set()


def test_all_who_ask_for_the_same_wait_for_one(held) -> None:
    go, begun = held
    encoders, generation = Encoders(), Generation()
    first = encoders.begin(generation, AudioFormat.MP3)
    assert encoders.begin(generation, AudioFormat.MP3) is first
    other = encoders.begin(generation, AudioFormat.FLAC)
    assert other is not first
    go.set()
    assert first.result(60) is None and other.result(60) is None
    assert sorted(begun) == sorted([(generation.pk, "mp3"), (generation.pk, "flac")])


def test_more_than_are_good_are_refused_until_there_is_room(held) -> None:
    go, _ = held
    encoders = Encoders()
    waiting = [encoders.begin(Generation(), AudioFormat.MP3) for _ in range(3)]
    with pytest.raises(GenerationError) as refused:
        encoders.begin(Generation(), AudioFormat.MP3)
    assert refused.value.code == ErrorCode.SERVER_BUSY
    go.set()
    for future in waiting:
        future.result(60)
    encoders._pool.shutdown()  # by then what was begun is forgotten
    assert not encoders._begun


def test_what_fails_is_told_and_tried_again(monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise GenerationError(ErrorCode.ENCODING_FAILED, "It can't be encoded.")

    monkeypatch.setattr(encodings, "encode", fail)
    encoders, generation = Encoders(), Generation()
    assert encoders.begin(generation, AudioFormat.MP3).result(60).code == ErrorCode.ENCODING_FAILED
    monkeypatch.setattr(encodings, "encode", lambda *_: None)
    encoders._pool.submit(lambda: None).result(60)
    assert encoders.begin(generation, AudioFormat.MP3).result(60) is None
