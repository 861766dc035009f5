"""POST /api/v1/voices/{id}/revoke and /api/v1/consents/{id}/revoke: what stands on a recording goes, for good."""

import uuid

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from cloning.api.http import api_view, require_trusted_origin
from cloning.api.openai.consents import find as find_consent
from cloning.api.revocation_serializers import REVOCATION
from cloning.api.v1.voices import fetch_voice
from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import revoking
from cloning.jobs.consents import UNKNOWN
from cloning.models import Scope, Voice, VoiceConsent


@api_view(POST=Scope.VOICES)
def revoke_voice(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    require_trusted_origin(request)
    found = fetch_voice(pk, Voice.objects.kept().owned_by(request.user))
    if (revoked := revoking.revoke(found, revoking.REQUEST_SECONDS)) is None:
        raise GenerationError(ErrorCode.VOICE_GONE, "This voice was revoked in this moment.")
    return JsonResponse(REVOCATION.serialize(revoked, request))


@api_view(POST=Scope.VOICES)
def revoke_consent(request: HttpRequest, identifier: str) -> HttpResponseBase:
    """With all voices that stand on it."""
    require_trusted_origin(request)
    found = find_consent(identifier, VoiceConsent.objects.owned_by(request.user))
    revoked = revoking.revoke_consent(found, revoking.REQUEST_SECONDS) if found else None
    if revoked is None:
        raise GenerationError(ErrorCode.CONSENT_UNKNOWN, UNKNOWN)
    return JsonResponse(REVOCATION.serialize(revoked, request))
