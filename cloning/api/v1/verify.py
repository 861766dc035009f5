"""/api/v1/verify"""

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from cloning.accounts.checks import require_patience
from cloning.api.http import ANYBODY, api_view
from cloning.api.v1.generate import require_multipart, respond_to_invalid
from cloning.api.verify_serializers import VERIFICATION
from cloning.forms import VerifyForm


@api_view(POST=ANYBODY)
def verify(request: HttpRequest) -> HttpResponseBase:
    require_patience(request)
    require_multipart(request)
    form = VerifyForm(request.POST, request.FILES)
    if not form.is_valid() or form.verification is None:
        return respond_to_invalid(form)
    return JsonResponse(VERIFICATION.serialize(form.verification, request))
