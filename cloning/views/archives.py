"""What is selected in the history as one ZIP file."""

from functools import partial

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cloning.api.archives import MAX_AT_ONCE as MAX_AT_ONCE
from cloning.api.archives import places, send_archive
from cloning.api.serializers import download_name
from cloning.errors import ErrorCode
from cloning.models import Generation
from cloning.storage.archives import Entry
from cloning.views import errors
from cloning.views.context import HtmxHttpRequest, page_of
from cloning.views.selection import read_selection

MAX_SECONDS = 12 * 3600.0
"""Of speech in one archive: 2 GB as WAV."""


@require_POST
def download(request: HtmxHttpRequest) -> HttpResponseBase:
    """Streamed. What has no file is left out."""
    rows = Generation.objects.listed().owned_by(request.user).filter(pk__in=read_selection(request))
    found = [
        row for row in rows.select_related("voice").defer("peaks").order_by("created_at") if row.has_file
    ]
    if refusal := refuse(found):
        messages.warning(request, refusal)
        return redirect(page_of(request, reverse("history")))
    if not places.acquire(blocking=False):
        return refuse_now(request)
    entries = [entry_of(row) for row in found]
    return send_archive(entries, f"speech-{timezone.now():%Y-%m-%d}.zip")


def entry_of(row: Generation) -> Entry:
    return Entry(f"{download_name(row)}.{row.audio_format}", row.created_at, partial(row.audio.open, "rb"))


def refuse_now(request: HtmxHttpRequest) -> HttpResponse:
    """As many are sent as may be."""
    message = _("Other archives are being sent. Try again in a while.")
    return errors.respond(request, ErrorCode.SERVER_BUSY, _("Not now"), message)


def refuse(found: list[Generation]) -> str:
    """Why there is nothing to send; empty where there is."""
    if not found:
        return _("There is no file to download: tick some that are finished.")
    if sum(row.duration_seconds or 0.0 for row in found) > MAX_SECONDS:
        return _("That is more than %(hours)d hours of speech: tick fewer.") % {"hours": MAX_SECONDS / 3600}
    return ""
