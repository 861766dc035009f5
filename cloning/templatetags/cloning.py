from collections.abc import Sequence
from datetime import datetime

from django import template
from django.utils.timesince import timesince

from cloning.api.serializers import download_url as api_download_url
from cloning.api.serializers import segment_url
from cloning.engines import registry
from cloning.jobs.timeline import TimedSegment
from cloning.models import Generation, Segment
from cloning.text import LANGUAGES

register = template.Library()

WAVEFORM_HEIGHT = 40


@register.filter
def language_name(code: str) -> str:
    return LANGUAGES.get(code, code)


@register.filter
def engine_label(name: str) -> str:
    return registry.label(name)


@register.filter
def download_url(generation: Generation) -> str:
    return api_download_url(generation)


@register.filter
def sentence_url(timed: TimedSegment) -> str:
    """Of the chosen take; another take is another file, so that no browser plays the one of before."""
    return take_url(timed.segment, timed.chosen_take.number) if timed.chosen_take else ""


@register.filter
def take_url(segment: Segment, number: int) -> str:
    return f"{segment_url(segment)}?take={number}"


@register.filter
def seconds_in_words(seconds: float) -> str:
    """To people: as exact as an estimate is."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"{round(seconds / 5) * 5} seconds"
    return f"{round(seconds / 60)} minutes"


@register.filter
def ago(moment: datetime) -> str:
    elapsed = timesince(moment, depth=1)
    return "just now" if elapsed.startswith("0") else f"{elapsed} ago"


@register.filter
def waveform_path(peaks: Sequence[float]) -> str:
    """SVG path data of a bar per peak (0 to 1), mirrored about the middle, one unit apart."""
    middle = WAVEFORM_HEIGHT / 2
    bars = ((x + 0.5, max(0.5, peak * middle)) for x, peak in enumerate(peaks))
    return "".join(f"M{x} {middle - half:.1f}v{2 * half:.1f}" for x, half in bars)
