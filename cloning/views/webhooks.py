"""The page of one's webhooks, and of what was told to them."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from cloning.errors import GenerationError
from cloning.forms.messages import in_page_language
from cloning.forms.webhooks import WebhookForm
from cloning.jobs.webhooks import changes, outbox
from cloning.models import Webhook, WebhookEvent, choose_owner
from cloning.views.attempts import attempt, marked_invalid
from cloning.views.context import HtmxHttpRequest

INITIAL = {"events": list(WebhookEvent)}
SHOWN_DELIVERIES = 5


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: HtmxHttpRequest) -> HttpResponse:
    """All of them. POST makes one, whose secret stands in the answer to it and nowhere else."""
    require_webhooks()
    if request.method != "POST":
        return render_page(request, form=WebhookForm(initial=INITIAL))
    form, owner = WebhookForm(request.POST), choose_owner(request.user)
    if (made := attempt(form, lambda: changes.add(owner, **form.cleaned_data))) is None:
        return marked_invalid(render_page(request, form=form), form)
    return render_page(request, form=WebhookForm(initial=INITIAL), made=made)


@require_POST
def ping(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    try:
        outbox.ping(fetch_own(request, pk))
    except GenerationError as error:
        messages.warning(request, in_page_language(str(error)))
    else:
        messages.success(request, _("A test is sent. What became of it stands here in some seconds."))
    return redirect("webhooks")


@require_POST
def delete(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    changes.delete(fetch_own(request, pk))
    messages.success(request, _("The webhook is deleted. Its address is told nothing more."))
    return redirect("webhooks")


def fetch_own(request: HttpRequest, pk: uuid.UUID) -> Webhook:
    require_webhooks()
    return get_object_or_404(Webhook.objects.owned_by(request.user), pk=pk)


def require_webhooks() -> None:
    if not settings.WEBHOOKS:
        raise Http404("This server tells nobody.")


def render_page(request: HtmxHttpRequest, **context: Any) -> HttpResponse:
    found = [
        (webhook, webhook.deliveries.all()[:SHOWN_DELIVERIES])
        for webhook in Webhook.objects.owned_by(request.user)
    ]
    return render(request, "cloning/webhooks.html", {"webhooks": found, **context})
