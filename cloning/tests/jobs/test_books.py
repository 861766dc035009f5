"""Books, read out chapter by chapter."""

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.files.storage import default_storage

from cloning.errors import GenerationError
from cloning.jobs import bookfiles, books, cleanup, departures, limits, scheduling, signing, state, sweeping
from cloning.jobs.acting import Actor, acting
from cloning.jobs.booktimes import read_times
from cloning.jobs.timeline import read_timeline
from cloning.models import (
    Book,
    BookStatus,
    Channel,
    Chapter,
    Charge,
    Generation,
    Reference,
    Status,
    Usage,
    Voice,
)
from cloning.quantities import Kind, Quantity
from cloning.reading import Chapter as ReadChapter
from cloning.reading import Cover, Cue, Document
from cloning.tests.performing import work_once
from cloning.tests.provenance.reading import assertion, read_manifest
from cloning.tests.reading.books import PNG

TEXTS = ["It began.", "It went on.", "It ended."]


def document(*texts: str, cover: bytes = b"") -> Document:
    chapters = [ReadChapter(f"Chapter {number}; =#1", text) for number, text in enumerate(texts, 1)]
    return Document(chapters, "The Long Way", "Ada", "en", Cover(cover, ".png") if cover else None)


@pytest.fixture
def begin(db, make_reference):
    def begin(*texts: str, owner=None, cover: bytes = b"", **fields: object) -> Book:
        book = books.add(document(*(texts or TEXTS), cover=cover), owner, "long.epub")
        voice = Voice.objects.create(owner=owner, name=str(book.pk))
        voice.references.add(Reference.objects.filter(owner=owner).first() or make_reference(owner=owner))
        indexes = list(book.chapters.values_list("index", flat=True))
        values = {
            "text": book.chapters.first().text,
            "language": "en",
            "owner": owner,
            "voice": voice,
            **fields,
        }
        books.start(book, indexes, Generation(requested_via=Channel.API, **values))
        return book

    return begin


def read_out(book: Book) -> None:
    """What workers do, to the end of it."""
    while True:
        books.advance_all()
        if not work_once():
            books.advance_all()
            book.refresh_from_db()
            if not book.is_active or not work_once():
                return


def texts_of(book: Book) -> list[str]:
    return list(books.generations_of(book).order_by("chapter__index").values_list("text", flat=True))


def test_a_chapter_at_a_time_to_the_end(begin) -> None:
    book = begin()
    assert texts_of(book) == TEXTS[:1]
    books.advance_all()
    assert texts_of(book) == TEXTS[:1]  # its sentence still waits
    read_out(book)
    assert book.status == BookStatus.SUCCEEDED
    assert texts_of(book) == TEXTS
    rows = books.generations_of(book)
    assert {each.status for each in rows} == {Status.SUCCEEDED}
    assert len({(each.seed, *each.references.values_list("pk")) for each in rows}) == 1
    assert not Generation.objects.listed().exists()


def test_the_next_chapter_waits_before_the_last_sentence_is_spoken(begin) -> None:
    """Workers are never without work between chapters."""
    book = begin()
    assert scheduling.claim_next()
    books.advance_all()
    assert texts_of(book) == TEXTS[:2]


def test_one_that_is_stopped_goes_on_where_it_was(begin) -> None:
    book = begin()
    work_once()
    books.advance_all()
    assert books.cancel(book)
    books.advance_all()
    assert book.status == BookStatus.CANCELLED
    spoken = books.generations_of(book).get(text=TEXTS[0])
    assert books.resume(book)
    read_out(book)
    assert book.status == BookStatus.SUCCEEDED and texts_of(book) == TEXTS
    take = spoken.segments.get().takes.get()
    assert take.attempts == 1  # spoken once


def test_a_chapter_that_fails_ends_the_book_with_its_reason(begin) -> None:
    book = begin()
    books.generations_of(book).update(
        status=Status.FAILED, error_code="synthesis_failed", error_message="No."
    )
    books.generations_of(book).get().segments.get().takes.update(status=Status.FAILED)
    books.advance_all()
    book.refresh_from_db()
    assert (book.status, book.error_code, book.error_message) == (
        BookStatus.FAILED,
        "synthesis_failed",
        "No.",
    )
    assert books.resume(book)
    read_out(book)
    assert book.status == BookStatus.SUCCEEDED


