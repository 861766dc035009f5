"""GET /api/v1/languages"""

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from cloning import text
from cloning.api.http import api_view


@api_view("GET", "HEAD")
def languages(request: HttpRequest) -> HttpResponseBase:
    return JsonResponse({"results": [{"code": code, "name": name} for code, name in text.LANGUAGES.items()]})
