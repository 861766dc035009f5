"""CHECK_SPEECH: takes are scored, and spoken again where they are below the bar."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from cloning.engines.base import EngineError, SynthesisOptions, Waveform
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import attempts, checks
from cloning.jobs.attempts import SEED_STEP, speak_best
from cloning.models import Generation, Status, StoredConditioning, Take
from cloning.scoring import TakeScores
from cloning.tests.jobs.recording import takes_of
from cloning.tests.performing import perform
from cloning.tests.speaking import made_scores

SAID = "I really was very much afraid."
OPTIONS = SynthesisOptions(seed=7)


class ScriptedRecogniser:
    """Hears what it is told to, one text after the other, and the last for ever."""

    def __init__(self, *texts: str | Exception) -> None:
        self.texts = list(texts)

    def text_of(self, _samples: Waveform, _language: str) -> str:
        text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
        if isinstance(text, Exception):
            raise text
        return text


def scores_of(row: Take | Generation) -> dict[str, Any]:
    assert row.scores
    return row.scores


@pytest.fixture
def hearing(monkeypatch) -> Callable[..., None]:
    def hear(*texts: str | Exception) -> None:
        recogniser = ScriptedRecogniser(*texts)
        monkeypatch.setattr(checks, "load_recogniser", lambda _model_cache: recogniser)

    return hear


def speak_scored(scores: Sequence[TakeScores | Exception], **options: bool):
    """Attempts whose sound is their number, with these scores."""
    spoken: list[SynthesisOptions] = []

    def speak(each: SynthesisOptions) -> Waveform:
        spoken.append(each)
        if isinstance(error := scores[len(spoken) - 1], Exception):
            raise error
        return np.array([len(spoken)], np.float32)

    def score(sound: Waveform) -> TakeScores:
        found = scores[int(sound[0]) - 1]
        assert isinstance(found, TakeScores)
        return found

    return speak_best(OPTIONS, speak, score, **({"is_sampled": True} | options)), spoken


GOOD, SLOW = made_scores(), made_scores(pace=0.1, faults=("pace",))
WRONG = made_scores(faults=("pace", "words"))


@pytest.mark.parametrize(
    ("scores", "count", "best"),
    [
        ([GOOD], 1, 1),
        ([SLOW, GOOD], 2, 2),
        ([WRONG, SLOW, WRONG], 3, 2),
        ([SLOW, SLOW, SLOW], 3, 1),
        ([EngineError("no sound"), GOOD], 2, 2),
        ([WRONG, EngineError("no sound"), SLOW], 3, 3),
    ],
)
def test_the_best_of_up_to_three(settings, scores, count, best):
    settings.CHECK_SPEECH = "retry"
    found, spoken = speak_scored(scores)
    assert len(spoken) == count
    assert found.waveform[0] == best
    assert found.scores.attempts == sum(isinstance(each, TakeScores) for each in scores)
    assert [each.seed for each in spoken] == [(7 + n * SEED_STEP) % 2**32 for n in range(count)]
    assert found.options == spoken[best - 1]


def test_without_retry_it_is_spoken_once(settings):
    settings.CHECK_SPEECH = "score"
    _, spoken = speak_scored([WRONG])
    assert spoken == [OPTIONS]


def test_what_can_not_be_spoken_at_all_is_an_error(settings):
    settings.CHECK_SPEECH = "retry"
    error = GenerationError(ErrorCode.SYNTHESIS_FAILED, "nothing")
    with pytest.raises(GenerationError, match="nothing"):
        speak_scored([error, error, error])


def test_an_engine_that_samples_nothing_tries_other_tempos(settings):
    settings.CHECK_SPEECH = "retry"
    _, spoken = speak_scored([WRONG, WRONG, WRONG], is_sampled=False)
    assert [each.speed for each in spoken] == [1.0, 0.94, 1.06]
    assert {each.seed for each in spoken} == {7}


def test_no_attempt_is_begun_that_would_miss_the_deadline(settings, monkeypatch):
    settings.CHECK_SPEECH, settings.DEADLINE_SECONDS = "retry", 100.0
    clock = iter([0.0, 24.0, 60.0])  # after 24 s a second would be done by 48; after 60 a third only by 90
    monkeypatch.setattr(attempts.time, "monotonic", lambda: next(clock))
    _, spoken = speak_scored([WRONG, WRONG, WRONG])
    assert len(spoken) == 2


@pytest.mark.django_db(transaction=True)
def test_a_bad_take_is_spoken_again_and_the_best_kept(settings, make_generation, hearing, stored_files):
    settings.CHECK_SPEECH = "retry"
    hearing("I really I really I really was", SAID)
    generation = perform(make_generation(text=SAID))
    assert generation.status == Status.SUCCEEDED, generation.error_message
    [take] = takes_of(generation)
    assert take.attempts == 1  # of workers: it was in one hand
    scores = TakeScores.load(scores_of(take))
    assert (scores.attempts, scores.heard.understood, scores.faults) == (2, 1.0, ())
    assert scores.similarity > 0.3
    assert -25 < scores.loudness_lufs < -14
    assert len([name for name in stored_files() if name.startswith("generated/takes/")]) == 1
    assert scores_of(generation)["understood"] == 1.0
    assert StoredConditioning.objects.get().speaker_embedding


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("mode", "language", "heard", "reason"),
    [
        ("off", "en", SAID, "off"),
        ("score", "pl", SAID, "language"),
        ("score", "en", RuntimeError("out of memory"), "recogniser_failed"),
    ],
)
def test_what_is_not_checked_says_so(settings, make_generation, hearing, mode, language, heard, reason):
    settings.CHECK_SPEECH = mode
    hearing(heard)
    generation = perform(make_generation(text=SAID, language=language))
    assert generation.status == Status.SUCCEEDED, generation.error_message
    [take] = takes_of(generation)
    assert (scores_of(take)["heard"], scores_of(take)["unheard"]) == (None, reason)
    assert (scores_of(generation)["understood"], scores_of(generation)["unheard"]) == (None, reason)


@pytest.mark.django_db(transaction=True)
def test_a_missing_recogniser_is_said_at_the_start_and_holds_nothing_up(
    settings, make_generation, monkeypatch, caplog
):
    settings.CHECK_SPEECH = "score"
    checks.load_recogniser.cache_clear()
    monkeypatch.setattr("cloning.recognition.weights.find_spec", lambda _name: None)
    checks.get_ready()
    assert "CHECK_SPEECH=score: The recogniser is missing" in caplog.text
    generation = perform(make_generation(text=SAID))
    assert generation.status == Status.SUCCEEDED
    assert scores_of(generation)["unheard"] == "recogniser_missing"
    checks.load_recogniser.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_another_take_that_is_chosen_changes_the_scores_of_the_whole(make_generation):
    generation = perform(make_generation(text=SAID))
    Take.objects.filter(segment__generation=generation).update(scores=made_scores(similarity=0.5).dump())
    generation.is_join_due = True
    generation.save(update_fields=["is_join_due"])
    assert scores_of(perform(generation))["similarity"] == 0.5
