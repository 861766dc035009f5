"""The API for people: what the OpenAPI document says, with examples."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cloning.api import openapi
from cloning.api.reference import arrange, common_answers, list_objects, read_answer
from cloning.api.serializers import absolute_url
from cloning.errors import ErrorCode
from cloning.models import Scope


@require_safe
def api(request: HttpRequest) -> HttpResponse:
    document = openapi.document()
    base_url = (absolute_url("/", request) or "").rstrip("/")
    context = {
        "info": document["info"],
        "groups": arrange(document, base_url),
        "base_url": base_url,
        "require_login": settings.REQUIRE_LOGIN,
        "scopes": list(Scope),
        "common": [read_answer(*each) for each in sorted(common_answers(document).items())],
        "objects": list_objects(document),
        "codes": sorted(ErrorCode, key=lambda code: (code.status, code)),
    }
    return render(request, "cloning/api.html", context)
