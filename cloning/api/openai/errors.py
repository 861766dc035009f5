"""Errors in the shape that OpenAI's client reads, and with the statuses after which it tries again."""

from django.forms import BaseForm
from django.http import JsonResponse

from cloning.api.http import CHALLENGES, set_retry_after
from cloning.errors import ErrorCode
from cloning.forms import form_errors
from cloning.models import Scope

FIELDS = {
    "text": "input",
    "format": "response_format",
    "reference": "voice",
    "cast": "input",
    "statement": "consent",
}
"""Fields of ours by their names there; the others are called the same."""

CODES = {
    ErrorCode.VOICE_UNKNOWN: "voice_not_found",
    ErrorCode.LOGIN_REQUIRED: "invalid_api_key",
    ErrorCode.KEY_INVALID: "invalid_api_key",
    ErrorCode.NOT_FOUND: "not_found",
}

TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def respond(
    code: ErrorCode, message: str, field: str | None = None, scope: Scope | None = None
) -> JsonResponse:
    """Called as `cloning.api.http.error_response` is."""
    status = find_status(code)
    error = {
        "message": message,
        "type": TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error"),
        "param": FIELDS.get(field or code.field or "", field or code.field),
        "code": CODES.get(code, str(code)),
    }
    response = JsonResponse({"error": error}, status=status)
    set_retry_after(response, code.retry_after_seconds)
    if code in CHALLENGES:
        response["WWW-Authenticate"] = CHALLENGES[code]
    if status in (409, 500) and not code.retry_after_seconds:
        # Of all that fails the client tries twice more; this would fail again.
        response["X-Should-Retry"] = "false"
    return response


def respond_to_invalid(form: BaseForm, **names: str) -> JsonResponse:
    """By the first that is wrong. `names` are fields of the form by what the call has them called."""
    error = form_errors(form)[0]
    return respond(error.code, error.message, names.get(error.field, error.field))


def find_status(code: ErrorCode) -> int:
    """A wrong field is 400 there, and a full queue 429: not that the server is down, but that it has enough to do."""
    if code == ErrorCode.QUEUE_FULL:
        return 429
    return 400 if code.status in (413, 415, 422) else code.status
