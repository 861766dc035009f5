"""The pages of batches: handing many texts in, how far they are, and what was spoken as one ZIP."""

import csv
import io
import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cloning.api.archives import places, send_archive
from cloning.api.batch_archive import list_entries
from cloning.api.batch_serializers import with_counts
from cloning.forms.batches import BatchForm
from cloning.forms.voice_choice import STOCK, list_voices
from cloning.jobs.batches import changes
from cloning.models import Batch, Status
from cloning.text.samples import SAMPLES
from cloning.views.archives import refuse_now
from cloning.views.attempts import attempt, marked_invalid
from cloning.views.context import HtmxHttpRequest

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser

SHOWN_BATCHES = 50
SHOWN_FAULTS = 20


@require_http_methods(["GET", "HEAD", "POST"])
def batches(request: HtmxHttpRequest) -> HttpResponse:
    """The last ones. POST hands one in."""
    if request.method != "POST":
        return render_page(request, form=BatchForm(user=request.user))
    form = BatchForm(request.POST, request.FILES, user=request.user)

    def hand_in() -> Batch:
        changes.hand_in(form.batch, form.rows)
        return form.batch

    if (batch := attempt(form, hand_in)) is None:
        return marked_invalid(render_page(request, form=form), form)
    return redirect("batch", batch.pk)


@require_safe
def batch(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Asked for by HTMX, the part of the page that changes while it is spoken."""
    found = fetch_own(request, pk)
    counted = with_counts(found)
    faults = changes.rows_of(found).filter(status=Status.FAILED).defer("peaks")[:SHOWN_FAULTS]
    is_part = request.htmx.target == "batch-progress"
    template = "cloning/batches/_progress.html" if is_part else "cloning/batches/batch.html"
    return render(request, template, {"batch": found, "counts": counted.counts, "faults": faults})


@require_POST
def cancel(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    changes.cancel(fetch_own(request, pk))
    messages.success(request, _("The batch is stopped. What was spoken stays."))
    return redirect("batch", pk)


@require_POST
def delete(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    changes.delete(fetch_own(request, pk))
    messages.success(request, _("The batch is deleted, with all that was spoken."))
    return redirect("batches")


@require_safe
def archive(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    entries, name = list_entries(fetch_own(request, pk))
    if not places.acquire(blocking=False):
        return refuse_now(request)
    return send_archive(entries, name)


def fetch_own(request: HttpRequest, pk: uuid.UUID) -> Batch:
    return get_object_or_404(Batch.objects.owned_by(request.user), pk=pk)


def render_page(request: HtmxHttpRequest, **context: Any) -> HttpResponse:
    found = [with_counts(each) for each in Batch.objects.owned_by(request.user)[:SHOWN_BATCHES]]
    shared = {
        "batches": found,
        "example": write_example(request.user),
        "has_webhooks": settings.WEBHOOKS,
    }
    return render(request, "cloning/batches/batches.html", {**shared, **context})


def write_example(user: "AnyUser") -> str:
    """A table as one may send it, with a voice that there is; a stock voice by its key, as two may have a name."""
    value, name = next(((value, name) for value, name in list_voices(user) if value), ("", "Grandmother"))
    voice = value.removeprefix(STOCK) if value.startswith(STOCK) else name
    table = io.StringIO()
    rows = [("voice", "text", "name"), (voice, SAMPLES["en"], "greeting")]
    csv.writer(table, lineterminator="\n").writerows(rows)
    return table.getvalue()
