"""Whose books are whose."""

from django.core.files.base import ContentFile

from cloning.accounts.personal_data import list_entries
from cloning.models import Book, Chapter, Generation
from cloning.tests.people import sign_in_as
from cloning.tests.performing import store_sound


def make_book(owner, make_generation) -> Book:
    book = Book.objects.create(owner=owner, title="The Long Way")
    book.cover.save("", ContentFile(b"A cover"))
    chapter = Chapter.objects.create(book=book, index=0, number=1, title="One", text="Good morning.")
    store_sound(make_generation(owner=owner, chapter=chapter))
    return book


def test_an_export_has_books_with_cover_and_chapters(ann, make_generation) -> None:
    book = make_book(ann, make_generation)
    entries = {entry.name: entry for entry in list_entries(ann)}
    [folder] = {name.rpartition("/")[0] for name in entries if name.startswith("books/")}
    assert folder.endswith(f"the-long-way-{book.pk}")
    suffix = Generation.objects.get().audio_format
    assert {f"{folder}/{name}" for name in ("book.json", "cover.jpg", f"001.{suffix}")} <= entries.keys()
    with entries[f"{folder}/book.json"].open() as file:
        assert b"Good morning." in file.read(10_000)


def test_lists_show_ones_own_books(ann, django_user_model, make_generation) -> None:
    book = make_book(ann, make_generation)
    bob = django_user_model.objects.create_user("bob")
    for user, is_there in ((ann, True), (bob, False)):
        client = sign_in_as(user)
        for address in ("/books/", "/api/v1/books"):
            assert (str(book.pk) in client.get(address).content.decode()) == is_there
