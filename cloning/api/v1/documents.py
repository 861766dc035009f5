"""GET /api/v1/openapi.json, and what is not there."""

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from cloning.api import openapi
from cloning.api.http import ANYBODY, api_view, error_response
from cloning.errors import ErrorCode


@api_view(GET=ANYBODY)
def openapi_document(request: HttpRequest) -> HttpResponseBase:
    return JsonResponse(openapi.document())


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponseBase:
    return error_response(ErrorCode.NOT_FOUND, "There is nothing at this address of the API.")
