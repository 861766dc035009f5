"""The page of the account of who is signed in. Each of its sections is a template of its own."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from cloning.accounts.forms import EmailForm
from cloning.accounts.sign_in import mark_refused
from cloning.views.context import HtmxHttpRequest, account_of


@never_cache
@require_safe
def account(request: HtmxHttpRequest) -> HttpResponse:
    return render_account(request, account_of(request))


@sensitive_post_parameters()
@require_POST
def change_email(request: HtmxHttpRequest) -> HttpResponse:
    user = account_of(request)
    form = EmailForm(user, request.POST, auto_id="email_%s")
    if not form.is_valid():
        return marked(render_account(request, user, email_form=form), form)
    user.email = form.cleaned_data["email"]
    user.save(update_fields=["email"])
    messages.success(request, _("The e-mail address is changed."))
    return redirect("account")


def marked(response: HttpResponse, form: Any) -> HttpResponse:
    """With the status that fits what is wrong in the form."""
    response.status_code = 422
    if form.wait_seconds:
        mark_refused(response, form.wait_seconds)
    return response


def render_account(request: HtmxHttpRequest, user: User, **context: Any) -> HttpResponse:
    if settings.SENDS_MAIL:
        context.setdefault("email_form", EmailForm(user, initial={"email": user.email}, auto_id="email_%s"))
    return render(request, "cloning/account/account.html", context)
