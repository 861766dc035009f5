"""/api/v1/pronunciations: how words are to be read."""

import uuid
from urllib.parse import urlencode

from django.core.paginator import EmptyPage, PageNotAnInteger, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse

from cloning.api.http import api_view, read_json, read_member, require_trusted_origin
from cloning.api.pronunciation_serializers import PRONUNCIATION, PRONUNCIATIONS, PronunciationsPage
from cloning.api.v1.generate import respond_to_invalid
from cloning.errors import ErrorCode, GenerationError
from cloning.forms.pronunciations import PronunciationForm
from cloning.jobs import pronunciations as changes
from cloning.models import Pronunciation, Scope

PAGE_SIZE = 100
MEMBERS = ("language", "word", "spelling")


@api_view(GET=Scope.READ, POST=Scope.VOICES)
def pronunciations(request: HttpRequest) -> HttpResponseBase:
    require_trusted_origin(request)
    if request.method == "POST":
        return save(request, Pronunciation(), status=201)
    language = request.GET.get("language", "").replace("\0", "")
    found = Pronunciation.objects.owned_by(request.user).order_by("language", "word_key")
    try:
        page = Paginator(found.filter(language=language) if language else found, PAGE_SIZE).page(
            request.GET.get("page", "1")
        )
    except (EmptyPage, PageNotAnInteger) as error:
        raise GenerationError(ErrorCode.PAGE_UNKNOWN, "There is no such page.") from error
    next_url = None
    if page.has_next():
        parameters = {"language": language, "page": page.next_page_number()}
        next_url = f"{reverse('api-pronunciations')}?{urlencode(parameters)}"
    answer = PronunciationsPage(list(page.object_list), next_url)
    return JsonResponse(PRONUNCIATIONS.serialize(answer, request))


@api_view(GET=Scope.READ, PATCH=Scope.VOICES, DELETE=Scope.VOICES)
def pronunciation(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    require_trusted_origin(request)
    found = Pronunciation.objects.owned_by(request.user).filter(pk=pk).first()
    if found is None:
        raise GenerationError(ErrorCode.PRONUNCIATION_UNKNOWN, "There is no such pronunciation.")
    if request.method == "DELETE":
        changes.delete(found)
        return HttpResponse(status=204)
    if request.method == "PATCH":
        return save(request, found)
    return JsonResponse(PRONUNCIATION.serialize(found, request))


def save(request: HttpRequest, instance: Pronunciation, *, status: int = 200) -> JsonResponse:
    """With the members of the body; what is left out stays."""
    members = read_json(request)
    given = {name: read_member(members, name, str) for name in MEMBERS}
    data = {name: getattr(instance, name) if given[name] is None else given[name] for name in MEMBERS}
    form = PronunciationForm(data, instance=instance, user=request.user)
    if not form.is_valid():
        return respond_to_invalid(form)
    changes.save(form.instance)
    return JsonResponse(PRONUNCIATION.serialize(form.instance, request), status=status)
