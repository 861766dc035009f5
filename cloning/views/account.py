"""The page of the account of who is signed in. Each of its sections is a template of its own."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cloning.accounts import personal_data
from cloning.accounts.forms import EmailForm, PasswordAskedForm
from cloning.accounts.sign_in import mark_refused
from cloning.api.archives import places, send_archive
from cloning.jobs import departures
from cloning.jobs.audit import record
from cloning.models import Deed
from cloning.views import archives
from cloning.views.context import HtmxHttpRequest, account_of

MAX_DELETING_SECONDS = 10.0
"""In which who deletes an account sees it gone, where it is not very much."""


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


@require_POST
def export(request: HtmxHttpRequest) -> HttpResponseBase:
    """All that is theirs, or one part of it, streamed."""
    user = account_of(request)
    number = request.POST.get("part", "1")
    part = int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0
    if not 1 <= part <= (count := personal_data.count_parts(user)):
        raise Http404("There is no such part.")
    if not places.acquire(blocking=False):
        return archives.refuse_now(request)
    record(Deed.EXPORTED, about="all that is theirs")
    name = f"{user.get_username()}-{timezone.now():%Y-%m-%d}{f'-{part}' if count > 1 else ''}.zip"
    return send_archive(personal_data.list_entries(user, part), name)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HtmxHttpRequest) -> HttpResponse:
    """Says what goes; POST, with the password, deletes it. What takes longer, the sweep deletes."""
    user = account_of(request)
    form = PasswordAskedForm(user, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {"form": form, "goes": departures.count_belongings(user)}
        response = render(request, "cloning/account/delete.html", context)
        return marked(response, form) if request.method == "POST" else response
    departures.begin(user)
    logout(request)
    if departures.finish(user, MAX_DELETING_SECONDS):
        messages.success(request, _("The account is deleted, with everything that was in it."))
    else:
        messages.success(request, _("The account is closed. What was in it is being deleted."))
    return redirect("sign-in")


def marked(response: HttpResponse, form: Any) -> HttpResponse:
    """With the status that fits what is wrong in the form."""
    response.status_code = 422
    if form.wait_seconds:
        mark_refused(response, form.wait_seconds)
    return response


def render_account(request: HtmxHttpRequest, user: User, **context: Any) -> HttpResponse:
    if settings.SENDS_MAIL:
        context.setdefault("email_form", EmailForm(user, initial={"email": user.email}, auto_id="email_%s"))
    context["has_webhooks"] = settings.WEBHOOKS
    context["parts"] = range(1, personal_data.count_parts(user) + 1)
    return render(request, "cloning/account/account.html", context)
