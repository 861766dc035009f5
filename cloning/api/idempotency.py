"""`Idempotency-Key`, after draft-ietf-httpapi-idempotency-key-header: what is sent again is not done again (ADR 37)."""

import functools
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from cloning.errors import ErrorCode, GenerationError
from cloning.forms.clips import compute_sha256
from cloning.jobs import idempotency

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
MAX_KEY_CHARS = 255
CSRF_FIELD = "csrfmiddlewaretoken"

View = Callable[..., HttpResponseBase]


def idempotent(answer_again: View) -> Callable[[View], View]:
    """Of a view whose POST makes one row that it has `idempotency.complete` told of.

    `answer_again` is called with the request, the id of that row and the view's own arguments. Below `api_view`.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            if request.method != "POST" or HEADER not in request.headers:
                return view(request, **kwargs)
            claim = idempotency.claim(read_key(request), compute_fingerprint(request))
            if isinstance(claim, str):
                response = answer_again(request, claim, **kwargs)
                response[REPLAYED] = "true"
                return response
            with idempotency.claiming(claim):
                return view(request, **kwargs)

        return wrapped

    return decorate


def read_key(request: HttpRequest) -> str:
    """A string as the draft has it, in quotes, or as most clients send it, bare. Raises GenerationError."""
    sent = request.headers[HEADER].strip()
    quoted = re.fullmatch(r'"((?:[^"\\]|\\["\\])*)"', sent)
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else sent
    if not 1 <= len(key) <= MAX_KEY_CHARS or not key.isascii() or not key.isprintable():
        raise GenerationError(
            ErrorCode.IDEMPOTENCY_KEY_INVALID,
            f"An Idempotency-Key has 1 to {MAX_KEY_CHARS} printable characters of ASCII, as a UUID has.",
        )
    return key


def compute_fingerprint(request: HttpRequest) -> str:
    """Of what is asked, however it is written: boundaries and the order of fields and members make no difference."""
    if request.content_type == "multipart/form-data":
        fields = {name: values for name, values in request.POST.lists() if name != CSRF_FIELD}
        files = {
            name: [compute_sha256(file) for file in found]  # type: ignore[arg-type]  # of our own handler
            for name, found in request.FILES.lists()
        }
        body: Any = [fields, files]
    else:
        body = read_body(request)
    asked = json.dumps([request.method, request.get_full_path(), body], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


def read_body(request: HttpRequest) -> Any:
    if request.content_type == "application/json":
        try:
            members = json.loads(request.body)
            json.dumps(members, sort_keys=True)  # which the same depth may be too much for
        except (ValueError, RecursionError):
            pass
        else:
            return members
    return hashlib.sha256(request.body).hexdigest()
