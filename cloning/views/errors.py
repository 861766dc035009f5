"""Pages for what went wrong."""

from django.core.exceptions import DisallowedHost
from django.http import HttpResponse
from django.shortcuts import render

from cloning.api.http import error_response
from cloning.views.context import HtmxHttpRequest


def bad_request(request: HtmxHttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost):
        message = (
            "The server does not know itself by this address. Its operator can allow it: set ALLOWED_HOSTS."
        )
    else:
        message = "The browser sent something that the server can't read. Go back and try again."
    if request.path.startswith("/api/"):
        return error_response(400, "bad_request", message)
    return render(request, "error.html", {"title": "Not understood", "message": message}, status=400)


def not_found(request: HtmxHttpRequest, exception: Exception) -> HttpResponse:
    message = "There is nothing at this address, or not any more."
    return render(request, "error.html", {"title": "Not found", "message": message}, status=404)


def csrf_failure(request: HtmxHttpRequest, reason: str = "") -> HttpResponse:
    message = (
        "This page has expired, or the browser refuses cookies. Go back, reload the page and send it again."
    )
    return render(request, "error.html", {"title": "Not sent", "message": message}, status=403)


def server_error(request: HtmxHttpRequest) -> HttpResponse:
    message = "Something went wrong on the server; its log says what. Nothing you made is lost."
    return render(request, "error.html", {"title": "Server error", "message": message}, status=500)
