"""/v1/audio/voice_consents: recorded consents, as OpenAI's client sends and reads them.

Source: the package `openai`, `resources/audio/voice_consents.py`.
"""

import re
import uuid
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from cloning.api.http import call_view, read_json, read_member, require_trusted_origin
from cloning.api.idempotency import idempotent
from cloning.api.openai.errors import respond, respond_to_invalid
from cloning.api.v1.generate import require_multipart
from cloning.errors import ErrorCode, GenerationError
from cloning.forms import ConsentForm, ConsentNameForm
from cloning.jobs import consents as changes
from cloning.models import Scope, VoiceConsent

OBJECT = "audio.voice_consent"
PREFIX = "cons_"
IDENTIFIER = re.compile(rf"{PREFIX}([0-9a-f]{{32}})")
LIMITS = (1, 100)
DEFAULT_LIMIT = 20


def answer_again(request: HttpRequest, pk: str) -> HttpResponseBase:
    """With the consent that was kept when this was sent first."""
    require_trusted_origin(request)
    return JsonResponse(describe(find_own(request, PREFIX + uuid.UUID(pk).hex)))


@call_view(respond, {"GET": Scope.READ, "POST": Scope.VOICES})
@idempotent(answer_again)
def consents(request: HttpRequest) -> HttpResponseBase:
    require_trusted_origin(request)
    return create(request) if request.method == "POST" else list_consents(request)


def create(request: HttpRequest) -> HttpResponseBase:
    require_multipart(request)
    form = ConsentForm(request.POST, request.FILES, user=request.user)
    if not form.is_valid() or form.recording_upload is None:
        return respond_to_invalid(form)
    changes.create(form.instance, form.recording_upload)
    return JsonResponse(describe(form.instance))


def list_consents(request: HttpRequest) -> HttpResponseBase:
    """The newest first. `after` is the id of the last one of the page before."""
    limit = read_limit(request.GET.get("limit", str(DEFAULT_LIMIT)))
    found = VoiceConsent.objects.owned_by(request.user)
    if after := request.GET.get("after"):
        last = find(after, found)
        if last is None:
            raise GenerationError(ErrorCode.OUT_OF_RANGE, "There is no such consent.", field="after")
        is_older = Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk)
        found = found.filter(is_older)
    rows = list(found[: limit + 1])
    listed = [describe(row) for row in rows[:limit]]
    ends = {"first_id": listed[0]["id"], "last_id": listed[-1]["id"]} if listed else {}
    answer = {"object": "list", "data": listed, "first_id": None, "last_id": None, **ends}
    return JsonResponse({**answer, "has_more": len(rows) > limit})


def read_limit(value: str) -> int:
    number = int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else 0
    if not LIMITS[0] <= number <= LIMITS[1]:
        message = f"“limit” has to be a number from {LIMITS[0]} to {LIMITS[1]}."
        raise GenerationError(ErrorCode.OUT_OF_RANGE, message, field="limit")
    return number


@call_view(respond, {"GET": Scope.READ, "POST": Scope.VOICES, "DELETE": Scope.VOICES})
def consent(request: HttpRequest, identifier: str) -> HttpResponseBase:
    """POST gives it another name."""
    require_trusted_origin(request)
    found = find_own(request, identifier)
    if request.method == "DELETE":
        changes.delete(found)
        return JsonResponse({"id": identifier, "deleted": True, "object": OBJECT})
    if request.method == "POST":
        named = {"name": read_member(read_json(request), "name", str)}
        form = ConsentNameForm(named, instance=found, user=request.user)
        if not form.is_valid():
            return respond_to_invalid(form)
        changes.rename(form.instance)
    return JsonResponse(describe(found))


def find_own(request: HttpRequest, identifier: str) -> VoiceConsent:
    """Raises GenerationError."""
    if found := find(identifier, VoiceConsent.objects.owned_by(request.user)):
        return found
    raise GenerationError(ErrorCode.CONSENT_UNKNOWN, changes.UNKNOWN)


def find(identifier: str, consents: QuerySet[VoiceConsent]) -> VoiceConsent | None:
    match = IDENTIFIER.fullmatch(identifier)
    return consents.filter(pk=uuid.UUID(match[1])).first() if match else None


def describe(consent: VoiceConsent) -> dict[str, Any]:
    return {
        "id": PREFIX + consent.pk.hex,
        "object": OBJECT,
        "created_at": int(consent.created_at.timestamp()),
        "name": consent.name,
        "language": consent.language,
    }
