"""/api/v1/keys: the keys of who asks."""

import uuid

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from cloning.accounts.callers import api_key_of
from cloning.api.http import api_view, read_json, read_member, require_trusted_origin
from cloning.api.key_serializers import KEYS, MADE_KEY, MadeKey
from cloning.api.v1.generate import respond_to_invalid
from cloning.errors import ErrorCode, GenerationError
from cloning.forms.keys import KeyForm
from cloning.jobs import keys as changes
from cloning.models import ApiKey, Scope


@api_view(GET=Scope.ADMIN, POST=Scope.ADMIN)
def keys(request: HttpRequest) -> HttpResponseBase:
    require_trusted_origin(request)
    owner = account_of(request)
    if request.method == "POST":
        return make(request, owner)
    return JsonResponse(KEYS.serialize(list(ApiKey.objects.kept().filter(owner=owner)), request))


def make(request: HttpRequest, owner: User) -> HttpResponseBase:
    members = read_json(request)
    scopes = members.get("scopes")
    if not isinstance(scopes, list) or not all(isinstance(each, str) for each in scopes):
        raise GenerationError(ErrorCode.SCOPES_INVALID, "“scopes” has to be a list of strings.")
    form = KeyForm(
        {
            "name": read_member(members, "name", str),
            "scopes": scopes,
            "expires_in_days": read_member(members, "expires_in_days", int),
        }
    )
    if not form.is_valid():
        return respond_to_invalid(form)
    key, secret = changes.make(owner, **form.cleaned_data, maker=api_key_of(request))
    response = JsonResponse(MADE_KEY.serialize(MadeKey(key, secret), request), status=201)
    response["Cache-Control"] = "no-store"
    return response


@api_view(DELETE=Scope.ADMIN)
def key(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    require_trusted_origin(request)
    if not changes.revoke(account_of(request), pk):
        raise GenerationError(ErrorCode.KEY_UNKNOWN, "You have no such key, or not any more.")
    return HttpResponse(status=204)


def account_of(request: HttpRequest) -> User:
    """Raises GenerationError where there are none."""
    if not settings.REQUIRE_LOGIN or not isinstance(request.user, User):
        raise GenerationError(
            ErrorCode.NOT_FOUND, "This server has no accounts, hence no keys (REQUIRE_LOGIN)."
        )
    return request.user
