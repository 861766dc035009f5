"""The JSON API under /api/v1/. `openapi.py` describes it; plain Django views, no framework."""

import functools
import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.core.paginator import EmptyPage, PageNotAnInteger, Paginator
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    JsonResponse,
    UnreadablePostError,
)
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from cloning import audio, openapi, text
from cloning.engines import engine_name
from cloning.files import audio_response
from cloning.forms import GenerationForm
from cloning.models import Channel, Generation, Status, Worker
from cloning.storage import check_storage, is_disk_full
from cloning.tasks import QueueFullError, submit

logger = logging.getLogger(__name__)

PAGE_SIZE = 20
WAIT_POLL_SECONDS = 0.2

# A waiting call holds a thread of the web server: half of them may wait, so that pages and status calls stay quick.
waiting_calls = threading.BoundedSemaphore(settings.WEB_THREADS // 2)


@dataclass
class ApiError(Exception):
    status: int
    code: str
    message: str
    field: str | None = None
    retry_after_seconds: int | None = None


def error_response(status: int, code: str, message: str, field: str | None = None) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message, "field": field}}, status=status)


def api_view(*methods: str) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Makes every way a call can fail a JSON error. No cookie is trusted here, hence no CSRF token is asked for."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @csrf_exempt
        @functools.wraps(view)
        def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            if request.method not in methods:
                response = error_response(405, "method_not_allowed", f"Use {' or '.join(methods)} here.")
                response["Allow"] = HttpResponseNotAllowed(methods)["Allow"]
                return response
            try:
                refuse_foreign_origin(request)
                return view(request, **kwargs)
            except ApiError as error:
                response = error_response(error.status, error.code, error.message, error.field)
                if error.retry_after_seconds:
                    response["Retry-After"] = str(error.retry_after_seconds)
                return response
            except Http404:
                return error_response(404, "not_found", "There is nothing here, or not any more.")
            except RequestDataTooBig:
                return error_response(413, "request_too_large", "The fields of the form are too large.")
            except (MultiPartParserError, BadRequest, SuspiciousOperation, UnreadablePostError):
                return error_response(
                    400, "request_unreadable", "The request body can't be read as multipart/form-data."
                )
            except Exception as error:
                logger.exception("%s %s", request.method, request.path)
                if is_disk_full(error):
                    return error_response(503, "storage_full", "The server's disk is full.")
                return error_response(
                    500, "internal_error", "Something went wrong on the server; its log says what."
                )

        return wrapped

    return decorate


def refuse_foreign_origin(request: HttpRequest) -> None:
    """Keeps other web sites, open in the same browser, from using a server that has no accounts.

    A form post needs no CORS permission, and browsers send Origin with every one of them. Scripts send none.
    """
    origin = request.headers.get("Origin")
    own = f"{request.scheme}://{request.get_host()}"
    if request.method in ("GET", "HEAD", "OPTIONS") or origin in (None, own, *settings.CORS_ALLOWED_ORIGINS):
        return
    raise ApiError(403, "origin_not_allowed", "Pages of this origin may not use the API; see CORS_ORIGINS.")


@api_view("POST")
def generate(request: HttpRequest) -> HttpResponseBase:
    if request.content_type != "multipart/form-data":
        raise ApiError(415, "not_multipart", "Send the fields as multipart/form-data.")
    if not request.POST and not request.FILES:  # garbage is no error to Django's parser
        raise ApiError(
            400, "request_unreadable", "No field was found. Send multipart/form-data with a Content-Length."
        )
    form = GenerationForm(request.POST, request.FILES)
    if not form.is_valid():
        raise form_error(form)
    generation, references = form.save(Channel.API, request.user)
    try:
        submit(generation, references)
    except QueueFullError as error:
        raise ApiError(
            503,
            "queue_full",
            "Too many generations are waiting; try again in a minute.",
            retry_after_seconds=60,
        ) from error
    if "respond-async" not in request.headers.get("Prefer", "").lower():
        wait(generation)
    response = JsonResponse(described(generation, request), status=response_status(generation))
    response["Location"] = status_url(generation)
    return response


FIELD_CODES = {"text": "text_unspeakable", "language": "language_unsupported", "voice": "voice_unknown"}


def form_error(form: GenerationForm) -> ApiError:
    """The first error of the form, under the code that `openapi.py` promises."""
    field, errors = next(iter(form.errors.as_data().items()))
    code = errors[0].code or "invalid"
    if code in ("invalid", "invalid_choice", "null_characters_not_allowed"):
        code = FIELD_CODES.get(field, "out_of_range")
    status = {"reference_too_large": 413, "ffmpeg_missing": 500}.get(code, 422)
    return ApiError(status, code, errors[0].messages[0], field)


def wait(generation: Generation) -> None:
    """Until it has ended, API_WAIT_SECONDS are over, or at once when too many calls wait already."""
    if not waiting_calls.acquire(blocking=False):
        return
    try:
        give_up_at = time.monotonic() + settings.API_WAIT_SECONDS
        while generation.is_active and time.monotonic() < give_up_at:
            time.sleep(WAIT_POLL_SECONDS)
            try:
                generation.refresh_from_db()
            except Generation.DoesNotExist as error:
                raise Http404 from error
    finally:
        waiting_calls.release()


