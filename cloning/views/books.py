"""The pages of the books: one is uploaded, its chapters are chosen, and it is read out."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models.functions import Length, Substr
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from cloning.api.book_serializers import BookState
from cloning.errors import GenerationError
from cloning.forms.books import BookFileForm, BookForm
from cloning.forms.messages import in_page_language
from cloning.jobs import books as changes
from cloning.jobs.booktimes import read_times
from cloning.models import Book, Channel, choose_owner
from cloning.views import errors
from cloning.views.attempts import attempt, marked_invalid
from cloning.views.context import HtmxHttpRequest

SHOWN = 50
SHOWN_CHARS = 160
"""Of a chapter, where chapters are chosen."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def books(request: HtmxHttpRequest) -> HttpResponse:
    """The newest. POST adds one, as a draft."""
    if request.method != "POST":
        return render_list(request, BookFileForm())
    form = BookFileForm(request.POST, request.FILES)
    added = attempt(form, lambda: add(request, form))
    return redirect(added) if added else marked_invalid(render_list(request, form), form)


def add(request: HtmxHttpRequest, form: BookFileForm) -> Book:
    assert form.document is not None
    return changes.add(form.document, choose_owner(request.user), form.cleaned_data["file"].name or "")


def render_list(request: HtmxHttpRequest, form: BookFileForm) -> HttpResponse:
    found = list(Book.objects.kept().owned_by(request.user)[:SHOWN])
    return render(request, "cloning/books/books.html", {"books": found, "form": form})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One of them. POST begins a draft. HTMX asks for what is new since `seen`: 204 when nothing is."""
    found = fetch(request, pk)
    if request.method == "POST":
        return start(request, found)
    if found.is_draft:
        return render_draft(request, found, BookForm(book=found, user=request.user))
    state = BookState(found)
    times = None if found.is_active else read_times(found)
    context = {"book": found, "state": state, "seen": describe(state), "times": times}
    if not request.htmx or request.htmx.boosted:
        return render(request, "cloning/books/book.html", context)
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return render(request, "cloning/books/_book.html", context)


def describe(state: BookState) -> str:
    """Changes whenever there is something new to show."""
    made = [each.generation for each in state.chapters if each.generation]
    return f"{state.book.status}-{len(made)}-" + "".join(
        f"{each.status[0]}{each.segments_done}" for each in made
    )


def start(request: HtmxHttpRequest, found: Book) -> HttpResponse:
    form = BookForm(request.POST, request.FILES, book=found, user=request.user, must_choose=True)
    if attempt(form, lambda: begin(form)):
        return redirect(found)
    return marked_invalid(render_draft(request, found, form), form)


def begin(form: BookForm) -> bool:
    changes.start(form.book, form.indexes, form.build_generation(Channel.PAGE), form.uploads)
    return True


def render_draft(request: HtmxHttpRequest, found: Book, form: BookForm) -> HttpResponse:
    rows = found.chapters.annotate(chars=Length("text"), beginning=Substr("text", 1, SHOWN_CHARS)).defer(
        "text"
    )
    chosen = set(form.data.getlist("chapters")) if form.is_bound else None  # type: ignore[attr-defined]
    chapters = [(row, chosen is None or str(row.index) in chosen) for row in rows.order_by("index")]
    context: dict[str, Any] = {"book": found, "form": form, "chapters": chapters}
    context["chars"] = sum(row.chars for row, _chosen in chapters)
    return render(request, "cloning/books/draft.html", context)


def fetch(request: HtmxHttpRequest, pk: uuid.UUID) -> Book:
    return get_object_or_404(Book.objects.kept().owned_by(request.user), pk=pk)


@require_POST
def cancel(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = fetch(request, pk)
    changes.cancel(found)
    return redirect(found)


@require_POST
def resume(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Goes on with what was stopped; what was not stays as it is."""
    found = fetch(request, pk)
    try:
        changes.resume(found)
    except GenerationError as error:
        return errors.respond(request, error.code, _("Not now"), in_page_language(str(error)))
    return redirect(found)


@require_POST
def delete(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = fetch(request, pk)
    changes.discard(found)
    messages.success(
        request, _("“%(title)s” is deleted, with all that was spoken of it.") % {"title": found.title}
    )
    return redirect("books")
