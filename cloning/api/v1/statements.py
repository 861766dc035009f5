"""GET /api/v1/statements: what somebody reads aloud who agrees to be cloned, in each language that there is."""

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from cloning.api.http import ANYBODY, api_view
from cloning.api.voice_serializers import STATEMENT_SCRIPTS
from cloning.text.statements import SCRIPTS


@api_view(GET=ANYBODY)
def statements(request: HttpRequest) -> HttpResponseBase:
    return JsonResponse(STATEMENT_SCRIPTS.serialize(list(SCRIPTS.values()), request))
