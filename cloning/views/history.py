"""Everything that was generated, to be searched and chosen from. HTMX gets the results, everyone else the page."""

import re
import uuid
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseLocation

from cloning.jobs import discarding
from cloning.models import Generation
from cloning.views.context import HtmxHttpRequest, page_of
from cloning.views.filters import EPOCH, HistoryFilter, read_slice
from cloning.views.generations import is_own_page, render_card
from cloning.views.selection import read_selection

PAGE_SIZE = 20
MAX_COUNTED = 1000
"""Of more it is said that they are more: counting all that a search finds takes as long as they are many."""
MICROSECOND = timedelta(microseconds=1)


@never_cache
@require_safe
def history(request: HtmxHttpRequest) -> HttpResponse:
    form = HistoryFilter(request.GET, user=request.user)
    rows = (
        Generation.objects.listed()
        .owned_by(request.user)
        .with_begun_share()
        .select_related("voice")
        .prefetch_related("references", "cast")
    )
    places = {name: request.GET.get(name, "") for name in ("before", "after")}
    page = read_slice(form.choose(rows), PAGE_SIZE, **places)
    is_all = page.newer is None and page.older is None
    context = {
        "form": form,
        "slice": page,
        "count": len(page.rows) if is_all else count_found(form),
        "max_counted": MAX_COUNTED,
        "deleted_count": count_discarded(request),
    }
    wants_results = request.htmx and request.htmx.target == "results"
    template = "cloning/_results.html" if wants_results else "cloning/history.html"
    return render(request, template, context, status=200 if form.is_valid() else 422)


def count_found(form: HistoryFilter) -> int:
    found = form.choose(Generation.objects.listed().owned_by(form.user))
    return found.order_by()[: MAX_COUNTED + 1].count()


def count_discarded(request: HtmxHttpRequest) -> int:
    """Of what was deleted in the moment that the address names."""
    moment = parse_moment(request.GET.get("deleted", ""))
    return discarding.find_discarded(moment, request.user).count() if moment else 0


def parse_moment(value: str) -> datetime | None:
    return EPOCH + int(value) * MICROSECOND if re.fullmatch("[0-9]{1,16}", value) else None


def format_moment(moment: datetime) -> str:
    return str((moment - EPOCH) // MICROSECOND)


@require_POST
def delete(request: HtmxHttpRequest) -> HttpResponse:
    """What is selected, until that is undone."""
    moment = discarding.discard(read_selection(request), request.user)
    if moment is None:
        messages.warning(request, _("Nothing was deleted: tick some first."))
    return redirect(history_after(request, moment))


def history_after(request: HtmxHttpRequest, discarded_at: datetime | None) -> str:
    """The page of the history that the form came from, which offers to undo a deletion."""
    address = urlsplit(page_of(request, reverse("history")))
    query = QueryDict(address.query if address.path == reverse("history") else "", mutable=True)
    query.pop("deleted", None)
    if discarded_at:
        query["deleted"] = format_moment(discarded_at)
    return f"{reverse('history')}?{query.urlencode()}"


@require_POST
def delete_one(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    """From its row, its card or its own page."""
    found = get_object_or_404(Generation.objects.listed().owned_by(request.user), pk=pk)
    moment = discarding.discard([pk], request.user)
    after = history_after(request, moment)
    if request.htmx and is_own_page(request, found):
        # as navigation.js moves about, so that what plays goes on
        return HttpResponseLocation(after, target="#page", select="#page", swap="outerHTML")
    if request.htmx and request.htmx.target == f"generation-{pk}":
        if moment is None:
            return HttpResponse()  # somebody else was quicker
        return render(request, "cloning/_deleted.html", {"pk": pk, "deleted": format_moment(moment)})
    return redirect(after)


@require_POST
def restore(request: HtmxHttpRequest) -> HttpResponse:
    moment = parse_moment(request.POST.get("deleted", ""))
    restored = discarding.restore(moment, request.user) if moment else []
    if not restored:
        messages.warning(request, _("It is too late to undo this: it is deleted for good."))
    for pk in restored:
        if request.htmx and request.htmx.target == f"generation-{pk}":
            return render_card(
                request, get_object_or_404(Generation.objects.listed().owned_by(request.user), pk=pk)
            )
    return redirect(history_after(request, None))
