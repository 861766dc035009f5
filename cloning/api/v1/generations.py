"""/api/v1/generations, and each of them: to read, star, stop, continue, delete, and have back."""

import hashlib
import re
import uuid

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified, JsonResponse

from cloning.api.http import api_view, read_json, require_trusted_origin
from cloning.api.serializers import GENERATION, GENERATIONS, NumberedPage
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import discarding, state
from cloning.jobs.cleanup import delete_generation
from cloning.models import Generation, Scope
from cloning.models.generation import GenerationQuerySet
from cloning.storage.responses import is_known

PAGE_SIZE = 20


@api_view(GET=Scope.READ, PATCH=Scope.SPEAK, DELETE=Scope.SPEAK)
def generation(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    if request.method == "PATCH":
        return star(request, pk)
    if request.method != "DELETE":
        found = fetch_visible(request, pk)
        return with_etag(request, JsonResponse(GENERATION.serialize(found, request)))
    fetch_own(request, pk)
    require_trusted_origin(request)
    delete_generation(pk)
    return HttpResponse(status=204)


def star(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    found = fetch_own(request, pk)
    require_trusted_origin(request)
    is_starred = read_json(request).get("starred")
    if not isinstance(is_starred, bool):
        raise GenerationError(ErrorCode.REQUEST_UNREADABLE, "“starred” has to be true or false.")
    state.star(found.pk, is_starred)
    return JsonResponse(GENERATION.serialize(fetch_own(request, pk), request))


@api_view(POST=Scope.SPEAK)
def restore(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """What was deleted on a page, as long as that can be undone there; what is there stays as it is."""
    require_trusted_origin(request)
    discarding.restore_one(pk, request.user)
    return JsonResponse(GENERATION.serialize(fetch_own(request, pk), request))


def with_etag(request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    """304 where the client knows the answer already."""
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    if is_known(request, etag):
        response = HttpResponseNotModified()
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def fetch_visible(request: HttpRequest, pk: uuid.UUID) -> Generation:
    """To be read, and listened to."""
    return fetch(pk, Generation.objects.kept().visible_to(request.user))


def fetch_own(request: HttpRequest, pk: uuid.UUID) -> Generation:
    """To be changed."""
    return fetch(pk, Generation.objects.kept().owned_by(request.user))


def fetch(pk: uuid.UUID, rows: QuerySet[Generation]) -> Generation:
    try:
        return rows.get(pk=pk)
    except Generation.DoesNotExist as error:
        raise GenerationError(
            ErrorCode.GENERATION_UNKNOWN, "There is no such generation; it may have been deleted."
        ) from error


@api_view(POST=Scope.SPEAK)
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """What has ended already stays as it is."""
    found = fetch_own(request, pk)
    require_trusted_origin(request)
    state.cancel(found)
    return JsonResponse(GENERATION.serialize(fetch_own(request, pk), request))


@api_view(POST=Scope.SPEAK)
def resume(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    found = fetch_own(request, pk)
    require_trusted_origin(request)
    if not state.resume(found):
        raise GenerationError(ErrorCode.NOT_STOPPED, "Only what was cancelled or failed can be continued.")
    return JsonResponse(GENERATION.serialize(found, request), status=202)


@api_view(GET=Scope.READ)
def generations(request: HttpRequest) -> HttpResponseBase:
    require_trusted_origin(request)
    rows = Generation.objects.listed().owned_by(request.user).with_begun_share()
    page = read_page(rows, request.GET.get("page", "1"))
    return JsonResponse(GENERATIONS.serialize(page, request))


def read_page(rows: GenerationQuerySet, wanted: str) -> NumberedPage:
    """One row more than it shows tells whether there is a next: all are not counted. Raises GenerationError."""
    number = int(wanted) if re.fullmatch("[1-9][0-9]{0,8}", wanted) else 0
    start = (number - 1) * PAGE_SIZE
    found = list(rows[start : start + PAGE_SIZE + 1]) if number else []
    if not found and number != 1:
        raise GenerationError(ErrorCode.PAGE_UNKNOWN, "There is no such page.")
    return NumberedPage(found[:PAGE_SIZE], number + 1 if len(found) > PAGE_SIZE else None)