def test_a_long_chapter_is_parts_between_paragraphs(db, settings) -> None:
    settings.MAX_TEXT_CHARS = 40
    book = books.add(
        document("One two three four.\n\nFive six seven eight.\n\nNine.", "Short."), None, "a.txt"
    )
    rows = list(book.chapters.values_list("number", "part", "text"))
    assert rows == [(1, 1, "One two three four."), (1, 2, "Five six seven eight.\n\nNine."), (2, 1, "Short.")]


def test_nothing_of_a_text_is_lost_when_it_is_cut(settings) -> None:
    text = " ".join(f"word{number}." + "\n\n" * (number % 17 == 0) for number in range(2_000))
    parts = list(books.cut_text(text, 300))
    assert max(map(len, parts)) <= 300
    assert " ".join(parts).split() == text.split()


def probe(path: Path) -> dict[str, Any]:
    command = [
        "ffprobe",
        "-v",
        "error",
        "-of",
        "json",
        "-show_chapters",
        "-show_format",
        "-show_streams",
        path,
    ]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def test_one_file_with_marks_and_cover(begin, settings) -> None:
    settings.MAX_TEXT_CHARS = 40
    book = begin(
        "It began with a long first sentence.\n\nAnd it went on.", "It ended.", cover=PNG, audio_format="mp3"
    )
    read_out(book)
    assert books.generations_of(book).count() == 3
    bookfiles.make(book)
    book.refresh_from_db()
    found = probe(Path(settings.MEDIA_ROOT) / book.audio.name)
    tags = {name.lower(): value for name, value in found["format"]["tags"].items()}
    assert (tags["title"], tags["artist"]) == ("The Long Way", "Ada")
    assert [each["tags"]["title"] for each in found["chapters"]] == ["Chapter 1; =#1", "Chapter 2; =#1"]
    seconds = [each.duration_seconds for each in books.generations_of(book).order_by("chapter__index")]
    starts = [float(each["start_time"]) for each in found["chapters"]]
    assert starts == pytest.approx([0, sum(seconds[:2])], abs=0.2)
    assert float(found["format"]["duration"]) == pytest.approx(sum(seconds), abs=0.3)
    kinds = {(each["codec_type"], each["codec_name"]) for each in found["streams"]}
    assert {("audio", "aac"), ("video", "mjpeg")} <= kinds


def test_one_file_is_made_anew_when_something_of_it_changes(begin, stored_files) -> None:
    book = begin("It began.")
    with pytest.raises(GenerationError) as refused:
        bookfiles.make(book)
    assert refused.value.code == "file_unknown"
    read_out(book)
    bookfiles.make(book)
    book.refresh_from_db()
    assert bookfiles.find(book) == book.audio
    state, manifest = read_manifest(Path(book.audio.path), signing.read_credentials().certificates)
    assert (state, manifest["title"]) == ("Trusted", "Speech by Preview (not a clone)")
    assert assertion(manifest, "cawg.metadata")["dc:identifier"] == book.pk.urn
    first = book.audio.name
    Book.objects.filter(pk=book.pk).update(title="Another")
    book.refresh_from_db()
    assert bookfiles.find(book) is None
    bookfiles.make(book)
    book.refresh_from_db()
    assert bookfiles.find(book) and book.audio.name != first
    assert [each for each in stored_files() if each.endswith(".m4b")] == [book.audio.name]


@pytest.mark.django_db(transaction=True)
def test_what_is_deleted_leaves_nothing(begin, stored_files) -> None:
    book = begin(cover=PNG)
    read_out(book)
    bookfiles.make(book)
    book.refresh_from_db()
    generation = books.generations_of(book).first()
    cleanup.delete_generation(generation.pk)  # by the API, say: it is in the one file, too
    assert not default_storage.exists(book.audio.name)
    books.discard(book)
    cleanup.delete_voice(Voice.objects.get().pk)
    assert not Book.objects.exists() and not Chapter.objects.exists() and not Generation.objects.exists()
    assert not stored_files()


def test_the_sweep_goes_on_with_what_took_too_long(begin) -> None:
    book = begin()
    books.discard(book, seconds=0)
    assert Book.objects.filter(pk=book.pk).exists() and not Book.objects.kept().exists()
    assert not Generation.objects.kept().exists()
    sweeping.sweep()
    assert not Book.objects.exists() and not Generation.objects.exists()


def test_a_book_whose_voice_is_gone_says_so(begin) -> None:
    book = begin()
    books.generations_of(book).all()[0].references.get().delete()
    Generation.objects.update(status=Status.SUCCEEDED)
    books.generations_of(book).get().segments.get().takes.update(status=Status.SUCCEEDED)
    books.advance_all()
    book.refresh_from_db()
    assert (book.status, book.error_code) == (BookStatus.FAILED, "voice_gone")


