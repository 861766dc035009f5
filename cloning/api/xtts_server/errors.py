"""Errors as xtts-api-server answers with them, and views that do."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from cloning.api.http import CHALLENGES, View, call_view, set_retry_after
from cloning.errors import ErrorCode
from cloning.models import Scope


def respond(
    code: ErrorCode, message: str, field: str | None = None, scope: Scope | None = None
) -> JsonResponse:
    """Called as `cloning.api.http.error_response` is. There are no codes there: the sentence has to say it."""
    response = JsonResponse({"detail": message}, status=400 if code.status in (415, 422) else code.status)
    set_retry_after(response, code.retry_after_seconds)
    if code in CHALLENGES:
        response["WWW-Authenticate"] = CHALLENGES[code]
    return response


def xtts_view(**scopes: Scope | None) -> Callable[[View], View]:
    """As `cloning.api.http.api_view`, with the errors of this dialect."""
    return call_view(respond, scopes)


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponseBase:
    return respond(ErrorCode.NOT_FOUND, f"There is no {request.method} {request.path} here.")
