"""The page of one's API keys."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from cloning.forms.keys import KeyForm
from cloning.jobs import keys as changes
from cloning.models import ApiKey, Scope
from cloning.views.attempts import attempt, marked_invalid
from cloning.views.context import HtmxHttpRequest, account_of

INITIAL = {"scopes": [Scope.SPEAK, Scope.READ], "expires_in_days": 90}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HtmxHttpRequest) -> HttpResponse:
    """All of them. POST makes one, which stands in the answer to it and nowhere else."""
    owner = account_of(request)
    if request.method != "POST":
        return render_page(request, owner, form=KeyForm(initial=INITIAL))
    form = KeyForm(request.POST)
    if (made := attempt(form, lambda: changes.make(owner, **form.cleaned_data))) is None:
        return marked_invalid(render_page(request, owner, form=form), form)
    key, secret = made
    return render_page(request, owner, form=KeyForm(initial=INITIAL), made=key, secret=secret)


@require_POST
def revoke(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    if not changes.revoke(account_of(request), pk):
        raise Http404("There is no such key.")
    messages.success(request, _("The key is revoked. What calls with it is refused from now on."))
    return redirect("keys")


def render_page(request: HtmxHttpRequest, owner: User, **context: Any) -> HttpResponse:
    found = ApiKey.objects.kept().filter(owner=owner)
    return render(request, "cloning/keys.html", {"keys": found, **context})
