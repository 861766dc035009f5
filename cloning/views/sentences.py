"""The sentences of one generation: what is new of them, one spoken again, and which take is used."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling

from cloning.errors import GenerationError
from cloning.forms import KeptVoiceForm, TakeForm
from cloning.forms.messages import in_page_language
from cloning.jobs import state, takes
from cloning.jobs.estimates import estimate_seconds_left, find_position, measure_learning
from cloning.jobs.timeline import TimedSegment, read_timeline
from cloning.models import Generation, Segment, Status
from cloning.views.context import HtmxHttpRequest

OVERLAP = timedelta(seconds=2)
"""What was written in the moment of the last look is shown once more."""


def describe(
    generation: Generation, form: TakeForm | None = None, timeline: Sequence[TimedSegment] | None = None
) -> dict[str, object]:
    """Context of the list of sentences, whose timeline is read where the caller has not."""
    looked_at = timezone.now()  # before: what is written meanwhile is news at the next look
    timeline = read_timeline(generation) if timeline is None else timeline
    return {
        "generation": generation,
        "timeline": timeline,
        "form": form,
        "is_waiting": is_waiting(generation, timeline),
        "looked_at": looked_at.isoformat(),
        "seconds_left": estimate_seconds_left(generation),
        "position": find_position(generation),
        "learnt": measure_learning(generation),
    }


def is_waiting(generation: Generation, timeline: Sequence[TimedSegment]) -> bool:
    """Whether there will be news."""
    is_joining = generation.is_join_due or generation.is_file_stale
    return generation.is_active or is_joining or any(map(is_in_progress, timeline))


def is_in_progress(timed: TimedSegment) -> bool:
    return timed.newest_take.status in (Status.QUEUED, Status.RUNNING)


@never_cache
@require_safe
def news(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    """For HTMX: the sentences of which something is new since `since`. Nobody else has a reason to ask."""
    looked_at = timezone.now()
    found = Generation.objects.kept().visible_to(request.user).filter(pk=pk).first()
    if found is None:
        return HttpResponseStopPolling()
    state.keep_awaited(found)
    timeline, since = read_timeline(found), parse_moment(request.GET.get("since", ""))
    context = describe(found, timeline=timeline)
    context["looked_at"] = looked_at.isoformat()
    context["changed"] = [timed for timed in timeline if has_changed(timed, since)]
    return render(request, "cloning/_sentence_news.html", context)


def parse_moment(value: str) -> datetime | None:
    try:
        moment = parse_datetime(value)
    except ValueError:
        return None
    return moment if moment and timezone.is_aware(moment) else None


def has_changed(timed: TimedSegment, since: datetime | None) -> bool:
    if since is None:
        return True
    take = timed.newest_take
    moments = (take.created_at, take.started_at, take.finished_at)
    has_stopped = take.status in (Status.FAILED, Status.CANCELLED)  # which leaves no moment behind
    return has_stopped or any(moment and moment >= since - OVERLAP for moment in moments)


@require_POST
def speak_again(request: HtmxHttpRequest, pk: uuid.UUID, index: str) -> HttpResponse:
    segment = fetch_segment(request, pk, index)
    form = TakeForm(request.POST, segment=segment)
    try:
        if form.is_valid():
            takes.add_take(segment, form.cleaned_data["text"], form.cleaned_data["seed"])
    except GenerationError as error:
        form.add_error(None, ValidationError(in_page_language(str(error)), code=error.code))
    if form.errors:
        return respond(request, segment, form, status=422)
    return respond(request, segment)


@require_POST
def choose(request: HtmxHttpRequest, pk: uuid.UUID, index: str) -> HttpResponse:
    segment = fetch_segment(request, pk, index)
    number = request.POST.get("take", "")
    take = segment.takes.filter(number=number, status=Status.SUCCEEDED).first() if is_number(number) else None
    if take is None:
        raise Http404("There is no such take.")
    takes.choose(take)
    return respond(request, segment)


def is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 10


def fetch_segment(request: HtmxHttpRequest, pk: uuid.UUID, index: str) -> Segment:
    """To be changed."""
    kept = Generation.objects.kept().owned_by(request.user).filter(pk=pk)
    rows = Segment.objects.select_related("generation")
    return get_object_or_404(rows, generation__in=kept, index=int(index))


def respond(
    request: HtmxHttpRequest, segment: Segment, form: TakeForm | None = None, status: int = 200
) -> HttpResponse:
    """The one sentence to HTMX, and the page to everyone else."""
    generation = Generation.objects.get(pk=segment.generation_id)
    if not request.htmx and form is None:
        return redirect(f"{generation.get_absolute_url()}#sentence-{segment.index}")
    timeline = read_timeline(generation)
    context = describe(generation, form, timeline)
    if not request.htmx:
        return render(
            request, "cloning/generation.html", context | {"voice_form": KeptVoiceForm()}, status=status
        )
    context |= {"timed": timeline[segment.index], "is_response": True}
    return render(request, "cloning/_sentence.html", context, status=status)
