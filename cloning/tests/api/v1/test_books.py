"""Books by the API: added, begun, stopped, deleted, and what comes of them."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cloning.jobs import books
from cloning.models import Book, BookStatus, Chapter, Generation, Voice
from cloning.tests.performing import work_once
from cloning.tests.reading.books import make_epub, pack_book

TEXT = b"Chapter 1\n\nIt began.\n\nChapter 2\n\nIt went on.\n\nChapter 3\n\nIt ended."


@pytest.fixture
def voice(make_reference) -> Voice:
    voice = Voice.objects.create(name="Ada")
    voice.references.add(make_reference())
    return voice


@pytest.fixture
def post(api, voice):
    def post(content: bytes = TEXT, name: str = "long.txt", **fields: object):
        data = {"file": SimpleUploadedFile(name, content), "voice": str(voice.pk), **fields}
        return api.post("/api/v1/books", {key: value for key, value in data.items() if value is not None})

    return post


def read_out() -> None:
    books.advance_all()
    while work_once():
        books.advance_all()
    books.advance_all()


def test_a_book_is_read_out_and_fetched(api, post) -> None:
    made = post(speed="1.5")
    assert made.status_code == 202
    status_url = made.json()["status_url"]
    assert made["Location"] == status_url
    assert [each["title"] for each in made.json()["chapters"]] == ["Chapter 1", "Chapter 2", "Chapter 3"]
    assert made.json()["download_url"] is None
    assert api.get(f"{status_url}/book.m4b").json()["error"]["code"] == "file_unknown"
    assert api.get(f"{status_url}/chapters.zip").json()["error"]["code"] == "file_unknown"
    read_out()
    found = api.get(status_url).json()
    assert (found["status"], found["progress"], found["error"]) == ("succeeded", 1.0, None)
    assert found["duration_seconds"] == pytest.approx(
        sum(each["duration_seconds"] for each in found["chapters"]), abs=0.01
    )
    assert {each.speed for each in Generation.objects.all()} == {1.5}
    whole = api.get(found["download_url"] + "?download")
    content = b"".join(whole.streaming_content)
    assert content[4:8] == b"ftyp" and "long.m4b" in whole["Content-Disposition"]
    part = api.get(found["download_url"], headers={"Range": "bytes=0-9"})
    assert part.status_code == 206 and b"".join(part.streaming_content) == content[:10]
    packed = b"".join(api.get(found["chapters_url"]).streaming_content)
    names = zipfile.ZipFile(io.BytesIO(packed)).namelist()
    assert names == ["1-chapter-1.mp3", "2-chapter-2.mp3", "3-chapter-3.mp3"]
    assert api.get(found["chapters"][1]["generation_url"]).json()["text"].endswith("It went on.")
    assert api.get("/api/v1/generations").json()["results"] == []
    assert [each["id"] for each in api.get("/api/v1/books").json()["results"]] == [found["id"]]


def test_chapters_can_be_chosen_of_a_draft(api, post, voice) -> None:
    draft = post(voice=None, draft="true")
    assert draft.status_code == 201 and draft.json()["status"] == "draft"
    url = draft.json()["status_url"]
    assert (
        api.post(f"{url}/start", {"voice": str(voice.pk), "chapters": "9"}).json()["error"]["code"]
        == "chapters_invalid"
    )
    begun = api.post(f"{url}/start", {"voice": str(voice.pk), "chapters": "0,2", "title": " My  book "})
    assert begun.status_code == 202
    assert [each["index"] for each in begun.json()["chapters"]] == [0, 2]
    assert begun.json()["title"] == "My book"
    assert api.post(f"{url}/start", {"voice": str(voice.pk)}).json()["error"]["code"] == "book_started"


def test_an_epub_with_a_clip_says_its_own_language(api, post, upload, tmp_path) -> None:
    path = make_epub(tmp_path / "book.epub", [("One", "<p>Good morning.</p>"), ("Two", "<p>Bye.</p>")])
    made = post(path.read_bytes(), "book.epub", voice=None, reference=upload())
    assert made.status_code == 202
    assert (made.json()["title"], made.json()["author"]) == ("The Long Way", "Ada Writer")
    read_out()
    assert {each.language for each in Generation.objects.all()} == {"en"}
    assert Book.objects.get().status == BookStatus.SUCCEEDED
    cover = api.get(made.json()["cover_url"])
    assert b"".join(cover.streaming_content).startswith(b"\xff\xd8\xff")


FAULTS = {
    "no file": ({"file": None}, "book_missing"),
    "another kind": ({"name": "a.pdf"}, "book_unreadable"),
    "nothing in it": ({"content": b""}, "book_unreadable"),
    "no words": ({"content": b"... --- ..."}, "book_unreadable"),
    "a broken EPUB": ({"name": "a.epub", "content": b"PK"}, "book_unreadable"),
    "no voice": ({"voice": None}, "reference_missing"),
    "a voice that is not": ({"voice": "nobody"}, "voice_unknown"),
    "chapters that are not": ({"chapters": "x"}, "chapters_invalid"),
    "a language that is not": ({"language": "tlh"}, "language_unsupported"),
    "a speed that is not": ({"speed": "9"}, "out_of_range"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_wrong_is_said_and_nothing_kept(post, name) -> None:
    fields, code = FAULTS[name]
    answer = post(**fields)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == code
    assert not Book.objects.exists() and not Chapter.objects.exists() and not Generation.objects.exists()


def test_too_long_a_book_is_refused(post, settings) -> None:
    settings.MAX_BOOK_CHARS = 50
    assert post().json()["error"]["code"] == "book_too_long"
    assert post(pack_book("<p>word</p>" * 20), "a.epub").json()["error"]["code"] == "book_too_long"


@pytest.mark.parametrize("draft", ["true", "false"])
def test_sent_again_with_its_key_it_is_one_book(draft, api, post) -> None:
    api.defaults["HTTP_IDEMPOTENCY_KEY"] = "once"
    made, again = post(draft=draft), post(draft=draft)
    assert (again.status_code, again.json()["id"]) == (made.status_code, made.json()["id"])
    assert again["Idempotent-Replayed"] == "true"
    assert post(draft=draft, title="Another").json()["error"]["code"] == "idempotency_key_reused"
    assert Book.objects.count() == 1
    assert Generation.objects.listed().count() <= 1


def test_a_full_queue_keeps_no_book(post, settings) -> None:
    settings.MAX_QUEUED = 1
    assert post().status_code == 202
    refused = post()
    assert refused.status_code == 503 and refused.json()["error"]["code"] == "queue_full"
    assert Book.objects.count() == 1


def test_stopped_continued_and_deleted(api, post) -> None:
    url = post().json()["status_url"]
    assert api.post(f"{url}/resume").json()["error"]["code"] == "not_stopped"
    assert api.post(f"{url}/cancel").json()["status"] == "cancelled"
    assert api.post(f"{url}/resume").status_code == 202
    read_out()
    assert api.get(url).json()["status"] == "succeeded"
    assert api.delete(url).status_code == 204
    assert api.get(url).json()["error"]["code"] == "book_unknown"
    assert not Generation.objects.exists()
