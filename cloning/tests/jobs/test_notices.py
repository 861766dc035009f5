"""The spoken notice: that a computer speaks, before or after what it says."""

import pytest

from cloning.errors import GenerationError
from cloning.jobs import books, takes, voices
from cloning.jobs.batches import changes, feeding
from cloning.jobs.submission import Role, submit
from cloning.models import Batch, Channel, Generation, Pronunciation, Segment, Voice
from cloning.reading import Chapter as ReadChapter
from cloning.reading import Cue, Document
from cloning.tests.clips import FEMALE_CLIP
from cloning.tests.jobs.recording import speak_all
from cloning.tests.jobs.test_books import begin  # noqa: F401
from cloning.tests.performing import perform
from cloning.text.notices import NOTICES
from cloning.text.samples import SAMPLES

pytestmark = pytest.mark.django_db

ENGLISH = NOTICES["en"]
TIMED = Document([ReadChapter("", "", [Cue(4.0, 6.0, "Hello there.")])], "Film", "", "en", None)


def texts_of(generation: Generation) -> list[str]:
    return list(generation.segments.order_by("index").values_list("text", flat=True))


def test_every_language_has_one_that_is_spoken_in_one_piece(make_voice):
    voice = make_voice("Ada")
    assert NOTICES.keys() == SAMPLES.keys()
    for language in NOTICES:
        made = Generation(
            voice=voice, text=SAMPLES[language], language=language, requested_via=Channel.API, notice="before"
        )
        submit(made)
        assert list(made.segments.values_list("is_notice", flat=True)).count(True) == 1, language
        assert made.segments.get(index=0).is_notice


@pytest.mark.parametrize(
    ("operator", "asked", "place"),
    [
        ("off", "", ""),
        ("off", "after", "after"),
        ("before", "", "before"),
        ("before", "after", "before"),
        ("after", "", "after"),
    ],
)
def test_what_the_operator_says_holds(operator, asked, place, api, make_voice, settings):
    settings.SPOKEN_NOTICE = operator
    answer = api.post(
        "/api/v1/voice-clone/generate",
        {"text": "Good morning.", "voice": str(make_voice("Ada").pk), "notice": asked},
        headers={"Prefer": "respond-async"},
    )
    assert (answer.status_code, answer.json()["notice"]) == (202, place)
    said = {"": ["Good morning."], "before": [ENGLISH, "Good morning."], "after": ["Good morning.", ENGLISH]}
    generation = Generation.objects.get()
    assert texts_of(generation) == said[place]
    assert generation.segments_total == len(said[place])


def test_wrong_place_is_refused(api, make_voice):
    voice = str(make_voice("Ada").pk)
    answer = api.post("/api/v1/voice-clone/generate", {"text": "Hi.", "voice": voice, "notice": "never"})
    assert answer.status_code == 422 and answer.json()["error"]["field"] == "notice"


def test_page_asks_where_the_operator_does_not_say(client, settings):
    assert 'name="notice"' in client.get("/").content.decode()
    settings.SPOKEN_NOTICE = "before"
    assert 'name="notice"' not in client.get("/").content.decode()


def test_it_is_heard_and_stands_in_subtitles(client, make_generation, settings):
    settings.SPOKEN_NOTICE = "before"
    generation = perform(make_generation())
    plain = perform(make_generation_without_notice(make_generation, settings))
    assert generation.duration_seconds > plain.duration_seconds + 1
    assert ENGLISH in client.get(f"/api/v1/files/{generation.pk}.srt").content.decode()


def make_generation_without_notice(make_generation, settings) -> Generation:
    settings.SPOKEN_NOTICE = "off"
    return make_generation()


def test_it_can_be_spoken_again_but_says_nothing_else(make_generation, settings):
    settings.SPOKEN_NOTICE = "before"
    Pronunciation.objects.create(language="en", word="computer", word_key="computer", spelling="person")
    notice, said = speak_all(make_generation()).segments.order_by("index")
    assert notice.text == ENGLISH, "pronunciations don't change it"
    with pytest.raises(GenerationError, match="can't be changed"):
        takes.add_take(notice, "Good evening.", 1)
    assert takes.add_take(notice, ENGLISH, 1)
    assert takes.add_take(said, "Good evening.", 1)


def test_a_dialogue_has_it_in_the_voice_beside_it(make_voice, make_reference, settings):
    ada, bob = make_voice("Ada"), Voice.objects.create(name="Bob")
    bob.references.set([make_reference(FEMALE_CLIP)])
    for place, index, name in (("before", 0, "Ann"), ("after", 2, "Bob")):
        settings.SPOKEN_NOTICE = place
        made = Generation(text="Ann: Hello.\nBob: Yes.", language="en", requested_via=Channel.API)
        submit(made, roles=[Role("Ann", ada), Role("Bob", bob)])
        segment = made.segments.get(index=index)
        assert segment.is_notice and segment.speaker.name == name


def test_a_sample_has_none(make_voice, settings):
    settings.SPOKEN_NOTICE = "before"
    voice = make_voice("Ada")
    voices.speak_sample(voice, Channel.PAGE)
    assert not Segment.objects.filter(is_notice=True).exists()


def test_rows_of_batches_have_it(make_voice, settings):
    settings.SPOKEN_NOTICE = "after"
    row = Generation(voice=make_voice("Ada"), text="Hello.", language="en", requested_via=Channel.BATCH)
    changes.hand_in(Batch(), [row])
    feeding.feed()
    row.refresh_from_db()
    assert (texts_of(row), row.notice) == (["Hello.", ENGLISH], "after")


@pytest.mark.parametrize(("place", "chapter"), [("before", 0), ("after", 2)])
def test_a_book_says_it_once(place, chapter, begin, settings):  # noqa: F811
    settings.SPOKEN_NOTICE = place
    book = begin()
    while made := list(books.generations_of(book).active()):
        for generation in made:
            speak_all(generation)
            Generation.objects.filter(pk=generation.pk).update(status="succeeded")
        books.advance(book)
    notice = Segment.objects.get(is_notice=True)
    assert notice.generation.chapter.index == chapter
    assert books.generations_of(book).count() == 3


def test_of_subtitles_it_is_heard_first(begin, make_voice, settings):  # noqa: F811
    settings.SPOKEN_NOTICE = "before"
    book = books.add(TIMED, None, "film.srt")
    first = Generation(voice=make_voice("Ada"), text="x", language="en", requested_via=Channel.API)
    books.start(book, [0], first)
    due = list(first.segments.order_by("index").values_list("text", "due_seconds"))
    assert due == [(ENGLISH, 0.0), ("Hello there.", 4.0)]
