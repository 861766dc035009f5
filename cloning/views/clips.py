"""What the coach says of a clip before it is sent for good."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from cloning.accounts.checks import require_patience
from cloning.api.http import set_retry_after
from cloning.errors import GenerationError
from cloning.forms import CheckForm, form_errors
from cloning.forms.messages import in_page_language
from cloning.templatetags.coach import Coached
from cloning.views.context import HtmxHttpRequest


@require_POST
def check(request: HtmxHttpRequest) -> HttpResponse:
    """A partial, which `coach.js` asks for when a clip is chosen."""
    try:
        require_patience(request)
        form = CheckForm(request.POST, request.FILES, user=request.user)
        is_valid = form.is_valid()
    except GenerationError as error:
        response = refuse(request, in_page_language(str(error)), error.code.status)
        set_retry_after(response, error.retry_after_seconds)
        return response
    if not is_valid or form.report is None:
        fault = form_errors(form)[0]
        return refuse(request, fault.message, fault.code.status)
    return render(request, "cloning/_coach.html", {"coached": Coached(form.report), "key": uuid.uuid4()})


def refuse(request: HtmxHttpRequest, message: str, status: int) -> HttpResponse:
    return render(request, "cloning/_coach.html", {"message": message}, status=status)
