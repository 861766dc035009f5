"""What a listener is given: every sample once, in order, from rows and files, or an error."""

import io
import uuid
import wave

import numpy as np
import pytest

from cloning.audio import encode_pcm
from cloning.engines.base import Waveform
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import state, stream, takes
from cloning.jobs.cleanup import delete_generation
from cloning.jobs.pipeline import perform_take, reporter
from cloning.jobs.stream import LiveTake, Position, Stretch, read_on
from cloning.models import Generation, SoundChunk, Status, Take
from cloning.tests.jobs.recording import THREE_SEGMENTS, accept, claim_first, takes_of
from cloning.tests.performing import perform

pytestmark = pytest.mark.django_db(transaction=True)

RATE = 24_000


def noise(seconds: float, seed: int = 0) -> Waveform:
    """No two stretches of it are alike."""
    return np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * RATE)).astype(np.float32)


def store(take: Take, samples: Waveform) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(RATE)
        output.writeframes(encode_pcm(samples))
    assert accept(take, file.getvalue())


def speak(take: Take, samples: Waveform) -> None:
    assert takes.claim(take)
    store(take, samples)


def hear(generation: Generation, position: Position = Position()) -> tuple[bytes, Position, bool]:  # noqa: B008
    """All that is there now; where it ended; and whether that is the end of all."""
    heard: list[bytes] = []
    while stretch := read_on(generation.pk, position):
        heard.append(stretch.pcm)
        position = stretch.end
        if stretch.is_last:
            return b"".join(heard), position, True
    return b"".join(heard), position, False


def pause_after(take: Take) -> bytes:
    return bytes(2 * round(take.segment.pause_seconds * RATE))


def code_of(generation: Generation, position: Position) -> ErrorCode:
    with pytest.raises(GenerationError) as raised:
        read_on(generation.pk, position)
    return raised.value.code


@pytest.fixture
def generation(make_generation) -> Generation:
    return make_generation(text=THREE_SEGMENTS, is_streamed=True, sample_rate_hz=RATE)


def test_nothing_is_there_before_anything_is_spoken(generation) -> None:
    assert read_on(generation.pk, Position()) is None
    claim_first(generation)
    assert read_on(generation.pk, Position()) is None


def test_sentences_come_as_they_are_stored_with_the_pauses_between_them(generation, monkeypatch) -> None:
    monkeypatch.setattr(stream, "MAX_BYTES_AT_ONCE", 20_000)
    all_takes = takes_of(generation)
    position, expected = Position(), b""
    for number, take in enumerate(all_takes):
        samples = noise(1.5, seed=number)
        speak(take, samples)
        heard, position, is_end = hear(generation, position)
        is_last = take is all_takes[-1]
        assert heard == encode_pcm(samples) + (b"" if is_last else pause_after(take))
        assert is_end == is_last
        expected += heard
    assert hear(generation)[0] == expected


def test_a_sentence_out_of_turn_waits_for_those_before_it(generation) -> None:
    first, second, *_ = takes_of(generation)
    speak(second, noise(1, seed=2))
    assert read_on(generation.pk, Position()) is None
    speak(first, noise(1, seed=1))
    heard, _, _ = hear(generation)
    assert heard.startswith(encode_pcm(noise(1, seed=1)) + pause_after(first) + encode_pcm(noise(1, seed=2)))


