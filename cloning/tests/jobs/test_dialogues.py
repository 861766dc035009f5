"""A dialogue: one file, and each sentence in the voice of who says it."""

from collections.abc import Callable

import numpy as np
import pytest
import soundfile

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import estimates, state, sweeping
from cloning.jobs.cleanup import delete_generation, delete_voice
from cloning.jobs.conditioning import find_conditioning, store_conditioning
from cloning.jobs.submission import Role, submit
from cloning.jobs.timeline import read_timeline
from cloning.jobs.voices import create_from
from cloning.models import Channel, Generation, Reference, Speaker, Status, StoredConditioning, Voice
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.tests.performing import perform, work_once

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "Anna: Good morning, Tom.\nTom: The train leaves at half past nine.\nAnna: I will be there."


@pytest.fixture
def voices(make_reference) -> dict[str, Voice]:
    made = {}
    for name, clip in (("Anna", FEMALE_CLIP), ("Tom", MALE_CLIP)):
        made[name] = Voice.objects.create(name=name)
        made[name].references.set([make_reference(clip)])
    return made


@pytest.fixture
def converse(voices) -> Callable[..., Generation]:
    def make(text: str = TEXT, **fields: object) -> Generation:
        generation = Generation(text=text, language="en", requested_via=Channel.API, **{"seed": 7, **fields})
        submit(generation, roles=[Role(name, voice) for name, voice in voices.items()])
        return generation

    return make


def references_of(voice: Voice) -> list[Reference]:
    return list(voice.references.all())


def sounds_of(generation: Generation) -> list[np.ndarray]:
    sounds = []
    for timed in read_timeline(generation):
        with timed.chosen_take.audio.open() as file:
            sounds.append(soundfile.read(file)[0])
    return sounds


def is_same(one: np.ndarray, other: np.ndarray) -> bool:
    """But for its level."""
    return one.shape == other.shape and float(np.corrcoef(one, other)[0, 1]) > 0.99


@pytest.mark.parametrize("engine", ["preview", "xtts_v2"])
def test_each_sentence_is_as_its_voice_alone_would_say_it(
    engine, converse, voices, settings, request
) -> None:
    if engine == "xtts_v2":
        settings.ENGINE, settings.MODEL_CACHE = "auto", request.getfixturevalue("tiny_weights")
    found = perform(converse())
    assert (found.status, found.engine, found.is_dialogue) == (Status.SUCCEEDED, engine, True), (
        found.error_message
    )
    timeline = read_timeline(found)
    assert [timed.segment.speaker.name for timed in timeline] == ["Anna", "Tom", "Anna"]
    assert [timed.segment.text for timed in timeline][1] == "The train leaves at half past nine."
    assert {each.voice for each in found.cast.all()} == set(voices.values())
    alone = Generation(
        text=timeline[1].segment.text, language="en", requested_via=Channel.API, voice=voices["Tom"], seed=8
    )
    submit(alone)
    assert is_same(sounds_of(found)[1], sounds_of(perform(alone))[0])
    with found.audio.open() as file:
        assert soundfile.info(file).duration == pytest.approx(found.duration_seconds, abs=0.05)
    assert found.duration_seconds == pytest.approx(timeline[-1].end_seconds, abs=0.01)


def test_one_voice_is_asked_for_no_speaker(make_generation, django_assert_num_queries) -> None:
    """What is no dialogue costs no query more: its sentences have none to look up."""
    generation = make_generation()
    segment = generation.segments.select_related("generation").get()
    with django_assert_num_queries(0):
        assert segment.speaker is None
    with django_assert_num_queries(2):
        read_timeline(generation)


def test_stopped_it_is_continued_with_the_same_voices(converse, client) -> None:
    generation = converse("Anna: Hello there. [pause 1s] And how are you?\nTom: Fine.")
    assert work_once(generation.pk)
    state.cancel(generation)
    before = list(generation.cast.values_list("name", "voice"))
    assert state.resume(generation)
    assert perform(generation).status == Status.SUCCEEDED
    assert list(generation.cast.values_list("name", "voice")) == before
    subtitles = client.get(f"/api/v1/files/{generation.pk}.vtt").content.decode().splitlines()
    assert subtitles[3::3] == ["Anna: Hello there.", "And how are you?", "Tom: Fine."]


def test_a_voice_that_is_deleted_meanwhile_stays_until_the_dialogue_goes(
    converse, voices, nothing_kept
) -> None:
    """As with one voice: what was asked for is spoken, and with it goes all that was derived."""
    generation = converse()
    assert work_once(generation.pk)
    for voice in voices.values():
        assert delete_voice(voice.pk)
    assert perform(generation).status == Status.SUCCEEDED
    assert [(each.name, each.voice) for each in generation.cast.all()] == [("Anna", None), ("Tom", None)]
    assert StoredConditioning.objects.count() == 2
    assert not list(sweeping.find_all())
    assert delete_generation(generation.pk)
    assert nothing_kept()
    assert not (StoredConditioning.objects.exists() or Speaker.objects.exists())


def test_what_is_learnt_lives_with_the_voice_or_the_dialogue(converse, voices, stored_files) -> None:
    generation = converse()
    for voice in voices.values():
        assert store_conditioning(references_of(voice), "key", b"latents", 1.0)
    anna, tom = (references_of(voice) for voice in voices.values())
    delete_generation(generation.pk)
    assert find_conditioning(anna, "key") and find_conditioning(tom, "key")
    delete_voice(voices["Anna"].pk)
    assert not Reference.objects.filter(pk=anna[0].pk).exists()
    assert len([name for name in stored_files() if name.startswith("conditioning/")]) == 1


def test_a_voice_that_is_gone_at_the_last_moment_keeps_nothing(converse, voices) -> None:
    Voice.objects.filter(pk=voices["Tom"].pk).delete()
    with pytest.raises(GenerationError, match="“Tom” is not there any more") as raised:
        converse()
    assert raised.value.code == ErrorCode.CAST_INVALID
    assert not (Generation.objects.exists() or Speaker.objects.exists())


def test_it_is_found_by_each_of_its_voices_and_counts_as_a_use_of_both(converse, voices) -> None:
    generation = converse()
    for voice in voices.values():
        assert list(Generation.objects.spoken_by(voice=voice.pk)) == [generation]
    assert not Generation.objects.spoken_by(stock_voice="am_michael").exists()
    assert {each.last_used_at for each in Voice.objects.with_last_use(None)} == {generation.created_at}
    delete_generation(generation.pk)
    assert {each.last_used_at for each in Voice.objects.with_last_use(None)} == {None}


def test_no_voice_is_made_of_the_clips_of_several_people(converse) -> None:
    with pytest.raises(GenerationError, match="no clip that could be kept"):
        create_from(converse(), "Both")


def test_each_voice_that_is_still_to_be_learnt_takes_its_time(converse, voices) -> None:
    generation = converse()
    assert estimates.estimate_learning(generation) is None
    store_conditioning(references_of(voices["Anna"]), "key", b"latents", 3.0)
    assert estimates.estimate_learning(generation) == pytest.approx(3.0)
    store_conditioning(references_of(voices["Tom"]), "key", b"latents", 3.0)
    assert estimates.estimate_learning(generation) == 0