def response_status(generation: Generation) -> int:
    if generation.status == Status.SUCCEEDED:
        return 201
    if generation.status == Status.FAILED:
        return 422 if generation.is_users_fault else 500
    return 409 if generation.status == Status.CANCELLED else 202


def status_url(generation: Generation) -> str:
    return reverse("api-generation", args=[generation.pk])


def download_url(generation: Generation) -> str:
    return reverse("api-file", args=[generation.pk, generation.audio_format])


def absolute(request: HttpRequest, path: str) -> str:
    return settings.BASE_URL + path if settings.BASE_URL else request.build_absolute_uri(path)


def described(generation: Generation, request: HttpRequest) -> dict[str, Any]:
    succeeded = generation.status == Status.SUCCEEDED
    return {
        "id": str(generation.pk),
        "status": generation.status,
        "progress": round(generation.progress, 4),
        "text": generation.text,
        "language": generation.language,
        "speed": generation.speed,
        "temperature": generation.temperature,
        "seed": generation.seed,
        "engine": generation.engine or engine_name(),
        "synthetic": True,
        "download_url": download_url(generation) if succeeded else None,
        "absolute_download_url": absolute(request, download_url(generation)) if succeeded else None,
        "status_url": status_url(generation),
        "format": generation.audio_format,
        "sample_rate_hz": generation.sample_rate_hz,
        "duration_seconds": generation.duration_seconds,
        "created_at": rfc3339(generation.created_at),
        "started_at": rfc3339(generation.started_at),
        "finished_at": rfc3339(generation.finished_at),
        "error": described_error(generation),
    }


def described_error(generation: Generation) -> dict[str, Any] | None:
    if generation.status == Status.CANCELLED:
        return {"code": "cancelled", "message": "The generation was cancelled.", "field": None}
    if generation.status != Status.FAILED:
        return None
    field = generation.error_code.split("_")[0] if generation.is_users_fault else None
    return {"code": generation.error_code, "message": generation.error_message, "field": field}


def rfc3339(moment: Any) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


@api_view("GET", "HEAD", "DELETE")
def generation(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    found = fetched(pk)
    if request.method != "DELETE":
        return JsonResponse(described(found, request))
    with transaction.atomic():
        found.delete()
    return HttpResponse(status=204)


def fetched(pk: uuid.UUID) -> Generation:
    try:
        return Generation.objects.get(pk=pk)
    except Generation.DoesNotExist as error:
        raise ApiError(
            404, "generation_unknown", "There is no such generation; it may have been deleted."
        ) from error


@api_view("GET", "HEAD")
def generations(request: HttpRequest) -> HttpResponseBase:
    paginator = Paginator(Generation.objects.all(), PAGE_SIZE)
    try:
        page = paginator.page(request.GET.get("page", "1"))
    except (EmptyPage, PageNotAnInteger) as error:
        raise ApiError(404, "page_unknown", "There is no such page.", "page") from error
    following = f"{reverse('api-generations')}?page={page.next_page_number()}" if page.has_next() else None
    return JsonResponse({"results": [described(found, request) for found in page], "next": following})


@api_view("GET", "HEAD")
def file(request: HttpRequest, pk: uuid.UUID, audio_format: str) -> HttpResponseBase:
    found = fetched(pk)
    if found.status != Status.SUCCEEDED or found.audio_format != audio_format:
        raise ApiError(404, "file_unknown", f"This generation has no {audio_format} file.")
    return audio_response(
        request,
        found.audio,
        audio.FORMATS[audio_format].content_type,
        download_name=f"speech-{str(pk)[:8]}.{audio_format}" if "download" in request.GET else "",
    )


@api_view("GET", "HEAD")
def languages(request: HttpRequest) -> HttpResponseBase:
    return JsonResponse({"results": [{"code": code, "name": name} for code, name in text.LANGUAGES.items()]})


@api_view("GET", "HEAD")
def health(request: HttpRequest) -> HttpResponseBase:
    checks = {
        "database": checked(check_database),
        "storage": checked(check_storage),
        "ffmpeg": checked(audio.ffmpeg_path),
        "worker": checked(check_worker),
    }
    healthy = all(result == "ok" for result in checks.values())
    body = {"status": "ok" if healthy else "failing", "engine": engine_name(), "checks": checks}
    return JsonResponse(body, status=200 if healthy else 503)


def checked(check: Callable[[], object]) -> str:
    try:
        check()
    except (OSError, DatabaseError, audio.AudioError, RuntimeError) as error:
        logger.warning("Health check %s: %s", check.__name__, error)
        return "failing"
    return "ok"


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_worker() -> None:
    if not Worker.alive().exists():
        raise RuntimeError("no worker has been seen lately")


@api_view("GET", "HEAD")
def openapi_document(request: HttpRequest) -> HttpResponseBase:
    return JsonResponse(openapi.document())


@api_view("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
def unknown(request: HttpRequest, path: str) -> HttpResponseBase:
    raise Http404
