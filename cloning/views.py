"""The pages. Each view fetches, lets form or model act, and responds; HTMX gets the partial, everyone else the page."""

import uuid

from django.contrib import messages
from django.core.exceptions import DisallowedHost
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import (
    HttpResponseClientRedirect,
    HttpResponseClientRefresh,
    HttpResponseStopPolling,
    reswap,
    retarget,
)
from django_htmx.middleware import HtmxDetails

from cloning.api import error_response
from cloning.engines import engine_name
from cloning.forms import GenerationForm, VoiceForm
from cloning.models import Channel, Generation
from cloning.storage import is_disk_full
from cloning.tasks import QueueFullError, submit

PAGE_SIZE = 10


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails  # set by its middleware


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HtmxHttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render_home(request, GenerationForm())
    form = GenerationForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            generation, references = form.save(Channel.PAGE, request.user)
            submit(generation, references)
        except QueueFullError:
            form.add_error(None, "Too many generations are waiting. Nothing is lost: try again in a minute.")
        except OSError as error:
            if not is_disk_full(error):
                raise
            form.add_error(None, "The server's disk is full. Nothing is lost: try again later.")
        else:
            if request.htmx:
                return render(request, "cloning/_submitted.html", {"form": form, "generation": generation})
            return redirect(generation)
    if request.htmx:
        return render(request, "cloning/_form.html", {"form": form}, status=422)
    return render_home(request, form, status=422)


def render_home(request: HtmxHttpRequest, form: GenerationForm, status: int = 200) -> HttpResponse:
    page = Paginator(Generation.objects.all(), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "cloning/home.html", {"form": form, "page": page}, status=status)


@never_cache
@require_safe
def generation(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The page of one generation; for HTMX what is new since `seen`: 204 when nothing is."""
    if request.htmx and not Generation.objects.filter(pk=pk).exists():
        return reswap(retarget(HttpResponseStopPolling(), f"#generation-{pk}"), "delete")  # deleted elsewhere
    found = get_object_or_404(Generation, pk=pk)
    if not request.htmx:
        return render(request, "cloning/generation.html", {"generation": found, "voice_form": VoiceForm()})
    if not found.is_active:
        if is_own_page(request, found):
            return HttpResponseClientRefresh()  # there is more than the card to show now
        return render_card(request, found, announce=True)
    if request.GET.get("seen") == found.state:
        return HttpResponse(status=204)
    return render(request, "cloning/_progress.html", {"generation": found})


def is_own_page(request: HtmxHttpRequest, found: Generation) -> bool:
    """Whether HTMX asks from the page of this one generation, rather than from the list."""
    return request.htmx.current_url_abs_path == found.get_absolute_url()


def render_card(request: HtmxHttpRequest, found: Generation, announce: bool = False) -> HttpResponse:
    """The whole card in place of the old one, whichever part of it asked."""
    response = render(request, "cloning/_generation.html", {"generation": found, "announce": announce})
    return reswap(retarget(response, f"#generation-{found.pk}"), "outerHTML")


@require_POST
def cancel(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(Generation, pk=pk)
    found.cancel()
    return render_card(request, found, announce=True) if request.htmx else redirect(found)


@require_POST
def delete(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    with transaction.atomic():
        found = get_object_or_404(Generation, pk=pk)
        is_shown_alone = request.htmx and is_own_page(request, found)
        found.delete()
    if is_shown_alone:
        return HttpResponseClientRedirect(reverse("home"))
    return HttpResponse() if request.htmx else redirect("home")


@require_POST
def save_voice(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(Generation, pk=pk)
    form = VoiceForm(request.POST)
    if not form.is_valid():
        return render(
            request, "cloning/generation.html", {"generation": found, "voice_form": form}, status=422
        )
    voice = found.save_voice(form.cleaned_data["name"])
    messages.success(request, f"The voice “{voice}” is saved. Choose it in the form instead of a reference.")
    return redirect("home")


def bad_request(request: HtmxHttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost):
        message = (
            "The server does not know itself by this address. Its operator can allow it: set ALLOWED_HOSTS."
        )
    else:
        message = "The browser sent something that the server can't read. Go back and try again."
    if request.path.startswith("/api/"):
        return error_response(400, "bad_request", message)
    return render(request, "error.html", {"title": "Not understood", "message": message}, status=400)


def not_found(request: HtmxHttpRequest, exception: Exception) -> HttpResponse:
    message = "There is nothing at this address, or not any more."
    return render(request, "error.html", {"title": "Not found", "message": message}, status=404)


def csrf_failure(request: HtmxHttpRequest, reason: str = "") -> HttpResponse:
    message = (
        "This page has expired, or the browser refuses cookies. Go back, reload the page and send it again."
    )
    return render(request, "error.html", {"title": "Not sent", "message": message}, status=403)


def server_error(request: HtmxHttpRequest) -> HttpResponse:
    message = "Something went wrong on the server; its log says what. Nothing you made is lost."
    return render(request, "error.html", {"title": "Server error", "message": message}, status=500)


def engine(request: HtmxHttpRequest) -> dict[str, str]:
    """Context of every page: which engine speaks now, so that no page can leave it out."""
    return {"engine_name": engine_name()}
