"""/api/v1/webhooks: addresses that are told when something has ended."""

import uuid

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from cloning.api.http import api_view, read_json, read_member, require_trusted_origin
from cloning.api.v1.generate import respond_to_invalid
from cloning.api.webhook_serializers import DELIVERY, MADE_WEBHOOK, WEBHOOK, WEBHOOKS
from cloning.errors import ErrorCode, GenerationError
from cloning.forms.webhooks import WebhookForm
from cloning.jobs.webhooks import changes
from cloning.jobs.webhooks.outbox import ping as insert_ping
from cloning.models import Scope, Webhook, choose_owner


@api_view(GET=Scope.ADMIN, POST=Scope.ADMIN)
def webhooks(request: HttpRequest) -> HttpResponseBase:
    require_trusted_origin(request)
    require_webhooks()
    if request.method == "POST":
        return make(request)
    return JsonResponse(WEBHOOKS.serialize(list(Webhook.objects.owned_by(request.user)), request))


def make(request: HttpRequest) -> HttpResponseBase:
    members = read_json(request)
    events = members.get("events")
    if not isinstance(events, list) or not all(isinstance(each, str) for each in events):
        raise GenerationError(ErrorCode.EVENTS_INVALID, "“events” has to be a list of strings.")
    form = WebhookForm({"url": read_member(members, "url", str), "events": events})
    if not form.is_valid():
        return respond_to_invalid(form)
    webhook = changes.add(choose_owner(request.user), **form.cleaned_data)
    response = JsonResponse(MADE_WEBHOOK.serialize(webhook, request), status=201)
    response["Cache-Control"] = "no-store"
    return response


@api_view(GET=Scope.ADMIN, DELETE=Scope.ADMIN)
def webhook(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    found = fetch_own(request, pk)
    if request.method == "DELETE":
        changes.delete(found)
        return HttpResponse(status=204)
    return JsonResponse(WEBHOOK.serialize(found, request))


@api_view(POST=Scope.ADMIN)
def ping(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    return JsonResponse(DELIVERY.serialize(insert_ping(fetch_own(request, pk)), request), status=202)


def fetch_own(request: HttpRequest, pk: uuid.UUID) -> Webhook:
    require_trusted_origin(request)
    require_webhooks()
    found = Webhook.objects.owned_by(request.user).filter(pk=pk).first()
    if found is None:
        raise GenerationError(ErrorCode.WEBHOOK_UNKNOWN, "You have no such webhook, or not any more.")
    return found


def require_webhooks() -> None:
    if not settings.WEBHOOKS:
        raise GenerationError(ErrorCode.NOT_FOUND, "This server tells nobody (WEBHOOKS).")