def test_all_characters_count_when_it_is_begun(begin, settings, ann) -> None:
    settings.LIMITS = {kind: {} for kind in Kind} | {
        Kind.USER: {Quantity.CHARACTERS: 40, Quantity.WAITING: 5}
    }
    with acting(Actor(user=ann)):
        book = begin(owner=ann)
        assert Usage.objects.get().used == sum(map(len, TEXTS))
        with pytest.raises(limits.LimitError):
            begin(owner=ann)
    read_out(book)
    assert Usage.objects.get(quantity=Quantity.CHARACTERS).used == sum(map(len, TEXTS))
    assert Charge.objects.filter(subject=f"user:{ann.pk}").count() == 3


def test_a_book_goes_with_its_owner(begin, ann) -> None:
    begin(owner=ann)
    assert departures.count_belongings(ann).books == 1
    departures.begin(ann)
    assert departures.finish(ann)
    assert not Book.objects.exists() and not Generation.objects.exists()


def test_one_chapter_that_is_stopped_stops_the_book(begin) -> None:
    book = begin()
    state.cancel(books.generations_of(book).get())
    books.advance_all()
    book.refresh_from_db()
    assert book.status == BookStatus.CANCELLED


def test_subtitles_are_heard_when_they_are_due_as_well_as_speech_allows(db, make_reference, settings) -> None:
    long = "This has no time at all, as the next of them comes much too early for so many words."
    cues = [
        Cue(2.0, 4.0, "It began."),
        Cue(6.5, 7.0, long),
        Cue(7.5, 9.0, "It went on."),
        Cue(20.0, 21.0, "It ended."),
    ]
    read = Document([ReadChapter("", "\n\n".join(each.text for each in cues), cues)])
    settings.MAX_TEXT_CHARS = 100  # so that the last two are a part of their own
    book = books.add(read, None, "film.srt")
    assert [each.due_seconds for each in book.chapters.all()] == [0.0, 7.5]
    voice = Voice.objects.create(name="Ada")
    voice.references.add(make_reference())
    first = Generation(
        text=book.chapters.first().text,
        language="en",
        voice=voice,
        requested_via=Channel.API,
        audio_format="mp3",
    )
    books.start(book, [0, 1], first)
    read_out(book)
    assert book.status == BookStatus.SUCCEEDED
    one, two = books.generations_of(book).order_by("chapter__index")
    starts = [each.start_seconds for each in read_timeline(one)]
    assert starts == pytest.approx([2.0, 6.5], abs=0.01)
    assert [each.chosen_take.tempo for each in read_timeline(one)] == [1.0, 1.5]
    assert [each.start_seconds for each in read_timeline(two)] == pytest.approx([0.0, 12.5], abs=0.01)
    with one.audio.open("rb") as file:
        samples, rate = soundfile.read(io.BytesIO(file.read()))
    loud = np.abs(samples) > 0.02
    assert np.argmax(loud) / rate == pytest.approx(2.0, abs=0.25)  # silent until then
    bookfiles.make(book)
    book.refresh_from_db()
    found = probe(Path(settings.MEDIA_ROOT) / book.audio.name)
    late = max(0.0, one.duration_seconds - 7.5)
    assert float(found["format"]["duration"]) == pytest.approx(7.5 + late + two.duration_seconds, abs=0.3)


def test_what_has_too_little_room_is_spoken_faster_and_then_shifts(db, make_reference) -> None:
    words = "This has no time at all, as the next of them comes much too early for it."
    cues = [Cue(1.0, 2.0, words), Cue(2.0, 3.0, "It ended."), Cue(30.0, 31.0, "It began.")]
    book = books.add(Document([ReadChapter("", words, cues)]), None, "film.srt")
    voice = Voice.objects.create(name="Ada")
    voice.references.add(make_reference())
    books.start(book, [0], Generation(text=words, language="en", voice=voice, requested_via=Channel.API))
    read_out(book)
    timeline = read_timeline(books.generations_of(book).get())
    assert [each.chosen_take.tempo for each in timeline] == [1.5, 1.0, 1.0]
    assert timeline[0].start_seconds == 1.0
    assert timeline[1].start_seconds == pytest.approx(
        1.0 + timeline[0].chosen_take.duration_seconds, abs=0.01
    )
    assert timeline[2].start_seconds == pytest.approx(30.0, abs=0.01)  # in time again
    times = read_times(book)
    assert (times.cues, times.in_time, times.hurried) == (3, 2, 1)
    assert times.latest_seconds == pytest.approx(timeline[1].start_seconds - 2.0, abs=0.01)
