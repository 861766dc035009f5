"""The page of one generation, and what can be done to it. HTMX gets the partial, everyone else the page."""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import (
    HttpResponseClientRefresh,
    HttpResponseStopPolling,
    reswap,
    retarget,
)

from cloning.errors import GenerationError
from cloning.forms import KeptVoiceForm
from cloning.forms.messages import in_page_language
from cloning.jobs import state
from cloning.jobs.estimates import estimate_seconds_left, find_position, measure_learning
from cloning.models import Generation
from cloning.templatetags.cloning import seconds_in_words
from cloning.views import errors
from cloning.views.context import HtmxHttpRequest, page_of
from cloning.views.embed import describe_embedding
from cloning.views.sentences import describe


@never_cache
@require_safe
def generation(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The page of one generation; for HTMX what is new since `seen`: 204 when nothing is."""
    if request.htmx and not Generation.objects.kept().visible_to(request.user).filter(pk=pk).exists():
        return reswap(retarget(HttpResponseStopPolling(), f"#generation-{pk}"), "delete")  # deleted elsewhere
    found = get_object_or_404(Generation.objects.kept().visible_to(request.user), pk=pk)
    if not request.htmx:
        embedding = describe_embedding(request, found)
        context = describe(found) | {"voice_form": KeptVoiceForm(), "embedding": embedding}
        return render(request, "cloning/generation.html", context)
    if is_own_page(request, found) and not found.is_awaited:
        state.await_generations([found.pk])
    outlook = describe_outlook(found)
    if request.GET.get("seen") == outlook["seen"] and (found.is_active or found.is_file_due):
        return HttpResponse(status=204)
    if not found.is_active:
        return render_card(request, found, announce=not found.is_file_due)
    return render(request, "cloning/_progress.html", {"generation": found} | outlook)


def fetch_own(request: HtmxHttpRequest, pk: uuid.UUID) -> Generation:
    """To be changed."""
    return get_object_or_404(Generation.objects.kept().owned_by(request.user), pk=pk)


def describe_outlook(found: Generation) -> dict[str, object]:
    """Place in line and time left, and what changes whenever the state or they do."""
    position, seconds_left = find_position(found), estimate_seconds_left(found)
    learnt = measure_learning(found)
    told = "" if seconds_left is None else seconds_in_words(seconds_left)
    known = [found.state, *(str(each) for each in (position, told, learnt and f"{learnt:.2f}") if each)]
    return {"position": position, "seconds_left": seconds_left, "learnt": learnt, "seen": "-".join(known)}


def is_own_page(request: HtmxHttpRequest, found: Generation) -> bool:
    """Whether HTMX asks from the page of this one generation, rather than from the list."""
    return request.htmx.current_url_abs_path == found.get_absolute_url()


def is_history(request: HtmxHttpRequest) -> bool:
    """Whether HTMX asks from the history, where rows can be selected."""
    return (request.htmx.current_url_abs_path or "").startswith(reverse("history"))


def render_card(request: HtmxHttpRequest, found: Generation, announce: bool = False) -> HttpResponse:
    """The whole card in place of the old one, whichever part of it asked."""
    context = {"generation": found, "announce": announce, "in_history": is_history(request)}
    response = render(request, "cloning/_generation.html", context)
    return reswap(retarget(response, f"#generation-{found.pk}"), "outerHTML")


@require_POST
def cancel(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = fetch_own(request, pk)
    state.cancel(found)
    return render_card(request, found, announce=True) if request.htmx else redirect(found)


@require_POST
def resume(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Goes on with what was stopped; what was not stays as it is."""
    found = fetch_own(request, pk)
    try:
        state.resume(found)
    except GenerationError as error:
        return errors.respond(request, error.code, _("Not now"), in_page_language(str(error)))
    if request.htmx and is_own_page(request, found):
        return HttpResponseClientRefresh()  # its sentences go on, too
    return respond(request, found)


@require_POST
def star(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    state.star(fetch_own(request, pk).pk, request.POST.get("starred") == "1")
    return respond(request, fetch_own(request, pk))


def respond(request: HtmxHttpRequest, found: Generation) -> HttpResponse:
    """The card to HTMX; everyone else goes back to where the form was."""
    if request.htmx:
        return render_card(request, found)
    return redirect(page_of(request, found.get_absolute_url()))
