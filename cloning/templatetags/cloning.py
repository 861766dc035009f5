import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cloning.api.serializers import download_url as api_download_url
from cloning.api.serializers import segment_url, speaker_voice
from cloning.engines import registry
from cloning.formats import AudioFormat
from cloning.forms.generations import thousands
from cloning.forms.messages import in_page_language
from cloning.forms.voice_choice import STOCK
from cloning.jobs.timeline import TimedSegment
from cloning.models import Generation, Segment, Speaker
from cloning.text import LANGUAGES
from cloning.text.languages import CHARS_PER_SECOND, OWN_NAMES
from cloning.text.scripts import SCRIPTS

register = template.Library()
register.filter(in_page_language)
register.filter(thousands)

WAVEFORM_HEIGHT = 40
BARS = 100
HUES = 12
UNITS_SECONDS = (31_536_000, 2_592_000, 604_800, 86_400, 3600, 60)
"""Years to minutes, as `static/progress.js` has them."""


@register.simple_tag
def icon(name: str) -> SafeString:
    """Of `_icons.html`, which every page has. What it means stands beside it."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="#icon-{}"/></svg>', name)


@register.simple_tag
def language_table() -> str:
    """For the form's script: what it tells the length of a text and its language by."""
    names = {code: _(name) for code, name in LANGUAGES.items()}
    return json.dumps(
        {"names": names, "rates": CHARS_PER_SECOND, "scripts": SCRIPTS},
        ensure_ascii=False,
        separators=(",", ":"),
    )


@register.simple_tag
def max_recording_seconds() -> int:
    """As long as a clip may be, and as a recording of 16 bits at 24 kHz fits in one."""
    return min(settings.MAX_REFERENCE_SECONDS, settings.MAX_REFERENCE_MB * 1024**2 // 48_000 - 1)


@register.filter
def hue(identity: object) -> str:
    """The same for the same voice, wherever it is shown."""
    return f"hue-{zlib.crc32(str(identity).encode()) % HUES}"


@register.filter
def speaker(generation: Generation) -> str:
    """Whose voice it is: a name, or that of the first clip."""
    if generation.stock_voice:
        return _("%(name)s (stock voice)") % {"name": registry.stock_voice_name(generation.stock_voice)}
    if generation.voice:
        return generation.voice.name
    return next((reference.original_name for reference in generation.references.all()), "")


@register.filter
def roles(generation: Generation) -> Iterable[Speaker]:
    """Of a dialogue, with their voices."""
    return generation.cast.select_related("voice") if generation.is_dialogue else ()


@register.filter
def stock_name(key: str) -> str:
    return registry.stock_voice_name(key)


@register.filter
def voice_of(speaker: Speaker) -> str:
    """What the hue of a speaker of a dialogue is told by: that of the voice, wherever it is shown."""
    return speaker_voice(speaker) or speaker.name


@register.filter
def speaker_id(generation: Generation) -> object:
    return (
        (STOCK + generation.stock_voice)
        if generation.stock_voice
        else generation.voice_id or speaker(generation)
    )


@register.filter
def own_name(code: str) -> str:
    """As those who speak it call it."""
    return OWN_NAMES.get(code, code)


@register.filter
def engine_label(name: str) -> str:
    return in_page_language(registry.label(name))


@register.filter
def is_stock(value: object) -> bool:
    """Whether this is chosen as a voice of the engine's own, among ids of saved ones."""
    return str(value or "").startswith(STOCK)


@register.filter
def download_url(generation: Generation) -> str:
    return api_download_url(generation)


@dataclass(frozen=True)
class Download:
    label: str
    url: str


@register.filter
def downloads(generation: Generation) -> list[Download]:
    """In every format, first the one that it was asked for in."""
    formats = sorted(AudioFormat, key=lambda each: each != generation.audio_format)
    return [
        Download(each.label, f"{reverse('api-file', args=[generation.pk, each])}?download")
        for each in formats
    ]


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
        return _("a few seconds")
    if seconds < 90:
        return _("about %(count)d seconds") % {"count": round(seconds / 5) * 5}
    return _("about %(count)d minutes") % {"count": round(seconds / 60)}


@register.filter
def with_code(text: str) -> SafeString:
    """What stands between backticks, as the descriptions of the API have it, as code."""
    parts = str(text).split("`")
    shown = (
        format_html("<code>{}</code>", part) if number % 2 else part for number, part in enumerate(parts)
    )
    return format_html_join("", "{}", ((part,) for part in shown))


@register.filter
def ago(moment: datetime) -> str:
    """In words of its own: after a preposition some languages bend those of Django's `timesince`."""
    seconds = (timezone.now() - moment).total_seconds()
    years, months, weeks, days, hours, minutes = (int(seconds // unit) for unit in UNITS_SECONDS)
    if years > 0:
        return ngettext("%(count)d year ago", "%(count)d years ago", years) % {"count": years}
    if months > 0:
        return ngettext("%(count)d month ago", "%(count)d months ago", months) % {"count": months}
    if weeks > 0:
        return ngettext("%(count)d week ago", "%(count)d weeks ago", weeks) % {"count": weeks}
    if days > 0:
        return ngettext("%(count)d day ago", "%(count)d days ago", days) % {"count": days}
    if hours > 0:
        return ngettext("%(count)d hour ago", "%(count)d hours ago", hours) % {"count": hours}
    if minutes > 0:
        return ngettext("%(count)d minute ago", "%(count)d minutes ago", minutes) % {"count": minutes}
    return _("just now")


@register.filter
def clock(seconds: float) -> str:
    """Of speech: 0:07, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def bars(peaks: Sequence[float]) -> list[float]:
    """At most `BARS` of the peaks: as many as can be told apart."""
    step = -(-len(peaks) // BARS) or 1
    return [max(peaks[start : start + step]) for start in range(0, len(peaks), step)]


@register.filter
def waveform_path(peaks: Sequence[float]) -> str:
    """SVG path data of a bar per peak (0 to 1), mirrored about the middle, one unit apart, in whole numbers."""
    middle = WAVEFORM_HEIGHT // 2
    halves = (max(1, round(peak * (middle - 1))) for peak in peaks)
    return "".join(f"M{x} {middle - half}v{2 * half}" for x, half in enumerate(halves))
