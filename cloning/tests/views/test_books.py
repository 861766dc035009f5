"""The pages of the books, as a browser without scripts sees them."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cloning.jobs import books
from cloning.models import Book, BookStatus, Generation, Reference, Voice
from cloning.tests.performing import work_once

TEXT = b"Chapter 1\n\nIt began.\n\nChapter 2\n\nIt went <b>on</b>.\n\nChapter 3\n\nIt ended."


@pytest.fixture
def browser(db) -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def draft(browser) -> Book:
    file = SimpleUploadedFile("long.txt", TEXT)
    answer = browser.post("/books/", {"file": file})
    book = Book.objects.get()
    assert answer.status_code == 302 and answer["Location"] == f"/books/{book.pk}/"
    return book


@pytest.fixture
def voice(make_reference) -> Voice:
    voice = Voice.objects.create(name="Ada")
    voice.references.add(make_reference())
    return voice


def test_from_a_file_to_its_downloads(browser, draft, voice) -> None:
    page = browser.get(f"/books/{draft.pk}/").content.decode()
    assert "3 chapters with" in page and "It went &lt;b&gt;on&lt;/b&gt;." in page
    assert len(re.findall(r'name="chapters"[^>]* checked', page)) == 3
    fields = {
        "voice": str(voice.pk),
        "language": "en",
        "format": "wav",
        "title": "My book",
        "chapters": ["0", "2"],
    }
    begun = browser.post(f"/books/{draft.pk}/", fields)
    assert begun.status_code == 302, begun.content.decode()
    page = browser.get(f"/books/{draft.pk}/").content.decode()
    assert "0 % spoken" in page and "Cancel" in page and "Audiobook" not in page
    books.advance_all()
    while work_once():
        books.advance_all()
    books.advance_all()
    page = browser.get(f"/books/{draft.pk}/").content.decode()
    for name in ("book.m4b?download", "chapters.zip"):
        address = f"/api/v1/books/{draft.pk}/{name}"
        assert f'href="{address}"' in page
        assert browser.get(address).status_code == 200
    assert page.count("<audio") == 3 and "My book" in page  # the player of every page is one
    assert browser.get("/history/").content.decode().count("It began") == 0
    chapter = Generation.objects.get(chapter__index=2)
    assert f'href="/books/{draft.pk}/"' in browser.get(chapter.get_absolute_url()).content.decode()


def test_a_poll_answers_when_there_is_something_new(browser, draft, voice) -> None:
    browser.post(f"/books/{draft.pk}/", {"voice": str(voice.pk), "chapters": "0"})
    page = browser.get(f"/books/{draft.pk}/").content.decode()
    [address] = re.findall(r'id="book-state" hx-get="([^"]*)"', page)
    assert browser.get(address, headers={"HX-Request": "true"}).status_code == 204
    books.cancel(Book.objects.get())
    news = browser.get(address, headers={"HX-Request": "true"})
    assert news.status_code == 200 and b"Cancelled" in news.content and b"<html" not in news.content


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no chapter": ({"chapters": []}, "Choose a chapter."),
    "no voice": ({"voice": ""}, "Choose a clip of the voice."),
    "speed": ({"speed": "9"}, "between 0.5 and 2"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_stands_beside_it(name, browser, draft, voice) -> None:
    changed, says = WRONG[name]
    answer = browser.post(f"/books/{draft.pk}/", {"voice": str(voice.pk), "chapters": ["1"], **changed})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert says in page
    assert len(re.findall(r'name="chapters"[^>]* checked', page)) == (0 if name == "no chapter" else 1)
    assert Book.objects.get().status == BookStatus.DRAFT


def test_a_file_that_is_none_is_refused(browser) -> None:
    answer = browser.post("/books/", {"file": SimpleUploadedFile("a.epub", b"nothing")})
    assert answer.status_code == 422 and "damaged, or no EPUB" in answer.content.decode()
    answer = browser.post("/books/", {})
    assert answer.status_code == 422 and "Choose a file." in answer.content.decode()


def test_stopped_continued_and_deleted(browser, draft, voice) -> None:
    browser.post(f"/books/{draft.pk}/", {"voice": str(voice.pk), "chapters": ["0", "1"]})
    assert browser.post(f"/books/{draft.pk}/cancel/").status_code == 302
    assert "Continue" in browser.get(f"/books/{draft.pk}/").content.decode()
    browser.post(f"/books/{draft.pk}/resume/")
    assert Book.objects.get().status == BookStatus.RUNNING
    gone = browser.post(f"/books/{draft.pk}/delete/", follow=True)
    assert "is deleted" in gone.content.decode() and "No book yet" in gone.content.decode()
    assert not Book.objects.exists() and not Generation.objects.exists()
    assert Reference.objects.exists()  # of the saved voice
