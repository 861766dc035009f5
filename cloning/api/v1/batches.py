"""/api/v1/batches: many texts at once, and one ZIP of what was spoken."""

import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse

from cloning.api.archives import places, send_archive
from cloning.api.batch_archive import list_entries
from cloning.api.batch_serializers import (
    BATCH,
    BATCHES,
    ROWS,
    BatchesPage,
    RowsPage,
    batch_url,
    with_counts,
)
from cloning.api.http import api_view, read_json, read_member, require_trusted_origin
from cloning.api.idempotency import idempotent
from cloning.api.v1.generate import require_multipart, respond_to_invalid
from cloning.errors import ErrorCode, GenerationError
from cloning.forms.batches import BatchForm
from cloning.jobs.batches import changes
from cloning.models import Batch, Scope

Row = TypeVar("Row", bound=Model)

PAGE_SIZE = 20
ROWS_PAGE_SIZE = 100
LINES = ("text/csv", "application/jsonl", "application/x-ndjson")


def answer_again(request: HttpRequest, pk: str) -> HttpResponseBase:
    """With the batch that was handed in when this was sent first."""
    return respond(request, fetch_own(request, uuid.UUID(pk)), status=201)


@api_view(GET=Scope.READ, POST=Scope.SPEAK)
@idempotent(answer_again)
def batches(request: HttpRequest) -> HttpResponseBase:
    require_trusted_origin(request)
    if request.method != "POST":
        address = reverse("api-batches")
        return respond_with_page(
            request, Batch.objects.owned_by(request.user), PAGE_SIZE, address, list_batches
        )
    form = read_form(request)
    if not form.is_valid():
        return respond_to_wrong(form)
    changes.hand_in(form.batch, form.rows)
    return respond(request, form.batch, status=201)


def read_form(request: HttpRequest) -> BatchForm:
    """Of a form with a file, of the file itself, or of a JSON object. Raises GenerationError."""
    if request.content_type in LINES:
        return BatchForm({"name": request.GET.get("name", "")}, content=request.body, user=request.user)
    if request.content_type == "application/json":
        return read_members(request)
    require_multipart(request)
    return BatchForm(request.POST, request.FILES, user=request.user)


def read_members(request: HttpRequest) -> BatchForm:
    """Of `{name, rows}`, of which each row is an object: as if each were a line."""
    members = read_json(request)
    rows = members.get("rows")
    if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
        raise GenerationError(ErrorCode.BATCH_INVALID, "“rows” has to be a list of objects.", field="rows")
    name = read_member(members, "name", str) or ""
    return BatchForm({"name": name}, objects=rows, user=request.user)


def respond_to_wrong(form: BatchForm) -> JsonResponse:
    """With the rows that are wrong, as far as they were looked at."""
    response = respond_to_invalid(form)
    if not form.row_errors:
        return response
    wrong = [
        {"line": each.line, "field": each.field, "code": each.code, "message": each.message}
        for each in form.row_errors
    ]
    error = {"code": ErrorCode.BATCH_INVALID, "message": form.row_errors[0].sentence, "field": "file"}
    return JsonResponse({"error": error, "rows": wrong}, status=ErrorCode.BATCH_INVALID.status)


@api_view(GET=Scope.READ, DELETE=Scope.SPEAK)
def batch(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    found = fetch_own(request, pk)
    if request.method == "DELETE":
        changes.delete(found)
        return HttpResponse(status=204)
    return respond(request, found)


@api_view(POST=Scope.SPEAK)
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """What has ended already stays as it is."""
    found = fetch_own(request, pk)
    changes.cancel(found)
    return respond(request, found)


@api_view(GET=Scope.READ)
def rows(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    found = changes.rows_of(fetch_own(request, pk)).defer("text", "peaks")
    address = reverse("api-batch-rows", args=[pk])
    return respond_with_page(request, found, ROWS_PAGE_SIZE, address, list_rows)


@api_view(GET=Scope.READ)
def archive(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    found = fetch_own(request, pk)
    entries, name = list_entries(found)
    if not places.acquire(blocking=False):
        raise GenerationError(ErrorCode.SERVER_BUSY, "Other archives are being sent. Try again in a while.")
    return send_archive(entries, name)


def respond_with_page(
    request: HttpRequest,
    found: QuerySet[Row],
    size: int,
    address: str,
    answer: Callable[[HttpRequest, Sequence[Row], str | None], HttpResponseBase],
) -> HttpResponseBase:
    """Raises GenerationError (PAGE_UNKNOWN)."""
    wanted = request.GET.get("page", "1")
    number = int(wanted) if re.fullmatch("[1-9][0-9]{0,6}", wanted) else 0
    start = (number - 1) * size
    listed = list(found[start : start + size + 1]) if number else []
    if not listed and number != 1:
        raise GenerationError(ErrorCode.PAGE_UNKNOWN, "There is no such page.")
    next_url = f"{address}?page={number + 1}" if len(listed) > size else None
    return answer(request, listed[:size], next_url)


def list_batches(request: HttpRequest, found: Sequence[Batch], next_url: str | None) -> HttpResponseBase:
    return JsonResponse(BATCHES.serialize(BatchesPage(found, next_url), request))


def list_rows(request: HttpRequest, found: Sequence[Any], next_url: str | None) -> HttpResponseBase:
    return JsonResponse(ROWS.serialize(RowsPage(found, next_url), request))


def respond(request: HttpRequest, found: Batch, status: int = 200) -> HttpResponseBase:
    response = JsonResponse(BATCH.serialize(with_counts(found), request), status=status)
    if status == 201:
        response["Location"] = batch_url(found)
    return response


def fetch_own(request: HttpRequest, pk: uuid.UUID) -> Batch:
    require_trusted_origin(request)
    found = Batch.objects.owned_by(request.user).filter(pk=pk).first()
    if found is None:
        raise GenerationError(ErrorCode.BATCH_UNKNOWN, "There is no such batch; it may have been deleted.")
    return found
