"""Pages for what went wrong."""

import logging
import sys

from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from cloning.api.dialects import respond_at
from cloning.api.http import error_response, is_api_path, set_retry_after
from cloning.errors import ErrorCode, GenerationError
from cloning.forms.messages import in_page_language
from cloning.storage.local import explain_unavailable
from cloning.views.attempts import not_now
from cloning.views.context import HtmxHttpRequest

logger = logging.getLogger(__name__)


def bad_request(request: HtmxHttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, SessionInterrupted) and (known := explain_unsaved_session(exception)):
        return unavailable(request, known)
    if isinstance(exception, DisallowedHost):
        message = _(
            "The server does not know itself by this address. Its operator can allow it: set ALLOWED_HOSTS."
        )
    else:
        message = _("The browser sent something that the server can't read. Go back and try again.")
    return respond(request, ErrorCode.BAD_REQUEST, _("Not understood"), message)


def explain_unsaved_session(error: BaseException) -> GenerationError | None:
    """Django reports a session that the database could not take as one that was deleted meanwhile."""
    while context := error.__context__:
        if known := explain_unavailable(context):
            return known
        error = context
    return None


def not_found(request: HtmxHttpRequest, exception: Exception) -> HttpResponse:
    return respond(
        request, ErrorCode.NOT_FOUND, _("Not found"), _("There is nothing at this address, or not any more.")
    )


def csrf_failure(request: HtmxHttpRequest, reason: str = "") -> HttpResponse:
    if is_api_path(request.path):  # the page about the API, which has no form
        return error_response(
            ErrorCode.ORIGIN_NOT_ALLOWED, "This page takes nothing: its calls have addresses of their own."
        )
    message = _(
        "This page has expired, or the browser refuses cookies. Go back, reload the page and send it again."
    )
    return render(request, "error.html", {"title": _("Not sent"), "message": message}, status=403)


def server_error(request: HtmxHttpRequest) -> HttpResponse:
    """What no view caught, a write of the session included; Django calls this while the exception is at hand."""
    error = sys.exc_info()[1]
    if error is not None and (known := explain_unavailable(error)):
        return unavailable(request, known)
    message = _("Something went wrong on the server; its log says what. Nothing you made is lost.")
    try:
        return respond(request, ErrorCode.INTERNAL_ERROR, _("Server error"), message)
    except Exception:  # what went wrong may be the templates
        logger.exception("The page of errors")
        return HttpResponse(message, status=500, content_type="text/plain; charset=utf-8")


def unavailable(request: HtmxHttpRequest, error: GenerationError) -> HttpResponse:
    return respond(request, error.code, _("Not now"), not_now(in_page_language(str(error))))


def refuse_for_now(request: HttpRequest, error: GenerationError) -> HttpResponse:
    """What has a limit that comes back by itself."""
    response = respond(request, error.code, _("Not now"), in_page_language(str(error)))
    response["Retry-After"] = str(error.retry_after_seconds)
    return response


def respond(request: HttpRequest, code: ErrorCode, title: str, message: str) -> HttpResponse:
    """As JSON to programs, as one sentence to HTMX, which shows it above the page, and as a page to the rest."""
    if is_api_path(request.path):
        return respond_at(request.path)(code, message)
    if request.headers.get("HX-Request"):
        response = HttpResponse(message, status=code.status, content_type="text/plain; charset=utf-8")
    else:
        response = render(request, "error.html", {"title": title, "message": message}, status=code.status)
    set_retry_after(response, code.retry_after_seconds)
    return response