@pytest.mark.parametrize("cut_seconds", [0.0, 0.1, 0.6])
def test_what_is_heard_while_it_is_spoken_goes_on_in_the_file(generation, cut_seconds: float) -> None:
    """Also where the end was cut off, behind what was heard already or before it: the time is the file's."""
    take, samples = claim_first(generation), noise(2)
    half = RATE
    live = LiveTake(take)
    live.publish(samples[: half // 2])
    first, position, _ = hear(generation)
    live.publish(samples[half // 2 : half + half // 2])
    second, position, is_end = hear(generation, position)
    assert not is_end
    assert first + second == encode_pcm(samples[: half + half // 2])
    store(take, samples[: samples.size - round(cut_seconds * RATE)])
    assert not SoundChunk.objects.exists()
    third, position, _ = hear(generation, position)
    kept = encode_pcm(samples[: samples.size - round(cut_seconds * RATE)])
    whole = kept + pause_after(take)
    heard = first + second + third
    assert len(heard) == max(len(whole), 3 * half)
    assert heard[: len(kept)] == kept
    assert position == Position(1)


def test_late_listener_gets_what_was_spoken_so_far_from_its_rows(generation, monkeypatch) -> None:
    monkeypatch.setattr(stream, "MAX_BYTES_AT_ONCE", 10_000)
    take, samples = claim_first(generation), noise(2)
    live = LiveTake(take)
    for piece in np.split(samples, 10):
        live.publish(piece)
    assert hear(generation)[0] == encode_pcm(samples)


def test_another_claim_does_not_go_on_with_what_was_begun(generation) -> None:
    take = claim_first(generation)
    LiveTake(take).publish(noise(0.5))
    _, position, _ = hear(generation)
    assert takes.release(take)
    assert code_of(generation, position) == ErrorCode.WORKER_LOST
    again = claim_first(generation)
    assert code_of(generation, position) == ErrorCode.WORKER_LOST
    store(again, noise(1, seed=5))
    assert code_of(generation, position) == ErrorCode.WORKER_LOST
    assert hear(generation)[0] == encode_pcm(noise(1, seed=5)) + pause_after(again)


def test_chunks_of_a_claim_that_was_lost_are_not_heard(generation) -> None:
    take = claim_first(generation)
    LiveTake(take).publish(noise(0.5))
    Take.objects.filter(pk=take.pk).update(claim_token=uuid.uuid4())
    assert read_on(generation.pk, Position()) is None


def test_what_is_given_up_is_taken_back(generation) -> None:
    take = claim_first(generation)
    with pytest.raises(RuntimeError), LiveTake(take) as live:
        live.publish(noise(0.5))
        raise RuntimeError
    assert not SoundChunk.objects.exists()


def test_who_was_in_a_take_stays_in_it_when_another_is_chosen(generation, monkeypatch) -> None:
    monkeypatch.setattr(stream, "MAX_BYTES_AT_ONCE", 20_000)
    first = takes_of(generation)[0]
    speak(first, noise(1, seed=1))
    begun = read_on(generation.pk, Position())
    assert begun
    other = takes.add_take(first.segment, "Another text.", seed=9)
    speak(other, noise(1, seed=2))
    assert takes.choose(Take.objects.get(pk=other.pk))
    rest, _, _ = hear(generation, begun.end)
    assert begun.pcm + rest == encode_pcm(noise(1, seed=1)) + pause_after(first)
    assert hear(generation)[0].startswith(encode_pcm(noise(1, seed=2)))


@pytest.mark.parametrize("is_begun", [True, False])
def test_ended_generations_say_why(generation, is_begun: bool) -> None:
    take = claim_first(generation)
    if is_begun:
        LiveTake(take).publish(noise(0.5))
    _, position, _ = hear(generation)
    failing = Generation.objects.filter(pk=generation.pk)
    assert takes.fail(take, ErrorCode.REFERENCE_UNUSABLE, "Another clip, please.")
    assert code_of(generation, position) == ErrorCode.REFERENCE_UNUSABLE
    failing.update(status=Status.RUNNING)
    assert state.cancel(failing.get())
    assert code_of(generation, position) == ErrorCode.CANCELLED
    delete_generation(generation.pk)
    assert code_of(generation, position) == ErrorCode.GENERATION_UNKNOWN


def test_stopped_generation_gives_what_is_there_before_its_end(generation) -> None:
    first, *_ = takes_of(generation)
    speak(first, noise(1))
    state.cancel(generation)
    spoken = encode_pcm(noise(1)) + pause_after(first)
    assert read_on(generation.pk, Position()) == Stretch(spoken, Position(1))
    assert code_of(generation, Position(1)) == ErrorCode.CANCELLED


def test_real_speech_is_that_of_the_takes(make_generation) -> None:
    generation = perform(make_generation(text=THREE_SEGMENTS))
    heard, _, is_end = hear(generation)
    assert is_end
    assert len(heard) / 2 / RATE == pytest.approx(generation.duration_seconds, abs=0.001)
    assert np.abs(np.frombuffer(heard, "<i2")).max() > 3000


def test_tiny_xtts_gives_sound_before_its_sentence_has_ended(settings, tiny_weights, make_generation) -> None:
    """The voice's gain is known once it has spoken; from then on sentences are heard while they are spoken."""
    settings.ENGINE, settings.MODEL_CACHE = "xtts_v2", tiny_weights
    generation = make_generation(text=THREE_SEGMENTS * 3)
    first, *_ = takes_of(generation)
    assert takes.claim(first)
    perform_take(first, reporter(first))
    _, position, _ = hear(generation)
    assert position == Position(1)
    state.await_generations([generation.pk], is_streamed=True)
    _, second, *_ = takes_of(generation)
    assert takes.claim(second)
    heard: list[bytes] = []
    report = reporter(second)

    def listen_while_it_is_spoken(progress: takes.Progress) -> None:
        nonlocal position
        report(progress)
        assert Take.objects.get(pk=second.pk).status == Status.RUNNING
        pcm, position, _ = hear(generation, position)
        heard.append(pcm)

    perform_take(second, listen_while_it_is_spoken)
    second.refresh_from_db()
    assert second.status == Status.SUCCEEDED, second.error_message
    assert any(heard)
    rest, _, _ = hear(generation, position)
    with second.audio.open("rb") as stored, wave.open(stored, "rb") as file:
        kept = file.readframes(file.getnframes())
    assert (b"".join(heard) + rest)[: len(kept) - 1000] == kept[:-1000], "but for the end, which fades out"
