"""The style found for a reference: near to it, natural, clear."""

from functools import cache

import numpy as np
import pytest
import soundfile

from cloning.engines.base import Conditioning, SynthesisOptions
from cloning.engines.preview import phonemes, search, speaker, styles
from cloning.engines.preview.engine import PreviewEngine
from cloning.engines.preview.measure import measure, synthetic_f0
from cloning.tests.clips import DATA
from cloning.tests.engines.preview.hearing import (
    CLIPS,
    distance_db,
    find_target,
    measured,
    recording,
    resampled,
    speech,
)
from cloning.tests.engines.preview.texts import ENGLISH


@pytest.mark.parametrize("clip", CLIPS)
def test_the_style_found_is_nearer_than_any_stock_voice_tried_and_than_the_other_speaker(engine, say, clip):
    """On a sentence that the search did not use."""
    wanted = speaker.embed(soundfile.read(DATA / f"{clip}.flac")[0])
    spoken = {name: speaker.embed(resampled(say(ENGLISH, clip=name))) for name in CLIPS}
    (other,) = spoken.keys() - {clip}
    assert spoken[clip] @ wanted > spoken[other] @ wanted + 0.05
    assert all(spoken[clip] @ wanted > stock @ wanted for stock in stock_voices(engine))


@cache
def stock_voices(engine: PreviewEngine) -> list[np.ndarray]:
    """The embeddings of four of Kokoro's voices that say ENGLISH."""
    spelt = phonemes.phonemes(ENGLISH, "en")
    names = ("af_heart", "am_michael", "bf_emma", "bm_george")
    return [speaker.embed(resampled(engine._kokoro.speak(spelt, styles.stock(name)))) for name in names]


@pytest.mark.parametrize("name", ["af_heart", "bm_george", "am_michael"])
def test_a_stock_voice_is_among_the_candidates_for_what_sounds_like_it(engine, name):
    """On a sentence that is not in the library."""
    assert engine._kokoro
    spoken = resampled(engine._kokoro.speak(phonemes.phonemes(ENGLISH, "en"), styles.stock(name)))
    stock, *found = search.candidates(find_target(spoken, measure(spoken, synthetic_f0)))
    assert stock.is_stock and not any(candidate.is_stock for candidate in found)
    assert styles.stock_names()[stock.weights[0].argmax()] == name
    assert stock.scale == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("clip", CLIPS)
def test_a_voice_is_learnt_by_two_trials(learnt, clip):
    """A stock voice's and that of a style that is clear at once. Before each, whoever waits may call it off."""
    _, steps = learnt[clip]
    assert steps == ["step", "step", "trial", "step", "trial"]


@cache
def preferred_style(clip: str) -> search.Candidate:
    return search.evolve(find_target(speech(clip), recording(clip)), search.DISTANCE_PENALTIES[0])[0]


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize(
    ("penalty", "quality", "sign"),
    [("UNNATURALNESS_PENALTY", "mos", 1), ("PERPLEXITY_PENALTY", "log_surprisal", -1)],
)
def test_styles_that_are_foretold_to_sound_natural_and_clear_are_preferred(
    clip, penalty, quality, sign, monkeypatch
):
    target = find_target(speech(clip), recording(clip))

    def predicted(candidate: search.Candidate) -> float:
        inputs = search._inputs(candidate.weights[None], np.array([candidate.scale]), target)
        return float(search._predict(quality, inputs)[0])

    preferred = preferred_style(clip)
    monkeypatch.setattr(search, penalty, 0.0)
    nearest = search.evolve(target, search.DISTANCE_PENALTIES[0])[0]
    assert sign * (predicted(preferred) - predicted(nearest)) > 0.02


def test_a_hoarse_style_is_worth_less_and_others_are_tried(engine, monkeypatch):
    """Speaker encoders ignore it: here the first two styles found are drowned in breath."""
    rng, evaluate, speak_trial = np.random.default_rng(0), search.evaluate, search.speak_trial
    trials: list[search.Style] = []

    def breathy(spelt, candidate, model):
        spoken = speak_trial(spelt, candidate, model)
        hoarse = not candidate.is_stock and len(trials) < 3
        breath = rng.normal(0, spoken.std(), spoken.size) if hoarse else 0
        return (spoken + breath).astype(np.float32)

    def remembered(*given):
        trials.append(evaluate(*given))
        return trials[-1]

    monkeypatch.setattr(search, "speak_trial", breathy)
    monkeypatch.setattr(search, "evaluate", remembered)
    chosen = search.nearest_style(find_target(speech(CLIPS[0]), recording(CLIPS[0])), engine._kokoro)
    assert [style.is_clear for style in trials[1:]] == [False, False, True]
    assert chosen.is_clear


@pytest.mark.parametrize("clip", CLIPS)
def test_speech_is_moved_to_the_reference_s_spectrum(engine, voices, say, clip):
    arrays = voices[clip].arrays
    result = measured(say(ENGLISH, clip=clip))
    no_gains = np.zeros_like(arrays["equaliser_gains_db"])
    unequalised = Conditioning({**arrays, "equaliser_gains_db": no_gains})
    unchanged = measured(engine.synthesize(ENGLISH, "en", unequalised, SynthesisOptions()))
    assert distance_db(result, recording(clip)) < 0.9 * distance_db(unchanged, recording(clip))
