"""What every call of the JSON API shares: how it can fail, and who may call."""

import functools
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
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

from cloning.accounts.addresses import client_address
from cloning.accounts.callers import SAFE_METHODS, api_key_of, identify_caller, require_permission
from cloning.api.xtts_server import calls as xtts_server
from cloning.errors import ErrorCode, GenerationError
from cloning.forms.members import read_member as read_member
from cloning.jobs.acting import Actor, acting
from cloning.jobs.limits import LimitError, Standing, count_request
from cloning.models import Scope
from cloning.quantities import WINDOW_SECONDS, Quantity
from cloning.storage.local import explain_unavailable

logger = logging.getLogger(__name__)


def is_api_path(path: str) -> bool:
    """Of the API, or of a dialect of it that other programs speak."""
    first = path.partition("/")[2].partition("/")[0]
    return first in ("api", "v1", xtts_server.ROOT, *xtts_server.CALLS) or path == "/health"


def error_response(
    code: ErrorCode, message: str, field: str | None = None, scope: Scope | None = None
) -> JsonResponse:
    """`field` is for a code that may stand beside any field; else the code knows its own."""
    error = {"code": code, "message": message, "field": field or code.field}
    response = JsonResponse({"error": error}, status=code.status)
    set_retry_after(response, code.retry_after_seconds)
    if code in CHALLENGES:
        response["WWW-Authenticate"] = CHALLENGES[code] + (f', scope="{scope}"' if scope else "")
    return response


CHALLENGES = {
    ErrorCode.LOGIN_REQUIRED: 'Bearer realm="api"',
    ErrorCode.KEY_INVALID: 'Bearer realm="api", error="invalid_token"',
    ErrorCode.SCOPE_MISSING: 'Bearer realm="api", error="insufficient_scope"',
}
"""As RFC 6750 has them."""


def set_retry_after(response: HttpResponseBase, seconds: int | None) -> None:
    if seconds:
        response["Retry-After"] = str(seconds)


def set_rate_limit(response: HttpResponseBase, standings: Sequence[Standing]) -> None:
    """As draft-ietf-httpapi-ratelimit-headers has them: what may be done, and what is left of it."""
    if not standings:
        return
    policies, limits = [], []
    for each in standings:
        allowance = each.allowance
        name = f'"{allowance.kind}-{allowance.quantity}"'
        unit = "" if allowance.quantity is Quantity.REQUESTS else f';qu="{allowance.quantity}"'
        policies.append(f"{name};q={allowance.most}{unit};w={WINDOW_SECONDS[allowance.quantity]}")
        limits.append(f"{name};r={each.left};t={allowance.seconds_left}")
    response["RateLimit-Policy"] = ", ".join(policies)
    response["RateLimit"] = ", ".join(limits)


ANYBODY = None
"""In place of a scope: the call may be made by who has no account, too, and knows nobody."""

View = Callable[..., HttpResponseBase]
Respond = Callable[..., JsonResponse]
"""Makes an error an answer; called as `error_response`, which is the API's own, is. Other dialects have others."""


def api_view(**scopes: Scope | None) -> Callable[[View], View]:
    """By method, what a key has to be good for; HEAD is as GET. Makes every way a call can fail a JSON error.

    Django's CSRF check is left out: `identify_caller` does it where a cookie says who asks.
    """
    return call_view(error_response, scopes)


def call_view(respond: Respond, scopes: dict[str, Scope | None]) -> Callable[[View], View]:
    """As `api_view`, in the words of `respond`."""
    if "GET" in scopes:
        scopes["HEAD"] = scopes["GET"]

    def decorate(view: View) -> View:
        @csrf_exempt
        @functools.wraps(view)
        def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            if request.method not in scopes:
                response = respond(ErrorCode.METHOD_NOT_ALLOWED, f"Use {' or '.join(scopes)} here.")
                response["Allow"] = HttpResponseNotAllowed(scopes)["Allow"]
                return response
            scope = scopes[request.method]
            try:
                admit(request, scope)
            except GenerationError as error:
                return respond(error.code, str(error), scope=scope)
            except Exception as error:
                return respond_to_error(request, error, respond)
            with acting(Actor(request.user, api_key_of(request), client_address(request))):
                answer = answer_counted if scope else answer_call
                return answer(request, view, respond=respond, **kwargs)

        wrapped.scopes = scopes  # type: ignore[attr-defined]  # a test compares them with its table
        return wrapped

    return decorate


