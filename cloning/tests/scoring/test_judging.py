"""Words for figures, the bar, the best of several, and what is kept as JSON."""

import json

import pytest

from cloning.scoring import (
    Fault,
    GenerationScores,
    Heard,
    Likeness,
    TakeScores,
    Unheard,
    find_faults,
    find_likeness,
    rank,
    sum_up,
)
from cloning.tests.speaking import made_scores


def heard(understood: float) -> dict[str, object]:
    return {"heard": Heard("words", understood), "unheard": None}


@pytest.mark.parametrize(
    ("similarity", "likeness"),
    [
        (1.0, Likeness.VERY_LIKE),
        (0.80, Likeness.VERY_LIKE),
        (0.79, Likeness.LIKE),
        (0.72, Likeness.LIKE),
        (0.71, Likeness.HARDLY_LIKE),
        (0.0, Likeness.HARDLY_LIKE),
    ],
)
def test_likeness_in_a_word(similarity: float, likeness: Likeness) -> None:
    assert find_likeness(similarity) == likeness


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({}, ()),
        (heard(0.9), ()),
        (heard(0.89), (Fault.WORDS,)),
        ({"similarity": 0.7}, (Fault.SPEAKER,)),
        ({"longest_silence_seconds": 1.6}, (Fault.SILENCE,)),
        ({"clipped_share": 0.01}, (Fault.CLIPPED,)),
        ({"pace": 0.4}, (Fault.PACE,)),
        ({"pace": 2.3}, (Fault.PACE,)),
        ({"similarity": 0.5, "pace": 0.1, **heard(0.2)}, (Fault.WORDS, Fault.SPEAKER, Fault.PACE)),
    ],
)
def test_what_is_below_the_bar(changes: dict[str, object], faults: tuple[Fault, ...]) -> None:
    assert find_faults(made_scores(**changes), is_clone=True) == faults


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"faults": ()}, {"faults": ("pace",)}),
        ({"faults": ("pace",), **heard(0.5)}, {"faults": ("pace", "words"), **heard(1.0)}),
        ({"faults": ("words",), **heard(0.8)}, {"faults": ("words",), **heard(0.6)}),
        (heard(1.0), heard(0.95)),
        ({"similarity": 0.8, **heard(0.981)}, {"similarity": 0.7, **heard(0.984)}),
        ({"similarity": 0.9}, {"similarity": 0.8}),
        ({"similarity": 0.9, **heard(0.97)}, {"similarity": 0.9, **heard(0.91)}),
    ],
)
def test_which_is_the_best(better: dict[str, object], worse: dict[str, object]) -> None:
    assert rank(made_scores(**better)) > rank(made_scores(**worse))


def test_scores_are_kept_as_json() -> None:
    scores = made_scores(similarity=0.8, loudness_lufs=-19.2, faults=(Fault.PACE,), attempts=3, **heard(0.5))
    assert TakeScores.load(json.loads(json.dumps(scores.dump()))) == scores
    assert TakeScores.load(json.loads(json.dumps(made_scores().dump()))) == made_scores()
    for damaged in ({}, {**scores.dump(), "heard": 5}, {**scores.dump(), "unheard": "bored"}):
        assert TakeScores.load(damaged) is None
    assert GenerationScores.load({"similarity": 1}) is None


def test_a_text_is_as_good_as_its_takes_by_their_length() -> None:
    good, bad = (
        made_scores(similarity=0.9, **heard(1.0)),
        made_scores(similarity=0.6, faults=("words",), **heard(0.5)),
    )
    unheard = made_scores(unheard=Unheard.LANGUAGE)
    assert sum_up([]) is None
    assert sum_up([(good, 3.0), (bad, 1.0)]) == GenerationScores(0.825, 0.875, None, 1)
    assert sum_up([(good, 1.0), (unheard, 9.0)]) == GenerationScores(0.9, 1.0, Unheard.LANGUAGE, 0)
    assert sum_up([(unheard, 0.0)]) == GenerationScores(None, None, Unheard.LANGUAGE, 0)
    found = sum_up([(good, 3.0)])
    assert found and GenerationScores.load(json.loads(json.dumps(found.dump()))) == found
