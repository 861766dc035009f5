"""How good a generation and its takes are, in words of the page."""

import math

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cloning.models import Generation, Take
from cloning.scoring import Fault, GenerationScores, Likeness, TakeScores, Unheard, find_likeness

register = template.Library()

LIKENESS = {
    Likeness.VERY_LIKE: gettext_lazy("Sounds very like the reference: %(similarity)s"),
    Likeness.LIKE: gettext_lazy("Sounds like the reference: %(similarity)s"),
    Likeness.HARDLY_LIKE: gettext_lazy("Sounds hardly like the reference: %(similarity)s"),
}
UNHEARD = {
    Unheard.OFF: gettext_lazy("Words not checked: this is off here"),
    Unheard.LANGUAGE: gettext_lazy(
        "Words not checked: the recogniser does not know this language well enough"
    ),
    Unheard.MISSING: gettext_lazy("Words not checked: the recogniser is missing here"),
    Unheard.FAILED: gettext_lazy("Words not checked: the recogniser failed"),
}


@register.filter
def scores(generation: Generation) -> list[str]:
    """Of its file, as it is told in a row: what is known, and nothing of what nobody wanted to know."""
    found = GenerationScores.load(generation.scores) if generation.scores else None
    if found is None or not generation.has_file:
        return []
    told = tell(found.similarity, found.understood)
    if found.bad_takes:
        told.append(
            ngettext("%(count)d sentence below the bar", "%(count)d sentences below the bar", found.bad_takes)
            % {"count": found.bad_takes}
        )
    return told


@register.filter
def unheard_reason(generation: Generation) -> str:
    """Why its words, or some of them, were not checked."""
    found = GenerationScores.load(generation.scores) if generation.scores else None
    return str(UNHEARD[found.unheard]) if found and found.unheard else ""


@register.filter
def take_scores(take: Take) -> list[str]:
    found = TakeScores.load(take.scores) if take.scores else None
    if found is None:
        return []
    told = tell(found.similarity, found.heard.understood if found.heard else None)
    told += [tell_fault(Fault(fault), found) for fault in found.faults]
    if found.attempts > 1:
        told.append(_("Best of %(count)d attempts") % {"count": found.attempts})
    return [each for each in told if each]


def tell(similarity: float | None, understood: float | None) -> list[str]:
    told = []
    if similarity is not None:
        shown = number_format(hundredths(similarity) / 100, 2)
        told.append(str(LIKENESS[find_likeness(similarity)]) % {"similarity": shown})
    if understood is not None:
        told.append(_("understood: %(percent)d %%") % {"percent": hundredths(understood)})
    return told


def hundredths(share: float) -> int:
    """Not rounded up: 0.7996 is shown as 0.79, since it is on that side of 0.80, and 99.9 % are not all."""
    return math.floor(round(100 * share, 2))


def tell_fault(fault: Fault, of: TakeScores) -> str:
    """Nothing of what is told by a figure already."""
    if fault == Fault.WORDS and of.heard:
        return _("heard: “%(text)s”") % {"text": of.heard.text}
    if fault == Fault.SILENCE:
        seconds = number_format(of.longest_silence_seconds, 1)
        return _("%(seconds)s s of silence in it") % {"seconds": seconds}
    if fault == Fault.CLIPPED:
        return _("distorted: its peaks are cut off")
    if fault == Fault.PACE:
        return _("spoken too fast") if of.pace > 1 else _("spoken too slowly")
    return ""
