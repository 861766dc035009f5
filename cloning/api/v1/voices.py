"""/api/v1/voices: voices and their clips, and voices as files."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import EmptyPage, PageNotAnInteger, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse

from cloning.api.http import api_view, read_json, read_member, require_trusted_origin
from cloning.api.idempotency import idempotent
from cloning.api.v1.generate import require_multipart, respond_to_invalid
from cloning.api.voice_serializers import VOICE, VOICES, VoicesPage, list_saved, list_stock
from cloning.errors import ErrorCode, GenerationError
from cloning.forms import ClipsForm, ImportForm, NewVoiceForm, TrimForm, VoiceDetailsForm
from cloning.jobs import voices as changes
from cloning.jobs.audit import record
from cloning.jobs.cleanup import delete_voice
from cloning.jobs.voices import find_stock_voices
from cloning.models import Channel, Deed, Reference, Scope, Voice
from cloning.storage.responses import archive_response, clip_response

PAGE_SIZE = 50
DETAILS = ("name", "language", "notes", "consent", "speaker", "consent_note")
"""That are texts, by their names in `VoiceDetailsForm`."""


def answer_again(request: HttpRequest, pk: str) -> HttpResponseBase:
    """With the voice that was made when this was sent first."""
    require_trusted_origin(request)
    return respond(request, uuid.UUID(pk), status=201)


@api_view(GET=Scope.READ, POST=Scope.VOICES)
@idempotent(answer_again)
def voices(request: HttpRequest) -> HttpResponseBase:
    require_trusted_origin(request)
    return create(request) if request.method == "POST" else list_voices(request)


def list_voices(request: HttpRequest) -> HttpResponseBase:
    """By name; the stock voices come last."""
    query, language = (request.GET.get(name, "").replace("\0", "") for name in ("q", "language"))
    voices = Voice.objects.kept().visible_to(request.user).named_like(query).in_language(language)
    found = voices.with_last_use(request.user).with_clips()
    try:
        page = Paginator(found, PAGE_SIZE).page(request.GET.get("page", "1"))
    except (EmptyPage, PageNotAnInteger) as error:
        raise GenerationError(ErrorCode.PAGE_UNKNOWN, "There is no such page.") from error
    listed = [list_saved(voice, request.user) for voice in page.object_list]
    next_url = None
    if page.has_next():
        parameters = {"q": query, "language": language, "page": page.next_page_number()}
        next_url = f"{reverse('api-voices')}?{urlencode(parameters)}"
    else:
        listed += map(list_stock, find_stock_voices(query, language))
    return JsonResponse(VOICES.serialize(VoicesPage(listed, next_url), request))


def create(request: HttpRequest) -> HttpResponseBase:
    require_multipart(request)
    form = NewVoiceForm(request.POST, request.FILES, user=request.user)
    if not form.is_valid():
        return respond_to_invalid(form)
    changes.create(form.instance, form.uploads, Channel.API, form.new_statement)
    return respond(request, form.instance.pk, status=201)


@api_view(GET=Scope.READ, PATCH=Scope.VOICES, DELETE=Scope.VOICES)
def voice(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    require_trusted_origin(request)
    if request.method not in ("DELETE", "PATCH"):
        return respond(request, pk)
    found = fetch_own(request, pk)
    if request.method == "DELETE":
        delete_voice(found.pk)
        return HttpResponse(status=204)
    members = read_json(request)
    known = {**VoiceDetailsForm(instance=found).initial, "is_shared": found.is_shared}
    given = {name: read_member(members, name, str) for name in DETAILS} | {"is_shared": read_shared(members)}
    data = {name: known[name] if value is None else value for name, value in given.items()}
    data["statement_id"] = read_member(members, "statement_id", str)
    form = VoiceDetailsForm(data, instance=found)
    if not form.is_valid():
        return respond_to_invalid(form)
    changes.save_details(form.instance, Channel.API, form.new_statement)
    return respond(request, pk)


def read_shared(members: dict[str, Any]) -> bool | None:
    value = members.get("is_shared")
    if value is not None and not isinstance(value, bool):
        raise GenerationError(ErrorCode.REQUEST_UNREADABLE, "“is_shared” has to be true or false.")
    return value


@api_view(POST=Scope.VOICES)
def references(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    require_trusted_origin(request)
    found = fetch_own(request, pk)
    require_multipart(request)
    form = ClipsForm(request.POST, request.FILES, user=request.user)
    if not form.is_valid():
        return respond_to_invalid(form)
    changes.add_references(found, form.uploads, Channel.API)
    return respond(request, pk, status=201)


@api_view(GET=Scope.READ, PATCH=Scope.VOICES, DELETE=Scope.VOICES)
def reference(request: HttpRequest, pk: uuid.UUID, reference_pk: uuid.UUID) -> HttpResponseBase:
    require_trusted_origin(request)
    found = fetch_own(request, pk)
    if request.method == "DELETE":
        changes.remove_reference(found, reference_pk, Channel.API)
        return respond(request, pk)
    if request.method == "PATCH":
        return trim(request, found, reference_pk)
    try:
        return clip_response(request, found.references.get(pk=reference_pk))
    except Reference.DoesNotExist as error:
        raise GenerationError(ErrorCode.REFERENCE_UNKNOWN, "This voice has no such clip.") from error


def trim(request: HttpRequest, found: Voice, reference_pk: uuid.UUID) -> HttpResponseBase:
    members = read_json(request)
    given = {name: read_member(members, name, int, float) for name in ("start_seconds", "end_seconds")}
    ends = {name: "" if number is None else str(number) for name, number in given.items()}
    duration_seconds = changes.find_reference(found, reference_pk).duration_seconds
    form = TrimForm(ends, duration_seconds=duration_seconds)
    if not form.is_valid():
        return respond_to_invalid(form)
    changes.trim_reference(found, reference_pk, form.ends, Channel.API)
    return respond(request, found.pk)


@api_view(GET=Scope.VOICES)
def export(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    require_trusted_origin(request)
    found = fetch_own(request, pk)
    record(Deed.EXPORTED, found)
    return archive_response(found)


@api_view(POST=Scope.VOICES)
def import_voice(request: HttpRequest) -> HttpResponseBase:
    require_trusted_origin(request)
    require_multipart(request)
    with ImportForm(request.POST, request.FILES, user=request.user) as form:
        if not form.is_valid() or form.imported is None:
            return respond_to_invalid(form)
        changes.create(form.imported.voice, form.imported.uploads, Channel.API)
        return respond(request, form.imported.voice.pk, status=201)


def respond(request: HttpRequest, pk: uuid.UUID, status: int = 200) -> HttpResponseBase:
    """The voice as it stands now."""
    visible = Voice.objects.kept().visible_to(request.user)
    found = fetch_voice(pk, visible.with_last_use(request.user).with_clips())
    return JsonResponse(VOICE.serialize(list_saved(found, request.user), request), status=status)


def fetch_own(request: HttpRequest, pk: uuid.UUID) -> Voice:
    """To be changed, and with its clips."""
    return fetch_voice(pk, Voice.objects.kept().owned_by(request.user))


def fetch_voice(pk: uuid.UUID, voices: QuerySet[Voice]) -> Voice:
    try:
        return voices.get(pk=pk)
    except Voice.DoesNotExist as error:
        raise GenerationError(
            ErrorCode.VOICE_GONE, "There is no such voice; it may have been deleted."
        ) from error
