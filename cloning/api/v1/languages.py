"""GET /api/v1/languages"""

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from cloning.api.http import ANYBODY, api_view
from cloning.api.serializers import ALL_LANGUAGES


@api_view(GET=ANYBODY)
def languages(request: HttpRequest) -> HttpResponseBase:
    return JsonResponse(ALL_LANGUAGES.serialize(None, request))
