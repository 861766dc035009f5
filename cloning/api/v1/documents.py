"""GET /api/v1/openapi.json, and what is not there."""

from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse

from cloning.api import openapi
from cloning.api.http import api_view


@api_view("GET", "HEAD")
def openapi_document(request: HttpRequest) -> HttpResponseBase:
    return JsonResponse(openapi.document())


@api_view("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
def unknown(request: HttpRequest, path: str) -> HttpResponseBase:
    raise Http404
