"""Generations with a voice of the engine's own: there is no reference that they could miss."""

import pytest

from cloning.engines import registry
from cloning.engines.preview.engine import PreviewEngine
from cloning.errors import ErrorCode
from cloning.jobs import estimates, state, sweeping
from cloning.jobs.submission import submit
from cloning.models import Channel, Generation, StoredConditioning, VoiceGain
from cloning.tests.audio.clips import loudness_and_peak
from cloning.tests.performing import perform

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def with_kokoro() -> PreviewEngine:
    return PreviewEngine()


@pytest.fixture(autouse=True)
def kokoro_speaks(with_kokoro, monkeypatch, settings) -> None:
    settings.PREVIEW_VOICE = "kokoro"
    monkeypatch.setattr(registry, "_loaded", {"preview": with_kokoro})


def submitted(key: str = "am_michael", text: str = "Good morning.", language: str = "en") -> Generation:
    generation = Generation(text=text, language=language, requested_via=Channel.API, stock_voice=key)
    submit(generation)
    return generation


def test_it_is_spoken_without_a_reference(nothing_kept) -> None:
    found = perform(submitted())
    assert (found.status, found.references.count()) == ("succeeded", 0)
    assert found.duration_seconds > 0.5


def test_its_gain_is_kept_for_the_next(stored_files) -> None:
    perform(submitted())
    known = VoiceGain.objects.get()
    assert known.measured_seconds > 0.5
    assert not [name for name in stored_files() if name.startswith("conditioning/")], (
        "there is nothing to keep"
    )
    perform(submitted(text="It rains."))
    again = VoiceGain.objects.get()
    assert again.pk == known.pk and again.measured_seconds > known.measured_seconds
    found = [finding.what for finding in sweeping.find_all()]
    assert not any("Conditioning" in what for what in found)
    assert StoredConditioning.objects.get().is_used()


def test_language_that_espeak_speaks() -> None:
    assert perform(submitted(text="Guten Morgen.", language="de")).status == "succeeded"


def test_is_as_loud_in_a_language_that_another_synthesizer_speaks(tmp_path) -> None:
    texts = {
        "en": "The train to Edinburgh leaves from platform four at half past nine.",
        "de": "Der Zug nach Hamburg hat heute leider zehn Minuten Verspätung.",
    }
    for language in ("en", "de", "en"):
        found = perform(submitted(text=texts[language], language=language))
        (tmp_path / "spoken.wav").write_bytes(found.audio.read())
        assert loudness_and_peak(tmp_path / "spoken.wav")[0] == pytest.approx(-19, abs=0.5)


def test_estimate_knows_that_nothing_is_learnt() -> None:
    assert estimates.estimate_learning(submitted()) == 0


def test_voice_that_the_engine_does_not_have_is_explained() -> None:
    found = perform(submitted("claribel_dervla"))
    assert (found.status, found.error_code) == ("failed", ErrorCode.VOICE_UNKNOWN)
    assert (
        "is not one of Preview (not a clone), which speaks now. Choose another voice." in found.error_message
    )
    assert not found.can_resume


def test_it_is_continued_like_any_other() -> None:
    generation = submitted()
    state.cancel(generation)
    assert state.resume(generation)
    assert perform(generation).status == "succeeded"
