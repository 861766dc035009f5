"""GET /api/v1/languages"""

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from cloning.api.http import api_view
from cloning.api.serializers import ALL_LANGUAGES


@api_view("GET", "HEAD")
def languages(request: HttpRequest) -> HttpResponseBase:
    return JsonResponse(ALL_LANGUAGES.serialize(None, request))
