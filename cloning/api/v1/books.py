"""/api/v1/books, and each of them: to read, begin, stop, continue and delete, and its files."""

import functools
import re
import uuid
from concurrent.futures import Future

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.urls import reverse

from cloning.api.book_serializers import BOOK, BOOKS, BooksPage, BookState
from cloning.api.http import answer_call, api_view, require_trusted_origin
from cloning.api.idempotency import idempotent
from cloning.api.v1.generate import require_multipart, respond_to_invalid
from cloning.errors import ErrorCode, GenerationError
from cloning.forms.books import BookFileForm, BookForm
from cloning.jobs import bookfiles, books
from cloning.models import Book, Channel, Chapter, Generation, Scope, choose_owner
from cloning.server.deferred import DeferredResponse, can_defer
from cloning.server.encoding import Outcome, bind, encoders, until_encoded
from cloning.storage.archives import Entry, zip_files
from cloning.storage.responses import attachment, audio_response
from cloning.text.naming import name_download

PAGE_SIZE = 20


def answer_again(request: HttpRequest, pk: str) -> HttpResponseBase:
    """With the book that was made when this was sent first."""
    found = fetch(request, uuid.UUID(pk))
    return respond(request, found, status=201 if found.is_draft else 202)


@api_view(GET=Scope.READ, POST=Scope.SPEAK)
@idempotent(answer_again)
def list_or_add(request: HttpRequest) -> HttpResponseBase:
    require_trusted_origin(request)
    return add(request) if request.method == "POST" else list_books(request)


def list_books(request: HttpRequest) -> HttpResponseBase:
    wanted = request.GET.get("page", "1")
    number = int(wanted) if re.fullmatch("[1-9][0-9]{0,8}", wanted) else 0
    start = (number - 1) * PAGE_SIZE
    rows = Book.objects.kept().owned_by(request.user)
    found = list(rows[start : start + PAGE_SIZE + 1]) if number else []
    if not found and number != 1:
        raise GenerationError(ErrorCode.PAGE_UNKNOWN, "There is no such page.")
    page = BooksPage(found[:PAGE_SIZE], number + 1 if len(found) > PAGE_SIZE else None)
    return JsonResponse(BOOKS.serialize(page, request))


def add(request: HttpRequest) -> HttpResponseBase:
    """Begins it, too, unless `draft` says not to; then the one or nothing."""
    require_multipart(request)
    form = BookFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return respond_to_invalid(form)
    assert form.document is not None
    upload = form.cleaned_data["file"]
    is_draft = request.POST.get("draft") == "true"
    book = books.add(form.document, choose_owner(request.user), upload.name or "", is_result=is_draft)
    if is_draft:
        return respond(request, book, status=201)
    try:
        answer = begin(request, book)
    except BaseException:
        books.discard(book)
        raise
    if answer.status_code >= 400:
        books.discard(book)
    return answer


def begin(request: HttpRequest, book: Book) -> HttpResponseBase:
    form = BookForm(request.POST, request.FILES, book=book, user=request.user)
    if not form.is_valid():
        return respond_to_invalid(form)
    books.start(book, form.indexes, form.build_generation(Channel.API), form.uploads)
    return respond(request, book, status=202)


@api_view(POST=Scope.SPEAK)
def start(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    found = fetch(request, pk)
    require_trusted_origin(request)
    require_multipart(request)
    books.require_draft(found)
    return begin(request, found)


@api_view(GET=Scope.READ, DELETE=Scope.SPEAK)
def book(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    found = fetch(request, pk)
    if request.method != "DELETE":
        return respond(request, found)
    require_trusted_origin(request)
    books.discard(found)
    return HttpResponse(status=204)


@api_view(POST=Scope.SPEAK)
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """What has ended already stays as it is."""
    found = fetch(request, pk)
    require_trusted_origin(request)
    books.cancel(found)
    return respond(request, found)


@api_view(POST=Scope.SPEAK)
def resume(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    found = fetch(request, pk)
    require_trusted_origin(request)
    if not books.resume(found):
        raise GenerationError(ErrorCode.NOT_STOPPED, "Only what was cancelled or failed can be continued.")
    return respond(request, found, status=202)


def fetch(request: HttpRequest, pk: uuid.UUID) -> Book:
    found = Book.objects.kept().owned_by(request.user).filter(pk=pk).first()
    if found is None:
        raise GenerationError(ErrorCode.BOOK_UNKNOWN, "There is no such book; it may have been deleted.")
    return found


def respond(request: HttpRequest, found: Book, status: int = 200) -> JsonResponse:
    response = JsonResponse(BOOK.serialize(BookState(found), request), status=status)
    if status != 200:
        response["Location"] = reverse("api-book", args=[found.pk])
    return response


@api_view(GET=Scope.READ)
def one_file(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """All that is spoken; made first where that is something else than it was."""
    found = fetch(request, pk)
    if bookfiles.find(found):
        return send_file(request, pk)
    if not bookfiles.list_spoken(found):
        raise GenerationError(ErrorCode.FILE_UNKNOWN, "No chapter is spoken yet.")
    if can_defer(request):
        future = encoders.begin_book(found)
        answer = functools.partial(answer_call, request, send_file, pk, future)
        return DeferredResponse(functools.partial(until_encoded, future), answer)
    if error := bind(found):
        raise error
    return send_file(request, pk)


def send_file(
    request: HttpRequest, pk: uuid.UUID, binding: "Future[Outcome] | None" = None
) -> HttpResponseBase:
    found = fetch(request, pk)
    stored = bookfiles.find(found)
    if stored is None:
        if binding and binding.done() and (error := binding.result()):
            raise error
        raise GenerationError(
            ErrorCode.SERVER_BUSY, "The file is still being made. Ask again in a few seconds."
        )
    name = f"{book_name(found)}.m4b" if "download" in request.GET else ""
    return audio_response(request, stored, "audio/mp4", download_name=name)


def book_name(found: Book) -> str:
    return name_download(found.author, found.title) or f"book-{str(found.pk)[:8]}"


@api_view(GET=Scope.READ)
def archive(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Its chapters as files, sent while they are packed."""
    found = fetch(request, pk)
    spoken = bookfiles.list_spoken(found)
    if not spoken:
        raise GenerationError(ErrorCode.FILE_UNKNOWN, "No chapter is spoken yet.")
    return zip_response(found, spoken)


def zip_response(found: Book, spoken: list[Generation]) -> HttpResponseBase:
    width = len(str(len(spoken)))
    entries = [
        Entry(
            f"{position:0{width}d}-{chapter_name(each.chapter)}.{each.audio_format}",
            each.created_at,
            functools.partial(each.audio.open, "rb"),
        )
        for position, each in enumerate(spoken, 1)
        if each.chapter
    ]
    response = StreamingHttpResponse(zip_files(entries), content_type="application/zip")
    response["Content-Disposition"] = attachment(f"{book_name(found)}.zip")
    response["Cache-Control"] = "no-store"
    return response


def chapter_name(chapter: Chapter) -> str:
    name = name_download("", chapter.title) or f"chapter-{chapter.number}"
    return f"{name}-{chapter.part}" if chapter.part > 1 else name


@api_view(GET=Scope.READ)
def cover(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    found = fetch(request, pk)
    if not found.cover:
        raise GenerationError(ErrorCode.FILE_UNKNOWN, "This book has no cover.")
    return audio_response(request, found.cover, "image/jpeg")
