"""What the coach says of clips, on the pages."""

from dataclasses import dataclass

from django import template

from cloning.coach import Advice, ClipReport, advise
from cloning.coach.measures import Part
from cloning.jobs.measuring import load_report
from cloning.models import Reference, Voice

register = template.Library()


@dataclass(frozen=True)
class Coached:
    report: ClipReport

    @property
    def advice(self) -> Advice:
        return advise(self.report.measures)

    @property
    def part(self) -> Part:
        return self.report.part

    @property
    def seconds(self) -> float:
        return round(self.report.duration_seconds, 2)

    @property
    def used_x(self) -> float:
        """Of the part, in the outline."""
        return round(self.part.start_seconds / self.seconds * len(self.report.peaks), 2)

    @property
    def used_width(self) -> float:
        return round(self.part.duration_seconds / self.seconds * len(self.report.peaks), 2)


@register.filter
def coached(reference: Reference) -> Coached | None:
    """None where it is not measured, or can't be."""
    report = load_report(reference)
    return Coached(report) if report and report.duration_seconds else None


@register.filter
def fault(voice: Voice) -> Advice | None:
    """Of its clips what is worst, where something is not well."""
    found = [each.advice for each in map(coached, voice.references.all()) if each]
    faulty = [advice for advice in found if not advice.is_ok]
    return min(faulty, key=lambda advice: advice.verdict != "refuse") if faulty else None


@register.filter
def unmeasured(voice: Voice) -> bool:
    return any(reference.report is None for reference in voice.references.all())
