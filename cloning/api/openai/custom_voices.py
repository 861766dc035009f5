"""/v1/audio/voices: the voices that there are, and custom ones as OpenAI's client makes and deletes them.

Source: the package `openai`, `resources/audio/voices.py`.
"""

import uuid

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.datastructures import MultiValueDict

from cloning.api.http import call_view, read_json, require_trusted_origin
from cloning.api.idempotency import idempotent
from cloning.api.openai.consents import find
from cloning.api.openai.errors import respond, respond_to_invalid
from cloning.api.openai.listings import listing
from cloning.api.openai.voice_listing import describe_saved, list_voices
from cloning.api.v1.generate import require_multipart
from cloning.errors import ErrorCode, GenerationError
from cloning.forms import NewVoiceForm
from cloning.jobs import voices as changes
from cloning.jobs.cleanup import delete_voice
from cloning.models import (
    MAX_AGREEMENT_NOTE_CHARS,
    STATED_FOR_ONCE,
    Agreement,
    Channel,
    Scope,
    Voice,
    VoiceConsent,
)
from cloning.text import resolve_language

SAMPLE = "audio_sample"
NO = ("", "0", "false", "no", "off", "none", "null")
"""Of an attestation: it is none."""


def answer_again(request: HttpRequest, pk: str) -> HttpResponseBase:
    """With the voice that was made when this was sent first."""
    require_trusted_origin(request)
    return JsonResponse(describe_saved(request, find_own(request, pk)))


@listing(POST=Scope.VOICES)
@idempotent(answer_again)
def voices(request: HttpRequest) -> HttpResponseBase:
    """GET: those of the account, what others share, the engine's own, and the names that OpenAI has."""
    if request.method == "POST":
        return create(request)
    listed = list_voices(request)
    return JsonResponse({"object": "list", "has_more": False, "data": listed, "voices": listed})


def create(request: HttpRequest) -> HttpResponseBase:
    """A voice of a sample, which stands on a consent of the same owner, or on what is stated in its place."""
    require_sample(request)
    require_multipart(request)
    fields = {"name": request.POST.get("name", ""), **read_agreement(request)}
    clips = MultiValueDict({"reference": request.FILES.getlist(SAMPLE)})
    form = NewVoiceForm(fields, clips, user=request.user)
    if not form.is_valid():
        return respond_to_invalid(form, reference=SAMPLE, statement="consent")
    changes.create(form.instance, form.uploads, Channel.API, form.new_statement)
    return JsonResponse(describe_saved(request, form.instance))


def read_agreement(request: HttpRequest) -> dict[str, str]:
    """As fields of our form. `consent` is the id of a kept consent, or a word of ours.

    In its place CrispASR's clients send `consent_attestation`: that whoever sends the clips may. `marking_attestation`
    goes with it there, by which the mark is left out; nothing here does that. Raises GenerationError.
    """
    asked = request.POST.get("consent", "")
    if asked in STATED_FOR_ONCE:
        return {"consent": asked}
    if consent := find(asked, VoiceConsent.objects.owned_by(request.user)):
        spoken = find_spoken(consent.language)
        return {"consent": Agreement.RECORDED, "statement_id": str(consent.pk), "language": spoken}
    attested = " ".join(request.POST.get("consent_attestation", "").split())
    if not asked and attested.casefold() not in NO:
        own = attested.casefold() == Agreement.OWN
        note = f"consent_attestation: {attested}"[:MAX_AGREEMENT_NOTE_CHARS]
        return {"consent": Agreement.OWN if own else Agreement.WRITTEN, "consent_note": note}
    message = (
        "Send as “consent” the id of a consent of yours, which POST /v1/audio/voice_consents keeps, or own, written or "
        "public_domain."
    )
    raise GenerationError(ErrorCode.CONSENT_REQUIRED, message)


def require_sample(request: HttpRequest) -> None:
    """That it is not to be made of a description. Raises GenerationError."""
    is_json = request.content_type == "application/json"
    kind = read_json(request).get("type", SAMPLE) if is_json else request.POST.get("type", SAMPLE)
    if kind != SAMPLE:
        message = f"Voices are made of a sample here, not of a description: send “{SAMPLE}”."
        raise GenerationError(ErrorCode.PROMPT_UNSUPPORTED, message)


def find_spoken(tag: str) -> str:
    """The language of the voice, by that of the consent; none where it is not spoken here."""
    try:
        return resolve_language(tag)
    except ValueError:
        return ""


@call_view(respond, {"DELETE": Scope.VOICES})
def voice(request: HttpRequest, identifier: str) -> HttpResponseBase:
    """For good, with all that was derived from it. Its consent stays."""
    require_trusted_origin(request)
    delete_voice(find_own(request, identifier).pk)
    return JsonResponse({"id": identifier, "deleted": True, "object": "audio.voice.deleted"})


def find_own(request: HttpRequest, identifier: str) -> Voice:
    """Raises GenerationError."""
    try:
        found = Voice.objects.kept().owned_by(request.user).filter(pk=uuid.UUID(identifier)).first()
    except ValueError:
        found = None
    if found is None:
        raise GenerationError(ErrorCode.VOICE_GONE, "There is no such voice; it may have been deleted.")
    return found
