"""Kokoro in two halves, and a sentence in the parts in which it is given out while it is spoken."""

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloning.audio.loudness import measure_loudness
from cloning.engines.base import EngineError, SynthesisOptions, Waveform
from cloning.engines.preview import kokoro, phonemes, speaker, styles
from cloning.engines.preview.equalizer import TAPS, Equalizer, equalize
from cloning.engines.preview.measure import BAND_COUNT
from cloning.tests.engines.collecting import collect
from cloning.tests.engines.preview.hearing import CLIPS, resampled
from cloning.tests.engines.preview.texts import ENGLISH

GAINS_DB = np.linspace(-6, 6, BAND_COUNT)


def test_the_halves_compute_what_the_whole_model_does(engine):
    ids = phonemes.tokens(phonemes.phonemes("Good morning.", "en"))
    style = styles.stock("af_heart")
    whole = onnxruntime.InferenceSession(
        kokoro.read_verified(kokoro.find_installed_parts()), providers=["CPUExecutionProvider"]
    )
    inputs = {
        "tokens": np.array([[0, *ids, 0]], np.int64),
        "style": style[len(ids) - 1][None],
        "speed": np.ones(1, np.float32),
    }
    [expected] = whole.run(None, inputs)
    np.testing.assert_allclose(
        engine._kokoro.speak(phonemes.phonemes("Good morning.", "en"), style), np.ravel(expected), atol=1e-6
    )


def stream(engine, text: str, voice, **options: float) -> tuple[list[Waveform], int]:
    return collect(engine.stream(text, "en", voice, SynthesisOptions(**options)))


@pytest.fixture(scope="module")
def streamed(engine, voices):
    return stream(engine, ENGLISH, voices[CLIPS[0]])


def test_a_stream_begins_early_and_is_as_long_as_the_whole(streamed, say):
    pieces, speech_count = streamed
    whole = say(ENGLISH)
    assert whole.size > 3 * 24_000
    assert 0.3 * 24_000 < pieces[0].size < 1.2 * 24_000
    assert sum(piece.size for piece in pieces) == speech_count == pytest.approx(whole.size, abs=2)


def test_a_stream_sounds_as_the_whole_does(streamed, say):
    parts, whole = np.concatenate(streamed[0]), say(ENGLISH)
    # 0.1 LU apart on a processor with AVX-512, 1.6 on one without: int8 is rounded otherwise there.
    assert measure_loudness(parts, 24_000) == pytest.approx(measure_loudness(whole, 24_000), abs=2.5)
    # 0.98 measured; two sentences of one voice have 0.9.
    assert speaker.embed(resampled(parts)) @ speaker.embed(resampled(whole)) > 0.95


def test_parts_meet_without_a_click(streamed):
    """Nowhere does the sound jump further than speech does elsewhere within a part."""
    jumps = [np.abs(np.diff(piece)).max() for piece in streamed[0] if piece.size > 1]
    ends = np.cumsum([piece.size for piece in streamed[0]])[:-1]
    sound = np.concatenate(streamed[0])
    assert len(ends) >= 2
    assert all(np.abs(np.diff(sound[end - 2 : end + 2])).max() < 0.5 * max(jumps) for end in ends)


def test_the_same_stream_twice(engine, voices, streamed):
    again, _ = stream(engine, ENGLISH, voices[CLIPS[0]])
    np.testing.assert_array_equal(np.concatenate(again), np.concatenate(streamed[0]))


def test_another_speed_comes_in_one_piece(engine, voices, say):
    [piece], speech_count = stream(engine, "Good morning.", voices[CLIPS[0]], speed=1.4)
    np.testing.assert_array_equal(piece, say("Good morning.", speed=1.4))
    assert speech_count == piece.size


def test_nothing_to_say(engine, voices):
    with pytest.raises(EngineError, match="nothing in this text"):
        stream(engine, "…", voices[CLIPS[0]])


def prosody(frame_count: int, quiet: tuple[int, ...] = ()) -> kokoro.Prosody:
    energy = np.ones((1, 2 * frame_count), np.float32)
    for frame in quiet:
        energy[0, 2 * frame : 2 * frame + 2] = 0
    return kokoro.Prosody(
        np.zeros((1, 512, frame_count), np.float32), np.zeros((1, 2 * frame_count), np.float32), energy
    )


@pytest.mark.parametrize(
    ("frame_count", "quiet", "cuts"),
    [
        (30, (), [30]),  # hardly longer than the first part
        (68, (), [68]),
        (69, (40,), [40, 69]),
        (200, (30, 60), [30, 60, 102, 200]),
        (400, (40, 43), [40, 68, 116, 197, 400]),
    ],
)
def test_where_a_sentence_is_cut(frame_count, quiet, cuts):
    assert list(kokoro.find_cuts(prosody(frame_count, quiet))) == cuts


@given(st.lists(st.integers(0, 3 * TAPS), max_size=6))
def test_an_equalizer_does_not_care_how_sound_is_cut(sizes):
    samples = np.random.default_rng(0).normal(0, 0.1, sum(sizes)).astype(np.float32)
    equalizer = Equalizer(GAINS_DB, 24_000)
    pieces = [equalizer.process(piece) for piece in np.split(samples, np.cumsum(sizes)[:-1])]
    joined = np.concatenate([*pieces, equalizer.flush()])
    assert joined.size == samples.size
    np.testing.assert_allclose(joined, equalize(samples, GAINS_DB, 24_000), atol=1e-6)
