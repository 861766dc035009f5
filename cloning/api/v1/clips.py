"""/api/v1/clips/check"""

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from cloning.accounts.checks import require_patience
from cloning.api.clip_serializers import CLIP_CHECK
from cloning.api.http import api_view
from cloning.api.v1.generate import require_multipart, respond_to_invalid
from cloning.forms import CheckForm
from cloning.models import Scope


@api_view(POST=Scope.SPEAK)
def check(request: HttpRequest) -> HttpResponseBase:
    require_patience(request)
    require_multipart(request)
    form = CheckForm(request.POST, request.FILES, user=request.user)
    if not form.is_valid() or form.report is None:
        return respond_to_invalid(form)
    return JsonResponse(CLIP_CHECK.serialize(form.report, request))
