"""What applies to every request, before any view."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cloning.api.http import error_response, is_api_path
from cloning.errors import ErrorCode
from cloning.forms import MAX_REFERENCES
from cloning.storage.uploads import UploadHandler

GetResponse = Callable[[HttpRequest], HttpResponse]

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "media-src 'self' blob:",  # blob: plays the recording before it is sent
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


def content_security_policy(get_response: GetResponse) -> GetResponse:
    """Nothing is loaded from anywhere else and no inline script runs."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response

    return middleware


def close_uploads(get_response: GetResponse) -> GetResponse:
    """Django closes what it could read to the end; of a body that breaks off it forgets the file in hand."""

    def middleware(request: HttpRequest) -> HttpResponse:
        handler = UploadHandler(request)
        request.upload_handlers = [handler]
        try:
            return get_response(request)
        finally:
            handler.close()

    return middleware


def request_size_limit(get_response: GetResponse) -> GetResponse:
    """Refuses a body larger than the largest valid form before reading it: uploads go to disk while they are parsed."""

    def middleware(request: HttpRequest) -> HttpResponse:
        limit_mb = MAX_REFERENCES * settings.MAX_REFERENCE_MB + 1
        try:
            size_bytes = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            size_bytes = 0  # as Django takes it: no body
        if size_bytes <= limit_mb * 1024**2:
            return get_response(request)
        message = f"The request is larger than {limit_mb} MB."
        if is_api_path(request.path):
            return error_response(ErrorCode.REQUEST_TOO_LARGE, message)
        return render(request, "error.html", {"title": "Too large", "message": message}, status=413)

    return middleware
