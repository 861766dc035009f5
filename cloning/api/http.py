"""What every call of the JSON API shares: how it can fail, and who may call."""

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import (
    Http404,
    HttpRequest,
    HttpResponseBase,
    HttpResponseNotAllowed,
    JsonResponse,
    UnreadablePostError,
)
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt

from cloning.storage.local import is_disk_full

logger = logging.getLogger(__name__)


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