def admit(request: HttpRequest, scope: Scope | None) -> None:
    """Raises GenerationError where the caller may not call this."""
    if scope is None:
        request.user = AnonymousUser()
    else:
        identify_caller(request)
    if api_key_of(request) is None:  # who sends one is no page that uses a visitor's browser
        refuse_foreign_origin(request)
    if scope:
        require_permission(request, scope)


def answer_counted(request: HttpRequest, view: View, *, respond: Respond, **kwargs: Any) -> HttpResponseBase:
    try:
        standings = count_request()
    except Exception as error:
        return respond_to_error(request, error, respond)
    response = answer_call(request, view, respond=respond, **kwargs)
    if "RateLimit" not in response:
        set_rate_limit(response, standings)
    return response


def answer_call(
    request: HttpRequest, view: View, *args: Any, respond: Respond = error_response, **kwargs: Any
) -> HttpResponseBase:
    try:
        return view(request, *args, **kwargs)
    except Exception as error:
        return respond_to_error(request, error, respond)


def respond_to_error(
    request: HttpRequest, error: Exception, respond: Respond = error_response
) -> JsonResponse:
    """What a view raised, as the API's answer."""
    if (known := explain_error(error)) is None:
        logger.error("%s %s", request.method, request.path, exc_info=error)
        known = GenerationError(
            ErrorCode.INTERNAL_ERROR, "Something went wrong on the server; its log says what."
        )
    elif known is not error and known.code.status >= 500:
        logger.warning("%s %s: %s: %s", request.method, request.path, known.code, error)
    response = respond(known.code, str(known), known.field)
    set_retry_after(response, known.retry_after_seconds)
    if isinstance(known, LimitError) and known.standing:
        set_rate_limit(response, [known.standing])
    return response


def explain_error(error: Exception) -> GenerationError | None:
    match error:
        case GenerationError():
            return error
        case Http404():
            return GenerationError(ErrorCode.NOT_FOUND, "There is nothing here, or not any more.")
        case RequestDataTooBig():
            return GenerationError(ErrorCode.REQUEST_TOO_LARGE, "The fields of the form are too large.")
        case MultiPartParserError() | BadRequest() | SuspiciousOperation() | UnreadablePostError():
            return GenerationError(ErrorCode.REQUEST_UNREADABLE, "The request body can't be read.")
    return explain_unavailable(error)


def read_json(request: HttpRequest) -> dict[str, Any]:
    """The members of the body's object; none where there is no body. Raises GenerationError."""
    if not request.body:
        return {}
    try:
        members = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise GenerationError(ErrorCode.REQUEST_UNREADABLE, "The request body is no JSON.") from error
    if not isinstance(members, dict):
        raise GenerationError(ErrorCode.REQUEST_UNREADABLE, "Send a JSON object.")
    return members


def refuse_foreign_origin(request: HttpRequest) -> None:
    """Keeps other web sites, open in the same browser, from using a server in their visitor's place.

    A form post needs no CORS permission. Browsers send Origin with it or, some old ones, only Sec-Fetch-Site; scripts
    send neither.
    """
    if request.method in SAFE_METHODS:
        return
    if "Origin" in request.headers:
        is_foreign = request.headers["Origin"] not in (own_origin(request), *settings.CORS_ALLOWED_ORIGINS)
    else:
        is_foreign = request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
    if is_foreign:
        raise GenerationError(
            ErrorCode.ORIGIN_NOT_ALLOWED, "Pages of this origin may not use the API; see CORS_ORIGINS."
        )


def require_trusted_origin(request: HttpRequest) -> None:
    """For what reaches the generations of others: a page elsewhere may only with a key, or where the operator has
    named its origin.
    """
    if api_key_of(request):
        return
    if request.headers.get("Origin") not in (None, own_origin(request), *settings.TRUSTED_ORIGINS):
        raise GenerationError(
            ErrorCode.ORIGIN_NOT_ALLOWED,
            "Pages of this origin may only generate unless CORS_ORIGINS names it.",
        )


def own_origin(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"
