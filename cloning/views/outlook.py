"""When a text that is being written would be ready."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cloning.forms.outlook import OutlookForm
from cloning.jobs.estimates import estimate_draft
from cloning.models import Voice


@never_cache
@require_safe
def outlook(request: HttpRequest) -> HttpResponse:
    """For HTMX, beside Generate. Nothing where there is no past to tell it by, or no text."""
    form = OutlookForm(request.GET, user=request.user)
    seconds = estimate(form) if form.is_valid() else None
    return render(request, "cloning/_outlook.html", {"seconds": seconds})


def estimate(form: OutlookForm) -> float | None:
    asked = form.cleaned_data
    voice = asked["voice"]
    is_known = asked["dialogue"] or (
        voice is not None and not isinstance(voice, Voice)
    )  # saved voices, or stock
    references = None if is_known else list(voice.references.all()) if voice else []
    return estimate_draft(asked["chars"], asked["language"], references, is_awaited=asked["listen"])
