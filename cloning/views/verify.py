"""Whether audio was made here: for everybody, signed in or not."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from cloning.accounts.checks import require_patience
from cloning.api.http import set_retry_after
from cloning.errors import GenerationError
from cloning.forms import VerifyForm
from cloning.forms.messages import in_page_language


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "cloning/verify.html", {"form": VerifyForm()})
    form = VerifyForm(request.POST, request.FILES)
    try:
        require_patience(request)
        is_valid = form.is_valid()
    except GenerationError as error:
        context = {"form": VerifyForm(), "message": in_page_language(str(error))}
        response = render(request, "cloning/verify.html", context, status=error.code.status)
        set_retry_after(response, error.retry_after_seconds)
        return response
    context = {"form": form, "verification": form.verification if is_valid else None}
    return render(request, "cloning/verify.html", context, status=200 if is_valid else 422)
